// The image as a unit sees it: what it does not read fades, and so does what few ways lead to.

// A square picture, enlarged by repeating pixels or shrunk by their means.
export function resized(pixels, from, to) {
  const values = new Float64Array(to * to), span = from / to;
  for (let row = 0; row < to; row++)
    for (let column = 0; column < to; column++) {
      const [top, left] = [row, column].map((place) => Math.floor(place * span));
      const [bottom, right] = [row, column].map((place) => Math.max(Math.floor(place * span) + 1, Math.floor((place + 1) * span)));
      let sum = 0;
      for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) sum += pixels[i * from + j];
      values[row * to + column] = sum / ((bottom - top) * (right - left));
    }
  return values;
}

// reads holds start and counts along rows and columns. places: 0 is image, 1 is outside, 2 is padding that is read.
export function seen(gray, size, [first, last], reads, weighted, dark) {
  const wide = last - first, values = new Float64Array(wide * wide), places = new Uint8Array(wide * wide), ground = dark ? 26 : 242;
  const shares = reads.map(({ start, counts }) => {
    const most = Math.max(...counts);
    return Float64Array.from({ length: wide }, (_, i) => {
      const count = counts[i + first - start] ?? 0;
      return count === 0 ? 0 : weighted ? count / most : 1;
    });
  });
  for (let row = 0; row < wide; row++)
    for (let column = 0; column < wide; column++) {
      const at = row * wide + column, y = row + first, x = column + first, share = shares[0][row] * shares[1][column];
      if (y < 0 || x < 0 || y >= size || x >= size) places[at] = share > 0 ? 2 : 1;
      else { const visible = 0.22 + 0.78 * share; values[at] = visible * gray[y * size + x] + (1 - visible) * ground; }
    }
  return { values, places, wide };
}
