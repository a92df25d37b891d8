// The arithmetic of course_lib.convolution, for pages without a kernel. The tests run both on the
// same numbers. A plane is one channel: a flat array, row by row.

export const extent = (kernelSize, dilation) => (kernelSize - 1) * dilation + 1;

// 0 where the kernel does not fit.
export function outputSize(size, kernelSize, stride = 1, padding = "valid", dilation = 1) {
  if (padding === "same") return Math.ceil(size / stride);
  return Math.max(0, Math.floor((size - extent(kernelSize, dilation)) / stride) + 1);
}

// Zeros before and after; the odd one comes after.
export function samePadding(size, kernelSize, stride = 1, dilation = 1) {
  const last = (Math.ceil(size / stride) - 1) * stride;
  const total = Math.max(last + extent(kernelSize, dilation) - size, 0);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

export function paddingOf(padding, size, kernelSize, stride = 1, dilation = 1) {
  return padding === "same" ? samePadding(size, kernelSize, stride, dilation) : [0, 0];
}

// Which cells of one axis some window reads.
export function cellsRead(size, kernelSize, stride, padding, dilation) {
  const read = new Array(size).fill(false), [before] = paddingOf(padding, size, kernelSize, stride, dilation);
  for (let i = 0; i < outputSize(size, kernelSize, stride, padding, dilation); i++)
    for (let tap = 0; tap < kernelSize; tap++) {
      const cell = i * stride - before + tap * dilation;
      if (cell >= 0 && cell < size) read[cell] = true;
    }
  return read;
}

export function padPlane(plane, height, width, [top, bottom], [left, right]) {
  if (!(top || bottom || left || right)) return { values: plane, height, width };
  const wide = width + left + right, values = new Float64Array((height + top + bottom) * wide);
  for (let row = 0; row < height; row++)
    values.set(plane.subarray ? plane.subarray(row * width, (row + 1) * width)
      : plane.slice(row * width, (row + 1) * width), (row + top) * wide + left);
  return { values, height: height + top + bottom, width: wide };
}

// One plane and one kernel, a list of rows: the kernel is not flipped.
export function correlate(plane, height, width, kernel, settings = {}) {
  return slide(prepare(plane, height, width, kernel.length, kernel[0].length, settings), kernel);
}

// The padded plane and the sizes, which all kernels of one shape share.
function prepare(plane, height, width, kernelHeight, kernelWidth,
  { strides = [1, 1], padding = "valid", dilation = [1, 1] } = {}) {
  return { strides, dilation,
    rows: outputSize(height, kernelHeight, strides[0], padding, dilation[0]),
    columns: outputSize(width, kernelWidth, strides[1], padding, dilation[1]),
    padded: padPlane(plane, height, width,
      paddingOf(padding, height, kernelHeight, strides[0], dilation[0]),
      paddingOf(padding, width, kernelWidth, strides[1], dilation[1])) };
}

function slide({ padded, rows, columns, strides, dilation }, kernel) {
  const values = new Float64Array(rows * columns), source = padded.values, step = strides[1];
  // Taps outside, pixels inside: the inner loop runs along memory.
  kernel.forEach((taps, i) => taps.forEach((weight, j) => {
    if (weight === 0) return;
    for (let row = 0; row < rows; row++) {
      const end = (row + 1) * columns;
      let from = (row * strides[0] + i * dilation[0]) * padded.width + j * dilation[1];
      for (let at = row * columns; at < end; at++, from += step) values[at] += weight * source[from];
    }
  }));
  return { values, height: rows, width: columns };
}

// kernels[filter][channel] is a list of rows; the result is one plane a filter.
export function conv2d(planes, height, width, kernels, bias = null, settings = {}) {
  const [{ length: kernelHeight, 0: { length: kernelWidth } }] = kernels[0];
  const ready = planes.map((plane) => prepare(plane, height, width, kernelHeight, kernelWidth, settings));
  return kernels.map((kernel, filter) => {
    const parts = ready.map((channel, c) => slide(channel, kernel[c]));
    return { ...addPlanes(parts, bias ? bias[filter] : 0), parts };
  });
}

export function addPlanes(parts, bias = 0) {
  const { height, width } = parts[0], values = new Float64Array(height * width).fill(bias);
  for (const part of parts) for (let i = 0; i < values.length; i++) values[i] += part.values[i];
  return { values, height, width };
}

export const flip = (kernel) => kernel.map((row) => [...row].reverse()).reverse();

export const parameters = (kernelHeight, kernelWidth, channels, filters, bias = true) =>
  (kernelHeight * kernelWidth * channels + (bias ? 1 : 0)) * filters;

export const denseParameters = (inputs, outputs, bias = true) => (inputs + (bias ? 1 : 0)) * outputs;
