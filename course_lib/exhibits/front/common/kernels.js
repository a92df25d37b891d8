// Kernels with names, and a bank of filters over several channels. The still pictures need the
// same numbers from Python; the tests compare them.

const FIXED = {
  "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
  "Sobel x": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
  "Sobel y": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
  "Laplacian": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
  "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
  "difference x": [[-1, 1]],
  "difference y": [[-1], [1]],
};
export const PRESETS = ["identity", "box", "Gaussian", ...Object.keys(FIXED)];

const outer = (rows, columns) => rows.map((a) => columns.map((b) => a * b));

// A row of Pascal's triangle, with sum 1: the binomial approximation of a Gaussian.
export function binomial(size) {
  let row = [1];
  for (let i = 1; i < size; i++) row = [...row, 0].map((value, j) => (value + (row[j - 1] ?? 0)) / 2);
  return row;
}

const delta = (size) => Array.from({ length: size }, (_, i) => (i === Math.floor((size - 1) / 2) ? 1 : 0));

// Identity, box and Gaussian exist at any size; the others bring their own.
export function preset(name, height, width) {
  if (name === "identity") return outer(delta(height), delta(width));
  if (name === "box") return outer(new Array(height).fill(1 / height), new Array(width).fill(1 / width));
  if (name === "Gaussian") return outer(binomial(height), binomial(width));
  return FIXED[name].map((row) => [...row]);
}

export const FILTERS = ["blurred brightness", "edges across", "edges down", "red against green",
  "blue against yellow", "centre against surround", "diagonal edges", "random, as before training"];

const slope = (size) => {
  const middle = (size - 1) / 2;
  return Array.from({ length: size }, (_, i) => (middle ? (i - middle) / middle : 1));
};

// Uniform in [-1, 1): a linear congruential generator, since both languages must draw the same.
function uniform(seed) {
  let state = seed;
  return () => { state = (1664525 * state + 1013904223) % 4294967296; return state / 2147483648 - 1; };
}

function pattern(filter, size) {
  const blur = binomial(size), ramp = slope(size), half = blur.map((value, i) => value * ramp[i]);
  if (filter === 1) return outer(blur, half);
  if (filter === 2) return outer(half, blur);
  if (filter === 5) {
    const middle = Math.floor((size - 1) / 2), mean = 1 / (size * size);
    return outer(blur, blur).map((row, i) => row.map((_, j) => (i === middle && j === middle ? 1 : 0) - mean));
  }
  if (filter === 6) return outer(blur, half).map((row, i) => row.map((value, j) => value + half[i] * blur[j]));
  return outer(blur, blur);
}

function mixture(filter, channels) {
  const opponent = { 3: [1, -1, 0, 0], 4: [-0.5, -0.5, 1, 0] }[filter];
  if (opponent) return Array.from({ length: channels }, (_, c) => opponent[c % 4]);
  return new Array(channels).fill(1 / channels);
}

// bank[filter][channel] is a list of rows.
export function filterBank(size, channels, filters) {
  return Array.from({ length: filters }, (_, filter) => {
    if (filter === 7) {
      const draw = uniform(filter), scale = 1 / size;
      return Array.from({ length: channels }, () =>
        Array.from({ length: size }, () => Array.from({ length: size }, () => draw() * scale)));
    }
    const shape = pattern(filter, size);
    return mixture(filter, channels).map((share) => shape.map((row) => row.map((value) => value * share)));
  });
}
