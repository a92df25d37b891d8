// The arithmetic of course_lib.exhibits.introduction for pages without a kernel; the tests run both.

import { correlate } from "../common/arithmetic.js";

// The first `moved` pixels of `order` change places in a ring: place i takes the pixel source[i].
export function partialShuffle(order, moved) {
  const source = order.map((_, place) => place);
  for (let i = 0; i < moved; i++) source[order[i]] = order[(i + 1) % moved];
  return source;
}

export const permute = (values, source) => source.map((place) => values[place]);

export function correlation(first, second) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [a, b] = [mean(first), mean(second)];
  let both = 0, one = 0, other = 0;
  for (let i = 0; i < first.length; i++) {
    const x = first[i] - a, y = second[i] - b;
    both += x * y; one += x * x; other += y * y;
  }
  return one * other > 0 ? both / Math.sqrt(one * other) : 0;
}

export const dot = (values, weights) => values.reduce((sum, value, i) => sum + value * weights[i], 0);

const respond = (picture, side, kernel) => correlate(picture, side, side, kernel, { padding: "same" }).values;

// What does not change while pixels move: both layers on the picture in order.
export const inOrder = (picture, side, units, kernel) => ({
  picture, side, units, kernel, outputs: units.map((weights) => dot(picture, weights)), response: respond(picture, side, kernel),
});

// Both layers on the shuffled picture, and how far they agree with what they said before.
export function afterShuffle(before, source, follow) {
  const { side, units, kernel } = before, picture = permute(before.picture, source);
  const weights = follow ? units.map((unit) => permute(unit, source)) : units;
  const outputs = weights.map((unit) => dot(picture, unit)), response = respond(picture, side, kernel);
  return { picture, weights, outputs, response,
    dense: correlation(outputs, before.outputs),
    convolution: correlation(response, permute(before.response, source)) };
}
