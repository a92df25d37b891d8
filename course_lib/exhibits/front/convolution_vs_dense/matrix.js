// The matrix of a layer, O = FI A: which weight stands where, by the weight's number. -1: none.

import { outputSize, paddingOf } from "../common/arithmetic.js";

export const LAYERS = ["convolutional", "locally connected", "dense"];

export function shapeOf({ size, kernelSize, stride, padding, channels, filters }) {
  const output = outputSize(size, kernelSize, stride, padding), [before] = paddingOf(padding, size, kernelSize, stride);
  return { size, kernelSize, stride, channels, filters, output, before,
    rows: size * size * channels, columns: output * output * filters };
}

// Calls visit(row, column, weight) for every tap that lies on the image; a tap on a zero of the padding has no row.
export function eachTap(shape, visit) {
  const { size, kernelSize, stride, channels, filters, output, before } = shape;
  for (let i = 0; i < output; i++) for (let j = 0; j < output; j++) for (let f = 0; f < filters; f++)
    for (let u = 0; u < kernelSize; u++) for (let v = 0; v < kernelSize; v++) {
      const y = i * stride - before + u, x = j * stride - before + v;
      if (y < 0 || x < 0 || y >= size || x >= size) continue;
      for (let c = 0; c < channels; c++)
        visit((y * size + x) * channels + c, (i * output + j) * filters + f, ((u * kernelSize + v) * channels + c) * filters + f);
    }
}

export function weightNumbers(settings, layer) {
  const shape = shapeOf(settings), numbers = new Int32Array(shape.rows * shape.columns).fill(-1);
  if (layer === "dense") return numbers.map((_, i) => i);
  let next = 0;
  eachTap(shape, (row, column, weight) => {
    numbers[row * shape.columns + column] = layer === "convolutional" ? weight : next++;
  });
  return numbers;
}

// A kernel's weights are all different, so that equal numbers mean one shared weight.
export function weightValue(number, layer, count) {
  if (layer !== "convolutional") return ((Math.imul(number, 2654435761) >>> 28) % 9) - 4 || 5;
  const value = number - Math.floor(count / 2);
  return value < 0 ? value : value + 1;
}

export function multiply(inputs, numbers, values, columns) {
  const outputs = new Array(columns).fill(0);
  for (let i = 0; i < numbers.length; i++)
    if (numbers[i] >= 0) outputs[i % columns] += inputs[Math.floor(i / columns)] * values[numbers[i]];
  return outputs;
}

// Weights to learn in each of the three layers, biases apart.
export function weightCounts(settings) {
  const shape = shapeOf(settings), used = new Set();
  let taps = 0;
  eachTap(shape, (_row, _column, weight) => { taps++; used.add(weight); });
  return { dense: shape.rows * shape.columns, "locally connected": taps, convolutional: used.size };
}
