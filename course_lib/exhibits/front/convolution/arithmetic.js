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
export function correlate(plane, height, width, kernel,
  { strides = [1, 1], padding = "valid", dilation = [1, 1] } = {}) {
  const kernelHeight = kernel.length, kernelWidth = kernel[0].length;
  const rows = outputSize(height, kernelHeight, strides[0], padding, dilation[0]);
  const columns = outputSize(width, kernelWidth, strides[1], padding, dilation[1]);
  const padded = padPlane(plane, height, width,
    paddingOf(padding, height, kernelHeight, strides[0], dilation[0]),
    paddingOf(padding, width, kernelWidth, strides[1], dilation[1]));
  const values = new Float64Array(rows * columns);
  // Taps outside, pixels inside: the inner loop runs along memory.
  for (let i = 0; i < kernelHeight; i++)
    for (let j = 0; j < kernelWidth; j++) {
      const weight = kernel[i][j];
      if (weight === 0) continue;
      for (let row = 0; row < rows; row++) {
        let from = (row * strides[0] + i * dilation[0]) * padded.width + j * dilation[1];
        for (let at = row * columns; at < (row + 1) * columns; at++, from += strides[1])
          values[at] += weight * padded.values[from];
      }
    }
  return { values, height: rows, width: columns };
}

// kernels[filter][channel] is a list of rows; the result is one plane a filter.
export function conv2d(planes, height, width, kernels, bias = null, settings = {}) {
  return kernels.map((kernel, filter) => {
    const parts = planes.map((plane, channel) => correlate(plane, height, width, kernel[channel], settings));
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
