// Upsampling along one axis as a matrix, a list of rows: course_lib/exhibits/encoder_decoder_upsampling.py.
// The tests run both on the same numbers.

const upTo = (count) => Array.from({ length: count }, (_, i) => i);

// All lengths that a convolution takes to `size`.
export function sizesBefore(size, kernelSize, strides, padding) {
  const first = (size - 1) * strides + (padding === "valid" ? kernelSize : 1);
  return upTo(strides).map((more) => first + more);
}

// Which of them Conv2DTranspose gives unless it is told.
export const kerasChoice = (kernelSize, strides, padding) =>
  (padding === "same" ? strides - 1 : Math.max(strides - kernelSize, 0));

export function plan(size, kernelSize, strides, padding, extra) {
  const sizes = sizesBefore(size, kernelSize, strides, padding), output = sizes[Math.min(extra, strides - 1)];
  const cut = padding === "same" ? Math.max((size - 1) * strides + kernelSize - output, 0) : 0;
  const before = Math.floor(cut / 2), counts = new Array(output).fill(0);
  for (let pixel = 0; pixel < size; pixel++) for (let tap = 0; tap < kernelSize; tap++) {
    const place = pixel * strides + tap - before;
    if (place >= 0 && place < output) counts[place]++;
  }
  return { sizes, output, before, after: cut - before, counts };
}

export function weightsOf(kernelSize, name) {
  if (name === "ones") return upTo(kernelSize).map(() => 1);
  if (name === "drawn") return upTo(kernelSize).map((tap) => 0.6 + 0.5 * Math.sin(2.4 * tap + 0.7));
  const factor = Math.floor((kernelSize + 1) / 2);
  return upTo(kernelSize).map((tap) => 1 - Math.abs(tap - (kernelSize - 1) / 2) / factor);
}

export function transposedMatrix(size, kernelSize, strides, padding, extra, weights) {
  const { output, before } = plan(size, kernelSize, strides, padding, extra), taps = weightsOf(kernelSize, weights);
  const matrix = upTo(output).map(() => new Array(size).fill(0));
  for (let pixel = 0; pixel < size; pixel++) taps.forEach((weight, tap) => {
    const place = pixel * strides + tap - before;
    if (place >= 0 && place < output) matrix[place][pixel] = weight;
  });
  return matrix;
}

export function interpolationMatrix(size, factor, way) {
  return upTo(size * factor).map((place) => {
    const row = new Array(size).fill(0);
    if (way === "nearest") { row[Math.floor(place / factor)] = 1; return row; }
    const at = Math.min(Math.max((place + 0.5) / factor - 0.5, 0), size - 1), left = Math.floor(at);
    row[left] += 1 - (at - left);
    row[Math.min(left + 1, size - 1)] += at - left;
    return row;
  });
}

export const matrixOf = (way, size, kernelSize, strides, padding, extra, weights) =>
  (way === "transposed" ? transposedMatrix(size, kernelSize, strides, padding, extra, weights) : interpolationMatrix(size, strides, way));

export function pictureOf(name, size) {
  return upTo(size).map((row) => upTo(size).map((column) => {
    const down = (row + 0.5) / size, across = (column + 0.5) / size;
    if (name === "even") return 0.6;
    if (name === "ball") return Math.exp(-5 * ((down - 0.45) ** 2 + (across - 0.55) ** 2));
    if (name === "edge") return down + across < 1 ? 0.85 : 0.2;
    return 0.5 + 0.45 * Math.sin(37 * down * across + 11 * down + 5 * across);
  }));
}

export function phaseSums(kernelSize, strides, weights) {
  const sums = new Array(strides).fill(0);
  weightsOf(kernelSize, weights).forEach((weight, tap) => { sums[tap % strides] += weight; });
  return sums;
}

export const scaleOf = (kernelSize, strides, weights) => strides / weightsOf(kernelSize, weights).reduce((sum, weight) => sum + weight, 0);

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

// The same matrix along both axes; one flat array, as pictures take it.
export function enlarged(picture, matrix, scale = 1) {
  const wide = picture.map((row) => matrix.map((weights) => dot(weights, row)));
  const columns = matrix.map((_, column) => wide.map((row) => row[column]));
  return matrix.flatMap((weights) => columns.map((column) => scale * scale * dot(weights, column)));
}
