// Pooling and its gradient, as course_lib.cnn has them, for one map.

import { outputSize, paddingOf } from "../common/arithmetic.js";

// Each window as the places of its pixels, in row order; what sticks out has none.
export function windowsOf(size, poolSize, stride, padding) {
  const count = outputSize(size, poolSize, stride, padding), [before] = paddingOf(padding, size, poolSize, stride);
  const along = Array.from({ length: count }, (_, i) => Array.from({ length: poolSize }, (_, tap) => i * stride - before + tap).filter((at) => at >= 0 && at < size));
  return { count, before, windows: along.flatMap((rows) => along.map((columns) => rows.flatMap((row) => columns.map((column) => row * size + column)))) };
}

export function pool2d(values, size, kind, poolSize, stride, padding) {
  const { count, before, windows } = windowsOf(size, poolSize, stride, padding);
  const winners = windows.map((pixels) => pixels.reduce((best, at) => (values[at] > values[best] ? at : best), pixels[0]));
  const output = windows.map((pixels, i) => (kind === "maximum" ? values[winners[i]] : pixels.reduce((sum, at) => sum + values[at], 0) / pixels.length));
  return { count, before, windows, winners, output };
}

// From above comes 1 for every window.
export function gradientOf(size, kind, { windows, winners }) {
  const gradient = new Array(size * size).fill(0);
  windows.forEach((pixels, i) => {
    if (kind === "maximum") gradient[winners[i]] += 1;
    else for (const at of pixels) gradient[at] += 1 / pixels.length;
  });
  return gradient;
}

export function pooled(values, size, kind, poolSize, stride, padding) {
  const result = pool2d(values, size, kind, poolSize, stride, padding);
  return [result.output, gradientOf(size, kind, result)];
}
