// Which places look alike: cosines of rows of whole numbers, and how many of the likest are kin.

export const PAGES = 3, SIDE = 64, FACTOR = 4, CELLS = SIDE / FACTOR;

export const cellOf = (page, row, column) => (page * CELLS + Math.floor(row / FACTOR)) * CELLS + Math.floor(column / FACTOR);

export function similarities(rows, cell) {
  const width = rows.length / (PAGES * CELLS * CELLS), found = new Float64Array(PAGES * CELLS * CELLS);
  for (let i = 0; i < found.length; i += 1) {
    let sum = 0;
    for (let j = 0; j < width; j += 1) sum += rows[i * width + j] * rows[cell * width + j];
    found[i] = sum / (127 * 127);
  }
  return found;
}

export function kinShare(found, classes, cell) {
  const order = Array.from(found.keys()).sort((a, b) => found[b] - found[a] || a - b);
  const count = classes.reduce((sum, one) => sum + (one === classes[cell]), 0);
  return order.slice(0, count).filter((i) => classes[i] === classes[cell]).length / count;
}

// For the tests, which hand over lists.
export const similaritiesOf = (rows, cell) => Array.from(similarities(Int8Array.from(rows), cell));
export const kinShareOf = (rows, classes, cell) => kinShare(similarities(Int8Array.from(rows), cell), Uint8Array.from(classes), cell);

// From black over violet and orange to light yellow: what is brighter is more alike, in both themes.
const STOPS = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]];

export function colourOf(value) {
  const place = Math.min(1, Math.max(0, value)) * (STOPS.length - 1), low = Math.min(STOPS.length - 2, Math.floor(place));
  return STOPS[low].map((from, i) => Math.round(from + (STOPS[low + 1][i] - from) * (place - low)));
}
