// course_lib.exhibits.receptive_field_stack, for pages without a kernel: one axis of a stack of
// layers [kind, kernelSize, strides, dilation].

import { outputSize, paddingOf } from "../common/arithmetic.js";

// 0 where the kernel does not fit, or nothing is left that it could read.
const unitsAfter = (units, [, kernelSize, stride, dilation], padding) => (units ? outputSize(units, kernelSize, stride, padding, dilation) : 0);

export const paddingBefore = (units, [, kernelSize, stride, dilation], padding) => (units ? paddingOf(padding, units, kernelSize, stride, dilation)[0] : 0);

// The input, then what each layer makes: how many units, the size of the field of one, how far the
// fields of neighbours lie apart, how far the first begins before the input.
export function levels(layers, units, padding) {
  const found = [{ units, size: 1, stride: 1, padding: 0 }];
  for (const layer of layers) {
    const last = found.at(-1), [, kernelSize, stride, dilation] = layer;
    found.push({ units: unitsAfter(last.units, layer, padding), size: last.size + (kernelSize - 1) * dilation * last.stride,
      stride: last.stride * stride, padding: last.padding + paddingBefore(last.units, layer, padding) * last.stride });
  }
  return found;
}

// In how many ways a unit of the last layer depends on each place of each level, input first.
// counts[i] belongs to place start + i; what lies outside the level is padding and depends on nothing.
export function ways(layers, units, padding, unit) {
  const all = levels(layers, units, padding), found = [{ start: unit, counts: Float64Array.of(1) }];
  for (let at = layers.length - 1; at >= 0; at--) {
    const [, kernelSize, stride, dilation] = layers[at], { start, counts } = found[0];
    const from = Math.max(0, start), to = Math.min(start + counts.length, all[at + 1].units) - 1;
    if (to < from) { found.unshift({ start: 0, counts: new Float64Array(0) }); continue; }
    const left = paddingBefore(all[at].units, layers[at], padding), first = from * stride - left;
    const below = new Float64Array((to - from) * stride + (kernelSize - 1) * dilation + 1);
    for (let i = from; i <= to; i++)
      for (let tap = 0; tap < kernelSize; tap++) below[(i - from) * stride + tap * dilation] += counts[i - start];
    found.unshift({ start: first, counts: below });
  }
  return found;
}

// The last layer up to `layer` that fits, and its unit at a place given as a share of the image.
export function shownLayer(all, layer) {
  let shown = Math.min(layer, all.length - 1);
  while (all[shown].units === 0) shown--;
  return shown;
}

export const unitAt = (share, units) => Math.max(0, Math.min(Math.floor(share * units), units - 1));

// What of the line around the image is shown: all of the field, if it is not too far away.
export function frameAround(all, shown, units, size) {
  const margin = Math.floor(size / 2), level = all[shown];
  const starts = units.map((unit) => unit * level.stride - level.padding);
  return [Math.max(-margin, Math.min(-1, ...starts)), Math.min(size + margin, Math.max(size + 1, ...starts.map((start) => start + level.size)))];
}

// The same kernels one after the other, with strides and dilation 1: it grows along a line.
export function plainSizes(layers) {
  const sizes = [1];
  for (const [, kernelSize] of layers) sizes.push(sizes.at(-1) + kernelSize - 1);
  return sizes;
}

// Frames on the image, from the last layer's inwards, without those that would lie too close to be told apart.
export function nested(all, shown, places, [first, last]) {
  const marks = [];
  for (let row = shown, before = Infinity; row > 0; row--) {
    const { units, size, stride, padding } = all[row];
    if (before - size < (last - first) / 10) continue;
    marks.unshift([...places.map((share) => unitAt(share, units) * stride - padding - first), size, size]);
    before = size;
  }
  return marks;
}
