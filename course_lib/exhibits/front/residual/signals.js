// course_lib.exhibits.residual_signals, for pages without a kernel: a digit sent forward through two
// deep networks, a gradient sent back. Planes are padded once, since every kernel is 3 x 3.

export const CHANNELS = 4, SIDE = 8, MOST_BLOCKS = 27;
const EPSILON = 1e-3, WIDE = SIDE + 2, PLANE = WIDE * WIDE, PIXELS = SIDE * SIDE;

export function draws(count, seed) {
  let state = Number((BigInt(seed) * 2654435761n + 1n) % 4294967296n);
  const uniform = () => { state = (1664525 * state + 1013904223) % 4294967296; return (state + 0.5) / 4294967296; };
  const numbers = new Float64Array(count + count % 2);
  for (let i = 0; i < numbers.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform())), angle = 2 * Math.PI * uniform();
    numbers[i] = radius * Math.cos(angle); numbers[i + 1] = radius * Math.sin(angle);
  }
  return numbers.subarray(0, count);
}

const sizeOf = (layer) => 9 * (layer ? CHANNELS : 1) * CHANNELS;

// Kernels at scale 1, for as many layers as there can be: a reader who adds blocks keeps the others.
export function allKernels(seed) {
  const layers = 2 * MOST_BLOCKS + 1, drawn = draws(sizeOf(0) + (layers - 1) * sizeOf(1), seed), kernels = [];
  for (let layer = 0, from = 0; layer < layers; from += sizeOf(layer++)) {
    const spread = Math.sqrt(2 / (9 * (layer ? CHANNELS : 1)));
    kernels.push(drawn.subarray(from, from + sizeOf(layer)).map((value) => spread * value));
  }
  return kernels;
}

export function lastGradient(seed) {
  const drawn = draws(PIXELS * CHANNELS, seed + 1000), length = norm(drawn);
  return drawn.map((value) => value / length);
}

const norm = (values) => { let sum = 0; for (let i = 0; i < values.length; i++) sum += values[i] * values[i]; return Math.sqrt(sum); };

// From (pixel, channel) order to padded planes, channel by channel.
function padded(tensor, channels) {
  const planes = new Float64Array(channels * PLANE);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < PIXELS; i++) planes[c * PLANE + placeOf[i]] = tensor[i * channels + c];
  return planes;
}

const placeOf = Int32Array.from({ length: PIXELS }, (_, i) => Math.floor(i / SIDE) * WIDE + i % SIDE + WIDE + 1);
const tapOf = Int32Array.from({ length: 9 }, (_, t) => (Math.floor(t / 3) - 1) * WIDE + t % 3 - 1);

function convolve(planes, channels, kernel, scale) {
  const output = new Float64Array(PIXELS * CHANNELS), sums = new Float64Array(PIXELS);
  for (let f = 0; f < CHANNELS; f++) {
    sums.fill(0);
    for (let t = 0; t < 9; t++)
      for (let c = 0; c < channels; c++) {
        const weight = kernel[(t * channels + c) * CHANNELS + f], shift = c * PLANE + tapOf[t];
        for (let i = 0; i < PIXELS; i++) sums[i] += weight * planes[shift + placeOf[i]];
      }
    for (let i = 0; i < PIXELS; i++) output[i * CHANNELS + f] = scale * sums[i];
  }
  return output;
}

// The gradient at the input, and the norm of the one for the kernel.
function convolveBack(planes, channels, kernel, scale, gradient) {
  const before = new Float64Array(channels * PLANE), one = new Float64Array(PIXELS);
  let squares = 0;
  for (let f = 0; f < CHANNELS; f++) {
    for (let i = 0; i < PIXELS; i++) one[i] = gradient[i * CHANNELS + f];
    for (let t = 0; t < 9; t++)
      for (let c = 0; c < channels; c++) {
        const weight = scale * kernel[(t * channels + c) * CHANNELS + f], shift = c * PLANE + tapOf[t];
        let sum = 0;
        for (let i = 0; i < PIXELS; i++) {
          const place = shift + placeOf[i];
          sum += planes[place] * one[i];
          before[place] += weight * one[i];
        }
        squares += sum * sum;
      }
  }
  const input = new Float64Array(PIXELS * channels);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < PIXELS; i++) input[i * channels + c] = before[c * PLANE + placeOf[i]];
  return [input, Math.sqrt(squares)];
}

const perChannel = (summand) => {
  const sums = new Float64Array(CHANNELS);
  for (let i = 0; i < PIXELS * CHANNELS; i++) sums[i % CHANNELS] += summand(i);
  return sums.map((sum) => sum / PIXELS);
};

function normalise(tensor) {
  const mean = perChannel((i) => tensor[i]);
  const spread = perChannel((i) => (tensor[i] - mean[i % CHANNELS]) ** 2).map((variance) => Math.sqrt(variance + EPSILON));
  return [tensor.map((value, i) => (value - mean[i % CHANNELS]) / spread[i % CHANNELS]), spread];
}

function normaliseBack(normal, spread, gradient) {
  const mean = perChannel((i) => gradient[i]), along = perChannel((i) => gradient[i] * normal[i]);
  return gradient.map((value, i) => (value - mean[i % CHANNELS] - normal[i] * along[i % CHANNELS]) / spread[i % CHANNELS]);
}

// What is measured at each layer: values handed on, gradient there, gradient for the kernel.
export function signals(image, kernels, blocks, scale, gradient, shortcuts, batchNorm, branchScale) {
  const layers = 2 * blocks + 1, kept = [], values = [], maps = [], byKernel = [];
  let tensor = Float64Array.from(image), blockInput = null;
  for (let layer = 0; layer < layers; layer++) {
    const channels = layer ? CHANNELS : 1, joins = shortcuts && layer > 0 && layer % 2 === 0;
    if (layer % 2) blockInput = tensor;
    const planes = padded(tensor, channels), linear = convolve(planes, channels, kernels[layer], scale);
    const [branch, spread] = batchNorm ? normalise(linear) : [linear, null];
    const added = blockInput, total = joins ? branch.map((value, i) => branchScale * value + added[i]) : branch;
    kept.push({ planes, channels, branch, spread, total, joins });
    tensor = total.map((value) => Math.max(value, 0));
    values.push(norm(tensor) / Math.sqrt(tensor.length));
  }
  let back = Float64Array.from(gradient), around = null;
  for (let layer = layers - 1; layer >= 0; layer--) {
    const { planes, channels, branch, spread, total, joins } = kept[layer];
    maps.unshift(norm(back));
    back = back.map((value, i) => (total[i] > 0 ? value : 0));
    if (joins) { around = back; back = back.map((value) => branchScale * value); }
    if (batchNorm) back = normaliseBack(branch, spread, back);
    const [input, size] = convolveBack(planes, channels, kernels[layer], scale, back);
    byKernel.unshift(size);
    back = layer % 2 && shortcuts ? input.map((value, i) => value + around[i]) : input;
  }
  return { values, maps, kernels: byKernel };
}
