// From a drawing to the network's picture, as course_lib.exhibits.cnn_strokes does it: centred, and
// of the size and thickness of the digits that the network learnt from.

const SIDE = 32, WIDEST = 26, INK = 307, THIN = 1.3, THICK = 4.5, LARGEST = 128;

export function pictureFrom(strokes) {
  const pixels = bitmap(strokes), blocks = new Float64Array(64);
  for (let y = 0; y < SIDE; y++) for (let x = 0; x < SIDE; x++) blocks[(y >> 2) * 8 + (x >> 2)] += pixels[y * SIDE + x] / 16;
  return enlarge(blocks);
}

// 8 x 8 to 16 x 16, three quarters of the nearer pixel and one of the farther, along each axis.
export function enlarge(blocks) {
  const enlarged = new Float64Array(256), last = 7;
  const near = (i) => i >> 1, far = (i) => Math.min(last, Math.max(0, (i >> 1) + (i % 2 ? 1 : -1)));
  for (let y = 0; y < 16; y++) for (let x = 0; x < 16; x++) {
    const along = (row) => 0.75 * blocks[row * 8 + near(x)] + 0.25 * blocks[row * 8 + far(x)];
    enlarged[y * 16 + x] = 0.75 * along(near(y)) + 0.25 * along(far(y));
  }
  return enlarged;
}

export function bitmap(strokes) {
  const drawn = strokes.filter((stroke) => stroke.length), pixels = new Float64Array(SIDE * SIDE);
  if (!drawn.length) return pixels;
  const points = drawn.flat(), [left, right] = ends(points, 0), [top, bottom] = ends(points, 1);
  let radius = 2.5, distances;
  for (let pass = 0; pass < 2; pass++) {  // the pen's width decides the room, and the room the pen's width
    const scale = Math.min(LARGEST, (WIDEST - 2 * radius) / Math.max(right - left, 1e-6), (SIDE - 2 * radius) / Math.max(bottom - top, 1e-6));
    const placed = drawn.map((stroke) => stroke.map(([x, y]) => [(x - (left + right) / 2) * scale + SIDE / 2, (y - (top + bottom) / 2) * scale + SIDE / 2]));
    distances = distancesTo(placed);
    radius = Math.min(THICK, Math.max(THIN, Math.sqrt(Float64Array.from(distances).sort()[INK - 1])));
  }
  return pixels.map((_, at) => Math.min(1, Math.max(0, radius - Math.sqrt(distances[at]) + 0.5)));
}

function ends(points, axis) {
  let low = Infinity, high = -Infinity;
  for (const point of points) { low = Math.min(low, point[axis]); high = Math.max(high, point[axis]); }
  return [low, high];
}

// Squared, of each pixel's middle to the nearest stroke.
function distancesTo(strokes) {
  const nearest = new Float64Array(SIDE * SIDE).fill(Infinity);
  for (const stroke of strokes) for (let i = 0; i < Math.max(1, stroke.length - 1); i++) {
    const [fromX, fromY] = stroke[i], [toX, toY] = stroke[Math.min(i + 1, stroke.length - 1)];
    const alongX = toX - fromX, alongY = toY - fromY, length = Math.max(alongX * alongX + alongY * alongY, 1e-12);
    for (let y = 0, at = 0; y < SIDE; y++) for (let x = 0; x < SIDE; x++, at++) {
      const gapX = x + 0.5 - fromX, gapY = y + 0.5 - fromY;
      const share = Math.min(1, Math.max(0, (gapX * alongX + gapY * alongY) / length));
      const restX = gapX - share * alongX, restY = gapY - share * alongY, distance = restX * restX + restY * restY;
      if (distance < nearest[at]) nearest[at] = distance;
    }
  }
  return nearest;
}

// A point too near to the last one adds work and no shape.
export function extend(strokes, point, isNew, gap = 0.012) {
  const rounded = point.map((value) => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000);
  if (isNew || !strokes.length) return [...strokes, [rounded]];
  const stroke = strokes.at(-1), [x, y] = stroke.at(-1);
  if (Math.hypot(rounded[0] - x, rounded[1] - y) < gap) return strokes;
  return [...strokes.slice(0, -1), [...stroke, rounded]];
}
