// NT-Xent of points on a circle and its slope by each angle. The tests run both against Python.

const TURN = 2 * Math.PI;
export const wrap = (angle) => ((angle % 360) + 360) % 360;
export const partnerOf = (i, count) => (i + count / 2) % count;

// How a point's choice falls out: its probabilities for all others, 0 for itself, and its loss.
export function choiceOf(i, angles, temperature) {
  const scores = angles.map((angle, k) => k === i ? -Infinity : Math.cos((angles[i] - angle) * TURN / 360) / temperature);
  const top = Math.max(...scores), powers = scores.map((score) => Math.exp(score - top));
  const sum = powers.reduce((total, power) => total + power, 0), partner = partnerOf(i, angles.length);
  return { shares: powers.map((power) => power / sum), loss: top + Math.log(sum) - scores[partner] };
}

// Angles are in degrees, slopes by radians. First views come first, in the order of the second ones.
export function contrast(angles, temperature) {
  const count = angles.length, choices = angles.map((_, i) => choiceOf(i, angles, temperature));
  const pull = (i, k) => (choices[i].shares[k] - (k === partnerOf(i, count) ? 1 : 0)) / temperature;
  const slopes = angles.map((angle, m) => angles.reduce((total, other, k) => k === m ? total
    : total - (pull(m, k) + pull(k, m)) * Math.sin((angle - other) * TURN / 360), 0) / count);
  return { loss: choices.reduce((total, one) => total + one.loss, 0) / count, choices, slopes };
}

// One step of gradient descent. A slope grows with 1 / temperature; the rate makes up for it.
export function stepDown(angles, temperature, rate = 1.5) {
  const { slopes } = contrast(angles, temperature), far = rate * temperature * angles.length / 8;
  return angles.map((angle, i) => wrap(angle - Math.max(-6, Math.min(6, far * slopes[i] * 360 / TURN))));
}
