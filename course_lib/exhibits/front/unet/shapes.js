// From a drawing to a mask, and from a mask to the noisy picture that the network reads: the
// arithmetic of course_lib.exhibits.unet_shapes. The tests run both on the same drawings.

const SIZE = 64, PEN = 1.5, CONTRAST = 0.3, LEVELS = 32, BAND = 2, JUMP = 577;

// 1 where a pixel's middle lies inside an outline, or on a line; 0 elsewhere.
export function maskOf(strokes, filled) {
  const mask = new Uint8Array(SIZE * SIZE);
  for (const stroke of strokes) (filled ? fillOutline : drawLine)(mask, stroke.map(([x, y]) => [x * SIZE, y * SIZE]));
  return mask;
}

// Counts how often the outline, closed by a straight line, goes around each pixel's middle.
function fillOutline(mask, points) {
  const turns = new Int16Array(SIZE * (SIZE + 1));
  points.forEach(([x0, y0], i) => {
    const [x1, y1] = points[(i + 1) % points.length];
    for (let row = 0; row < SIZE; row++) {
      const middle = row + 0.5;
      if ((y0 <= middle) === (y1 <= middle)) continue;
      const at = x0 + (middle - y0) / (y1 - y0) * (x1 - x0), first = Math.min(SIZE, Math.max(0, Math.floor(at + 0.5)));
      turns[row * (SIZE + 1) + first] += y1 > y0 ? 1 : -1;
    }
  });
  for (let row = 0; row < SIZE; row++) for (let column = 0, around = 0; column < SIZE; column++) {
    around += turns[row * (SIZE + 1) + column];
    if (around) mask[row * SIZE + column] = 1;
  }
}

function drawLine(mask, points) {
  const reach = (from, to, grow) => Math.min(SIZE, Math.max(0, grow < 0 ? Math.floor(Math.min(from, to) + grow) : Math.ceil(Math.max(from, to) + grow)));
  for (let i = 0; i < Math.max(1, points.length - 1); i++) {
    const [x0, y0] = points[i], [x1, y1] = points[Math.min(i + 1, points.length - 1)];
    const alongX = x1 - x0, alongY = y1 - y0, length = Math.max(alongX * alongX + alongY * alongY, 1e-12);
    const right = reach(x0, x1, PEN), bottom = reach(y0, y1, PEN);
    for (let y = reach(y0, y1, -PEN); y < bottom; y++) for (let x = reach(x0, x1, -PEN); x < right; x++) {
      const awayX = x + 0.5 - x0, awayY = y + 0.5 - y0;
      const share = Math.min(1, Math.max(0, (awayX * alongX + awayY * alongY) / length));
      if ((awayX - share * alongX) ** 2 + (awayY - share * alongY) ** 2 <= PEN * PEN) mask[y * SIZE + x] = 1;
    }
  }
}

// grain holds whole numbers, LEVELS to one standard deviation.
export function pictureOf(mask, grain, { noise, shade, draw }) {
  return Float64Array.from(mask, (inside, at) => {
    const light = ((at % SIZE) + Math.floor(at / SIZE)) / (2 * (SIZE - 1)) - 0.5;
    return 0.5 + CONTRAST * (inside - 0.5) + shade * light + noise * grain[(at + JUMP * draw) % grain.length] / LEVELS;
  });
}

// Pixels at most BAND steps from a change, up, down, left and right: course_lib.unet.border.
export function nearBorder(mask) {
  let near = beside(mask, (one, other) => one !== other);
  for (let step = 1; step < BAND; step++) {
    const grown = beside(near, (one, other) => one || other);
    near = near.map((is, at) => is | grown[at]);
  }
  return near;
}

function beside(values, isHit) {
  const found = new Uint8Array(values.length);
  values.forEach((value, at) => {
    if (at % SIZE < SIZE - 1 && isHit(value, values[at + 1])) found[at] = found[at + 1] = 1;
    if (at + SIZE < values.length && isHit(value, values[at + SIZE])) found[at] = found[at + SIZE] = 1;
  });
  return found;
}

// Intersection over union, in all the picture and near borders, and what is wrong.
export function scoresOf(mask, probabilities, band) {
  const counts = { common: 0, either: 0, nearCommon: 0, nearEither: 0, missed: 0, invented: 0 };
  mask.forEach((inside, at) => {
    const found = probabilities[at] > 0.5 ? 1 : 0, common = inside & found, either = inside | found;
    counts.common += common; counts.either += either;
    if (band[at]) { counts.nearCommon += common; counts.nearEither += either; }
    if (inside && !found) counts.missed += 1;
    if (!inside && found) counts.invented += 1;
  });
  const share = (common, either) => (either ? common / either : 1);
  return { iou: share(counts.common, counts.either), near: share(counts.nearCommon, counts.nearEither), missed: counts.missed, invented: counts.invented };
}
