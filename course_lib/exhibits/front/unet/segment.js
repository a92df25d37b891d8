// The forward pass of course_lib.exhibits.unet_network: encoder, code, and a decoder that gets the
// encoder's maps where a skip is on. The tests run both, and Keras, on the same pictures.

import { padPlane } from "../common/arithmetic.js";
import { layersOf, pool } from "../common/network.js";

const MIDDLE = 0.5, SPREAD = 0.25;

export const depthOf = (layers) => (layers.length - 3) / 4;

// 3 x 3, "same", then ReLU. Two filters at a time read each number once, and six of nine numbers stay
// where they are when the window moves on: the page must answer while a hand draws.
function convolve({ kernels, bias }, planes) {
  const { height, width } = planes.find(Boolean), wide = width + 2;
  const padded = planes.map((plane) => plane && padPlane(plane.values, height, width, [1, 1], [1, 1]).values);
  const sums = kernels.map((_, filter) => new Float64Array(height * width).fill(bias[filter]));
  for (let filter = 0; filter < kernels.length; filter += 2) {
    const other = Math.min(filter + 1, kernels.length - 1), scrap = other === filter ? new Float64Array(height * width) : sums[other];
    padded.forEach((source, channel) => { if (source) addBoth(sums[filter], scrap, source, kernels[filter][channel], kernels[other][channel], height, wide); });
  }
  for (const values of sums) for (let at = 0; at < values.length; at++) if (values[at] < 0) values[at] = 0;
  return sums.map((values) => ({ values, height, width }));
}

function addBoth(one, two, source, [[a, b, c], [d, e, f], [g, h, i]], [[k, l, m], [n, o, p], [q, r, s]], height, wide) {
  for (let y = 0, at = 0; y < height; y++) {
    let up = y * wide, here = up + wide, down = here + wide;
    let t0 = source[up++], t1 = source[up++], m0 = source[here++], m1 = source[here++], b0 = source[down++], b1 = source[down++];
    for (const end = here + wide - 2; here < end; at++) {
      const t2 = source[up++], m2 = source[here++], b2 = source[down++];
      one[at] += a * t0 + b * t1 + c * t2 + d * m0 + e * m1 + f * m2 + g * b0 + h * b1 + i * b2;
      two[at] += k * t0 + l * t1 + m * t2 + n * m0 + o * m1 + p * m2 + q * b0 + r * b1 + s * b2;
      t0 = t1; t1 = t2; m0 = m1; m1 = m2; b0 = b1; b1 = b2;
    }
  }
}

const stage = (layers, place, planes) => convolve(layers[place + 1], convolve(layers[place], planes));

function double({ values, height, width }) {
  const doubled = new Float64Array(4 * values.length);
  for (let y = 0, at = 0; y < 2 * height; y++) for (let x = 0; x < 2 * width; x++, at++) doubled[at] = values[(y >> 1) * width + (x >> 1)];
  return { values: doubled, height: 2 * height, width: 2 * width };
}

export function encode(layers, picture, side) {
  const encoder = [];
  let planes = [{ values: picture.map((value) => (value - MIDDLE) / SPREAD), height: side, width: side }];
  for (let level = 0; level < depthOf(layers); level++) {
    encoder.push(stage(layers, 2 * level, planes));
    planes = encoder.at(-1).map(pool);
  }
  return { encoder, code: stage(layers, 2 * depthOf(layers), planes) };
}

// whole, where there is one, is what all skips give: up to the first that is off, nothing differs.
export function decode(layers, { encoder, code }, switches, whole = null) {
  const depth = depthOf(layers), decoder = [];
  let planes = code;
  for (let level = depth - 1; level >= 0; level--) {
    const skip = encoder[level].map((plane) => switches[level] && plane);  // zeros need no sums
    planes = whole && switches.slice(level).every(Boolean) ? whole.decoder[level]
      : stage(layers, 2 * (2 * depth - level), [...skip, ...planes.map(double)]);
    decoder.unshift(planes);
  }
  return { decoder, mask: probabilitiesOf(layers.at(-1), planes) };
}

function probabilitiesOf({ kernels: [taps], bias }, planes) {
  return planes[0].values.map((_, at) => {
    const score = planes.reduce((sum, { values }, channel) => sum + taps[channel][0][0] * values[at], bias[0]);
    return 1 / (1 + Math.exp(-score));
  });
}

// For the tests: weights and one picture in, all numbers out.
export function runSwitched(shapes, weights, picture, side, switches) {
  const layers = layersOf(shapes, Float32Array.from(weights)), found = encode(layers, Float64Array.from(picture), side);
  const flat = (stages) => stages.map((planes) => planes.map(({ values }) => values));
  const { decoder, mask } = decode(layers, found, switches, decode(layers, found, switches.map(() => true)));
  return { encoder: flat(found.encoder), code: flat([found.code])[0], decoder: flat(decoder), mask };
}
