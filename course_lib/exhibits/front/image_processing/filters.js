// The arithmetic of course_lib.image_processing, for pages without a kernel. The tests run both on
// the same numbers. A plane is a flat array, row by row.

import { correlate } from "../common/arithmetic.js";

export const boxKernel = (size) => Array.from({ length: size }, () => new Array(size).fill(1 / size ** 2));

export function gaussianRow(size, sigma) {
  const places = Array.from({ length: size }, (_, i) => (i - (size - 1) / 2) ** 2);
  // The nearest tap's exponent becomes 0, so that a tiny sigma does not divide 0 by 0.
  const nearest = Math.min(...places), row = places.map((square) => Math.exp((nearest - square) / sigma ** 2 / 2));
  const sum = row.reduce((a, b) => a + b, 0);
  return row.map((value) => value / sum);
}

export function gaussianKernel(size, sigma) {
  const row = gaussianRow(size, sigma);
  return row.map((a) => row.map((b) => a * b));
}

export function sharpenKernel(amount, size) {
  const kernel = boxKernel(size).map((row) => row.map((value) => -amount * value)), middle = (size - 1) / 2;
  kernel[middle][middle] += 1 + amount;
  return kernel;
}

export const DIFFERENCE = { x: [[-1, 1]], y: [[-1], [1]] };
export const SOBEL = {
  x: [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]].map((row) => row.map((value) => value / 8)),
  y: [[-1, -2, -1], [0, 0, 0], [1, 2, 1]].map((row) => row.map((value) => value / 8)),
};

// Which pixel stands at `place`, which may lie outside; -1 is a zero. The words are NumPy's.
export function source(place, size, padding) {
  if (place >= 0 && place < size) return place;
  if (padding === "constant") return -1;
  if (padding === "edge" || size === 1) return place < 0 ? 0 : size - 1;
  const period = 2 * size - 2, folded = ((place % period) + period) % period;
  return folded < size ? folded : period - folded;
}

export function padWith(plane, height, width, [kernelHeight, kernelWidth], padding) {
  if (padding === "valid") return { values: plane, height, width };
  const axis = (size, taps) => Array.from({ length: size + taps - 1 },
    (_, i) => source(i - Math.floor((taps - 1) / 2), size, padding));
  const rows = axis(height, kernelHeight), columns = axis(width, kernelWidth);
  const values = new Float64Array(rows.length * columns.length);
  let at = 0;
  for (const row of rows)
    for (const column of columns) values[at++] = row < 0 || column < 0 ? 0 : plane[row * width + column];
  return { values, height: rows.length, width: columns.length };
}

// Cross-correlation of a plane with one kernel: filter2d of the module.
export function filter2d({ values, height, width }, kernel, padding = "valid") {
  const padded = padWith(values, height, width, [kernel.length, kernel[0].length], padding);
  return correlate(padded.values, padded.height, padded.width, kernel);
}

// A Gaussian is a row times a column: 2k products a pixel in place of k * k.
export function smooth(plane, sigma, padding = "reflect") {
  if (!sigma) return plane;
  const row = gaussianRow(2 * Math.ceil(3 * sigma) + 1, sigma);
  return filter2d(filter2d(plane, [row], padding), row.map((value) => [value]), padding);
}

// Both are cut to what they share, which is needed where nothing is padded.
export function norm(across, down) {
  const height = Math.min(across.height, down.height), width = Math.min(across.width, down.width);
  const values = new Float64Array(height * width);
  for (let row = 0, at = 0; row < height; row++)
    for (let column = 0; column < width; column++, at++)
      values[at] = Math.hypot(across.values[row * across.width + column], down.values[row * down.width + column]);
  return { values, height, width };
}

export function toEightBits(values, wrap) {
  return Float64Array.from(values, (value) => {
    const level = roundEven(value);
    return wrap ? ((level % 256) + 256) % 256 : Math.min(255, Math.max(0, level));
  });
}

// NumPy rounds a half to the even neighbour; Math.round always rounds it up.
function roundEven(value) {
  const down = Math.floor(value), rest = value - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}

// The bin of every number, and how many fell into each; what lies outside is in none (255).
export function histogram(values, bins, low, high) {
  const counts = new Array(bins).fill(0), places = new Uint8Array(values.length), scale = bins / (high - low);
  for (let i = 0; i < values.length; i++) {
    const inside = values[i] >= low && values[i] <= high;
    places[i] = inside ? Math.min(bins - 1, Math.floor((values[i] - low) * scale)) : 255;
    if (inside) counts[places[i]] += 1;
  }
  return { counts, places };
}
