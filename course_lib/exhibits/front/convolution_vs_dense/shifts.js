// Two views of one scene, a layer applied to both, and where its outputs differ.

import { correlate } from "../common/arithmetic.js";

export function crop(plane, width, top, left, size) {
  const view = new Float64Array(size * size);
  for (let row = 0; row < size; row++) for (let column = 0; column < size; column++)
    view[row * size + column] = plane[(top + row) * width + left + column];
  return view;
}

// A locally connected layer whose kernels are one kernel, stronger here and weaker there.
export const strength = (position) => ((Math.imul(position + 1, 2654435761) >>> 28) % 9 + 4) / 8;

export function layerOutput(view, size, kernel, { strides, padding, layer }) {
  const output = correlate(view, size, size, kernel, { strides: [strides, strides], padding });
  if (layer === "locally connected") output.values = output.values.map((value, at) => value * strength(at));
  return output;
}

// The first output, moved as far as whole positions go; NaN where it has no counterpart.
export function moveOutput({ values, height, width }, [down, right], strides) {
  const rows = Math.floor(down / strides), columns = Math.floor(right / strides), moved = new Float64Array(values.length).fill(NaN);
  for (let row = 0; row + rows < height; row++) for (let column = 0; column + columns < width; column++)
    moved[row * width + column] = values[(row + rows) * width + column + columns];
  return { values: moved, height, width, rows: height - rows, columns: width - columns };
}

export function compare(second, moved) {
  let largest = 0, differing = 0, compared = 0;
  const values = second.values.map((value, at) => {
    const difference = Math.abs(value - moved.values[at]);
    if (Number.isNaN(difference)) return 0;
    compared++;
    if (difference > 1e-6) differing++;
    largest = Math.max(largest, difference);
    return difference;
  });
  return { values, largest, share: compared ? differing / compared : 0 };
}
