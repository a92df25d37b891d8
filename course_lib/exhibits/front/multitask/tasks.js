// Two tasks that share two weights: their losses, gradients and minima. The tests run all of it
// against Python.

export const SLOPE = 3, DECAY = 0.01, AIM = 30, NOISE = 0.3;

const radians = (degrees) => degrees * Math.PI / 180;
export const direction = (degrees) => [Math.cos(radians(degrees)), Math.sin(radians(degrees))];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1];
export const length = (a) => Math.hypot(a[0], a[1]);

// A picture is two numbers. The first ones keep their kind, the last ones their quantity; what is
// missing is null.
export function examplesOf(points, apart, kinds, quantities) {
  const a = direction(AIM), b = direction(AIM + apart);
  return points.map(([x, y, e, f], i) => ({
    x: [x, y],
    kind: i < kinds ? Number(dot(b, [x, y]) + NOISE * e > 0) : null,
    quantity: i >= points.length - quantities ? dot(a, [x, y]) + NOISE * f : null,
  }));
}

// Means over the labels that are there, with gradient and the three numbers of the second derivative.
export function taskLosses(examples, w) {
  const fresh = () => ({ loss: 0, gradient: [0, 0], curve: [0, 0, 0], count: 0 });
  const kind = fresh(), quantity = fresh();
  const add = (to, loss, first, second, [x, y]) => {
    to.loss += loss; to.count += 1;
    to.gradient[0] += first * x; to.gradient[1] += first * y;
    to.curve[0] += second * x * x; to.curve[1] += second * x * y; to.curve[2] += second * y * y;
  };
  for (const { x, kind: k, quantity: q } of examples) {
    const h = dot(w, x);
    if (k !== null) {
      const z = SLOPE * h, p = 1 / (1 + Math.exp(-z));
      add(kind, Math.max(z, 0) - k * z + Math.log1p(Math.exp(-Math.abs(z))), SLOPE * (p - k), SLOPE * SLOPE * p * (1 - p), x);
    }
    if (q !== null) add(quantity, (h - q) ** 2, 2 * (h - q), 2, x);
  }
  for (const task of [kind, quantity]) {
    const n = Math.max(task.count, 1);
    task.loss /= n;
    task.gradient = task.gradient.map((value) => value / n); task.curve = task.curve.map((value) => value / n);
  }
  return { kind, quantity };
}

// share of the kind's loss, 1 - share of the quantity's, and a pinch of weight decay.
export function weighted({ kind, quantity }, share, w) {
  const mix = (k, q) => share * k + (1 - share) * q;
  const second = [2 * DECAY, 0, 2 * DECAY];
  return {
    loss: mix(kind.loss, quantity.loss) + DECAY * dot(w, w),
    gradient: [0, 1].map((i) => mix(kind.gradient[i], quantity.gradient[i]) + 2 * DECAY * w[i]),
    curve: [0, 1, 2].map((i) => mix(kind.curve[i], quantity.curve[i]) + second[i]),
  };
}

// Newton's method; a step that does not go down is halved. The loss is convex: one minimum.
export function minimum(examples, share) {
  let w = [0, 0];
  for (let step = 0; step < 40; step++) {
    const { loss, gradient: g, curve: [a, b, c] } = weighted(taskLosses(examples, w), share, w);
    if (length(g) < 1e-9) break;
    const size = a * c - b * b, move = [(c * g[0] - b * g[1]) / size, (a * g[1] - b * g[0]) / size];
    let rate = 1, next = w;
    for (; rate > 1e-6; rate /= 2) {
      next = [w[0] - rate * move[0], w[1] - rate * move[1]];
      if (weighted(taskLosses(examples, next), share, next).loss <= loss) break;
    }
    w = next;
  }
  return w;
}

// On new pictures without noise: the share of wrong kinds, and the root of the mean squared error.
export function scoresOf(w, apart) {
  const a = direction(AIM), b = direction(AIM + apart), size = length(w);
  const wrong = size < 1e-9 ? 0.5 : Math.acos(Math.max(-1, Math.min(1, dot(w, b) / size))) / Math.PI;
  return { wrong, off: length([w[0] - a[0], w[1] - a[1]]) };
}

export function cosine(first, second) {
  const size = length(first) * length(second);
  return size < 1e-12 ? null : dot(first, second) / size;
}
