// From a point of the landscape to a point of the screen, and the lines of equal height. The tests
// run both against Python.

export const LIMITS = { turn: [-180, 180], tilt: [0, 90], zoom: [0.6, 3] };
export const HEIGHT = 1.2;  // of the landscape, whose ground reaches from -1 to 1

// Parallel projection. x and y lie on the ground, z points up; `turn` degrees about the upright axis,
// then the eye rises by `tilt`: 0 is the horizon, 90 straight above. To the right, up, away from the eye.
export function project([x, y, z], turn, tilt, zoom = 1) {
  const t = turn * Math.PI / 180, e = tilt * Math.PI / 180;
  const right = x * Math.cos(t) - y * Math.sin(t), away = x * Math.sin(t) + y * Math.cos(t);
  const up = z - HEIGHT / 2;
  return [zoom * right, zoom * (away * Math.sin(e) + up * Math.cos(e)), away * Math.cos(e) - up * Math.sin(e)];
}

// Shares of the common scale, 0 for its lowest and 1 for its highest loss.
export function shares(losses, low, high, log) {
  const of = log ? Math.log10 : (value) => value, from = of(low), reach = of(high) - from || 1;
  return Float64Array.from(losses, (loss) => Math.max(0, Math.min(1, (of(Math.max(loss, low)) - from) / reach)));
}

// Row i belongs to step i of the first direction (x), column j to step j of the second (y).
export function corners(heights, points, turn, tilt, zoom) {
  const place = (i) => 2 * i / (points - 1) - 1;
  return Array.from(heights, (height, at) =>
    project([place(Math.floor(at / points)), place(at % points), HEIGHT * height], turn, tilt, zoom));
}

// The cells of the grid from the farthest to the nearest, so that near ones cover far ones.
export function cellsFarFirst(points, seen) {
  const cells = [];
  for (let i = 0; i < points - 1; i++) for (let j = 0; j < points - 1; j++) {
    const at = i * points + j, four = [at, at + 1, at + points + 1, at + points];
    // By the ground alone: a peak is no farther away than the ground it stands on.
    cells.push({ four, away: four.reduce((sum, corner) => sum + seen[corner], 0) });
  }
  return cells.sort((one, other) => other.away - one.away);
}

export function groundDistances(points, turn) {
  const flat = new Float64Array(points * points);
  return corners(flat, points, turn, 0, 1).map(([, , away]) => away);
}

// Marching squares: pieces of the line where the height is `level`, [row, column, row, column].
export function contour(values, points, level) {
  const pieces = [], share = (a, b) => (level - a) / (b - a);
  for (let i = 0; i < points - 1; i++) for (let j = 0; j < points - 1; j++) {
    const at = i * points + j;
    const a = values[at], b = values[at + 1], c = values[at + points + 1], d = values[at + points];
    const cuts = [];
    if ((a < level) !== (b < level)) cuts.push([i, j + share(a, b)]);
    if ((b < level) !== (c < level)) cuts.push([i + share(b, c), j + 1]);
    if ((d < level) !== (c < level)) cuts.push([i + 1, j + share(d, c)]);
    if ((a < level) !== (d < level)) cuts.push([i + share(a, d), j]);
    if (cuts.length === 2) pieces.push([...cuts[0], ...cuts[1]]);
    if (cuts.length === 4) {  // a saddle: the mean decides which corners hang together
      const joined = ((a + b + c + d) / 4 < level) === (a < level) ? [[0, 1], [2, 3]] : [[0, 3], [1, 2]];
      for (const [one, other] of joined) pieces.push([...cuts[one], ...cuts[other]]);
    }
  }
  return pieces;
}

// Heights at which lines are drawn, even on the scale that is shown.
export const LEVELS = Array.from({ length: 11 }, (_, i) => (i + 1) / 12);
