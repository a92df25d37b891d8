// Intensities along a line, their change from one place to the next, and the edges among them.

// Both languages must draw the same noise: a linear congruential generator, and Box and Muller.
export function normals(count, seed = 7) {
  let state = seed;
  const uniform = () => { state = (1664525 * state + 1013904223) % 4294967296; return (state + 0.5) / 4294967296; };
  return Float64Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

export function addNoise({ values, height, width }, strength, noise) {
  return { height, width, values: Float64Array.from(values, (value, i) => value + strength * noise[i]) };
}

// About one place a pixel, however the line lies.
export const placesOn = (start, end) => Math.max(2, Math.round(Math.hypot(end[0] - start[0], end[1] - start[1])) + 1);

export function pointOn(start, end, share) {
  return [start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share];
}

// Bilinear: of the four pixels around a place, the nearer ones count more.
export function profile({ values, height, width }, start, end, count) {
  return Float64Array.from({ length: count }, (_, i) => {
    const [row, column] = pointOn(start, end, i / (count - 1));
    const top = Math.min(Math.floor(row), height - 2), left = Math.min(Math.floor(column), width - 2);
    const down = row - top, across = column - left, at = top * width + left;
    return (values[at] * (1 - across) + values[at + 1] * across) * (1 - down)
      + (values[at + width] * (1 - across) + values[at + width + 1] * across) * down;
  });
}

// Change per pixel, between one place and the next: entry i stands at i + 1/2.
export function derivative(intensities, spacing) {
  return Float64Array.from({ length: intensities.length - 1 }, (_, i) => (intensities[i + 1] - intensities[i]) / spacing);
}

// Where the change is above the threshold, and steeper than on either side. A line one pixel wide has
// two edges side by side, one up and one down: so each is compared with neighbours of its own sign.
export function edges(changes, threshold) {
  return [...changes.keys()].filter((i) => {
    const sign = Math.sign(changes[i]), [before, here, after] = [i - 1, i, i + 1].map((j) => sign * (changes[j] ?? 0));
    return here >= threshold && here > before && here >= after;
  });
}
