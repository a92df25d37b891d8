// The forward pass of a small network: course_lib.exhibits.cnn_network, on planes. The tests run
// both, and Keras, on the same pictures.

import { conv2d } from "./arithmetic.js";

// shapes tells of each layer { kind, kernel, bias }: a kernel's shape, and where its numbers and the
// biases begin in one row of weights. Kernels stand as Keras stores them, filters last.
export function layersOf(shapes, weights) {
  return shapes.map(({ kind, shape, at }) => {
    if (!shape) return { kind };
    const size = shape.reduce((product, side) => product * side, 1), filters = shape.at(-1);
    const flat = weights.subarray(at, at + size), bias = weights.subarray(at + size, at + size + filters);
    if (kind === "dense") return { kind, weights: flat, bias, inputs: shape[0], units: filters };
    const [rows, columns, channels] = shape;
    const tap = (i, j, c, f) => flat[((i * columns + j) * channels + c) * filters + f];
    const kernels = Array.from({ length: filters }, (_, f) => Array.from({ length: channels }, (_, c) =>
      Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => tap(i, j, c, f)))));
    return { kind, kernels, bias };
  });
}

// Each entry: { kind, planes: [{ values, height, width }] }, and of the last one the probabilities.
export function forward(layers, picture, side) {
  let planes = [{ values: picture, height: side, width: side }];
  const outputs = [];
  for (const layer of layers) {
    planes = STEPS[layer.kind](layer, planes);
    outputs.push({ kind: layer.kind, planes });
  }
  return { outputs, probabilities: softmax(planes[0].values) };
}

const STEPS = {
  conv: ({ kernels, bias }, planes) => {
    const [{ height, width }] = planes;
    const sums = conv2d(planes.map((plane) => plane.values), height, width, kernels, bias, { padding: "same" });
    return sums.map((sum) => ({ values: sum.values.map((value) => Math.max(value, 0)), height, width, sum: sum.values }));
  },
  pool: (_, planes) => planes.map(pool),
  flatten: (_, planes) => [flatten(planes)],
  mean: (_, planes) => [row(planes.map(({ values }) => values.reduce((sum, value) => sum + value, 0) / values.length))],
  dense: ({ weights, bias, units }, [{ values }]) => {
    const scores = Float64Array.from(bias);
    for (let i = 0; i < values.length; i++) for (let unit = 0; unit < units; unit++) scores[unit] += values[i] * weights[i * units + unit];
    return [row(scores)];
  },
};

const row = (values) => ({ values: Float64Array.from(values), height: 1, width: values.length });

// Windows of 2 x 2; at an odd border the maximum of what is there.
export function pool({ values, height, width }) {
  const rows = Math.ceil(height / 2), columns = Math.ceil(width / 2), output = new Float64Array(rows * columns).fill(-Infinity);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const at = (y >> 1) * columns + (x >> 1);
    output[at] = Math.max(output[at], values[y * width + x]);
  }
  return { values: output, height: rows, width: columns };
}

// Channels last: all maps at the first position, then all maps at the next.
function flatten(planes) {
  const { length } = planes[0].values, values = new Float64Array(length * planes.length);
  planes.forEach((plane, map) => { for (let i = 0; i < length; i++) values[i * planes.length + map] = plane.values[i]; });
  return row(values);
}

export function softmax(scores) {
  const largest = Math.max(...scores), powers = [...scores].map((score) => Math.exp(score - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

// What one number of a convolution's map was made of: a window, a kernel and their sum per input map.
export function sourcesOf({ kernels, bias }, planes, map, row, column) {
  const parts = planes.map(({ values, height, width }, channel) => {
    const kernel = kernels[map][channel], half = (kernel.length - 1) >> 1;
    const window = kernel.map((taps, i) => taps.map((_, j) => {
      const y = row + i - half, x = column + j - half;
      return y >= 0 && x >= 0 && y < height && x < width ? values[y * width + x] : 0;
    }));
    const sum = kernel.reduce((total, taps, i) => total + taps.reduce((inner, tap, j) => inner + tap * window[i][j], 0), 0);
    return { window, kernel, sum };
  });
  return { parts, bias: bias[map], sum: parts.reduce((total, part) => total + part.sum, bias[map]) };
}

// How much each number of the last maps adds to the score of one class.
export function evidence({ weights, units }, kind, planes, unit) {
  return planes.map(({ values, height, width }, map) => ({ height, width, values: values.map((value, i) =>
    kind === "mean" ? value * weights[map * units + unit] / values.length : value * weights[(i * planes.length + map) * units + unit]) }));
}

// For the tests: the page's layers and one picture in, all numbers out.
export function run(shapes, weights, picture, side) {
  const layers = layersOf(shapes, Float32Array.from(weights));
  const { outputs, probabilities } = forward(layers, Float64Array.from(picture), side);
  return [...outputs.map(({ planes }) => planes.map((plane) => plane.values)), probabilities];
}

