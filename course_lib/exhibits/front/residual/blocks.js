// course_lib.exhibits.residual_blocks, for pages without a kernel: shapes first, then values.

import { conv2d, parameters } from "../common/arithmetic.js";
import { draws } from "./signals.js";

const up = (size, stride) => Math.ceil(size / stride);

export function plan(size, channels, filters, strides, rule) {
  const side = up(up(size, strides[0]), strides[1]), branch = [side, side, filters[1]];
  const differs = side !== size || channels !== filters[1];
  const wanted = rule === "shape" ? differs : strides.includes(2) || channels < filters[1];
  const stride = wanted ? (rule === "shape" ? strides[0] * strides[1] : Math.max(...strides)) : 0;
  const small = stride ? up(size, stride) : size, shortcut = [small, small, stride ? filters[1] : channels];
  return { shapes: [[size, size, channels], branch, shortcut], strides: stride, outcome: outcomeOf(branch, shortcut),
    parameters: [parameters(3, 3, channels, filters[0]) + parameters(3, 3, filters[0], filters[1]), stride ? parameters(1, 1, channels, filters[1]) : 0] };
}

function outcomeOf(branch, shortcut) {
  if (branch.every((length, axis) => length === shortcut[axis])) return "fits";
  return branch.every((length, axis) => length === shortcut[axis] || length === 1 || shortcut[axis] === 1) ? "broadcasts" : "fails";
}

// One plane a channel.
export function blockInput(size, channels) {
  const place = (i) => (i + 0.5) * Math.PI / size;
  return Array.from({ length: channels }, (_, c) => Float64Array.from({ length: size * size }, (_, i) =>
    Math.sin((c + 1) * place(Math.floor(i / size)) + c) + Math.cos((c + 2) * place(i % size))));
}

// kernels[filter][channel] is a list of rows, of numbers drawn in Keras's order.
export function blockKernel(side, channels, filters, seed) {
  const drawn = draws(side * side * channels * filters, seed), spread = Math.sqrt(2 / (side * side * channels));
  const at = (i, j, c, f) => spread * drawn[((i * side + j) * channels + c) * filters + f];
  const list = (length, make) => Array.from({ length }, (_, i) => make(i));
  return list(filters, (f) => list(channels, (c) => list(side, (i) => list(side, (j) => at(i, j, c, f)))));
}

const relu = (planes) => planes.map((plane) => plane.map((value) => Math.max(value, 0)));

function layer(planes, size, side, filters, stride, seed) {
  const maps = conv2d(planes, size, size, blockKernel(side, planes.length, filters, seed), null, { strides: [stride, stride], padding: "same" });
  return maps.map(({ values }) => values);
}

function sum(branch, shortcut, [side, , filters], [other, , channels]) {
  const size = Math.max(side, other), pick = (planes, length, c, i) => {
    const row = Math.floor(i / size), column = i % size;
    return planes[Math.min(c, planes.length - 1)][length === 1 ? 0 : row * length + column];
  };
  return Array.from({ length: Math.max(filters, channels) }, (_, c) =>
    Float64Array.from({ length: size * size }, (_, i) => pick(branch, side, c, i) + pick(shortcut, other, c, i)));
}

export function blockValues(size, channels, filters, strides, rule, order, seed) {
  const planned = plan(size, channels, filters, strides, rule), input = blockInput(size, channels), middle = up(size, strides[0]);
  const between = relu(layer(order === "preactivation" ? relu(input) : input, size, 3, filters[0], strides[0], 10 * seed));
  let branch = layer(between, middle, 3, filters[1], strides[1], 10 * seed + 1), shortcut = input;
  if (planned.strides) {
    shortcut = layer(input, size, 1, filters[1], planned.strides, 10 * seed + 2);
    if (order === "lecture") shortcut = relu(shortcut);
  }
  if (order === "lecture") branch = relu(branch);
  if (planned.outcome === "fails") return { input, branch, shortcut };
  const total = sum(branch, shortcut, planned.shapes[1], planned.shapes[2]);
  return { input, branch, shortcut, sum: total, output: order === "original" ? relu(total) : total };
}
