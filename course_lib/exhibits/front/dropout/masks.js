// Masks of single numbers and of whole maps, and what the surviving neighbours say about the rest.
// The tests run Python on the same numbers.

// A number from 0 to below 1 for each place, without a state: Tommy Ettinger's mulberry32.
export function uniform(seed, place) {
  let mixed = (seed * 2654435761 + (place + 1) * 0x6d2b79f5) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
}

// 1 for what is kept. Maps lie one after the other, each row by row.
export function maskOf(kind, seed, rate, maps, size) {
  const kept = new Uint8Array(maps * size);
  for (let map = 0; map < maps; map++) {
    const whole = kind === "spatial" && uniform(seed, map) >= rate;
    for (let at = 0; at < size; at++)
      kept[map * size + at] = kind === "spatial" ? whole : uniform(seed, map * size + at) >= rate;
  }
  return kept;
}

export function dropped(values, kept, rate, training) {
  return Float64Array.from(values, (value, at) => (training ? (kept[at] ? value / (1 - rate) : 0) : value));
}

// How many of a pixel's eight neighbours survive, and their mean.
export function survivors(values, kept, map, row, column, height, width) {
  let count = 0, total = 0;
  for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++)
    for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) {
      const at = (map * height + y) * width + x;
      if ((y !== row || x !== column) && kept[at]) { count++; total += values[at]; }
    }
  return { count, mean: count ? total / count : NaN };
}

// Each dropped number as the mean of its surviving neighbours, or the map's mean where none is
// left; and the share of the variance of what was dropped that this explains.
export function rebuild(values, kept, means, height, width) {
  const guesses = Float64Array.from(values);
  let rest = 0, all = 0, missing = 0;
  for (let at = 0; at < values.length; at++) {
    if (kept[at]) continue;
    const column = at % width, row = Math.floor(at / width) % height, map = Math.floor(at / (width * height));
    const { count, mean } = survivors(values, kept, map, row, column, height, width);
    guesses[at] = count ? mean : means[map];
    rest += (values[at] - guesses[at]) ** 2;
    all += (values[at] - means[map]) ** 2;
    missing++;
  }
  return { guesses, missing, explained: missing && all ? 1 - rest / all : NaN };
}

export function meansOf(values, maps, size) {
  return Array.from({ length: maps }, (_, map) => values.slice(map * size, (map + 1) * size).reduce((a, b) => a + b, 0) / size);
}

// Maps side by side in rows of `across`, as one picture.
export function mosaic(values, maps, height, width, across) {
  const rows = Math.ceil(maps / across), tiled = new Float64Array(rows * height * across * width);
  for (let at = 0; at < values.length; at++) {
    const column = at % width, row = Math.floor(at / width) % height, map = Math.floor(at / (width * height));
    tiled[((Math.floor(map / across) * height + row) * across + map % across) * width + column] = values[at];
  }
  return { tiled, height: rows * height, width: across * width };
}
