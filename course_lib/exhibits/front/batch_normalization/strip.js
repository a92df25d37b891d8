// One axis of numbers: how all images are distributed, the batch as ticks, mean and deviation as a
// bar, and one marked number. All strips share one scale, so that they can be compared.

import { element, number } from "../common/page.js";

export const REACH = 6;
const HEIGHT = 100, FLOOR = 82, BINS = 72;
const SPACE = "http://www.w3.org/2000/svg";

const shape = (name, attributes = {}) => {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

// Height over the axis at evenly spaced places, the highest 1: a histogram, smoothed a little.
export function outlineOf(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) { if (value < low) low = value; if (value > high) high = value; }
  const step = (high - low) / BINS || 1, pad = 3, counts = new Float64Array(BINS + 2 * pad);
  for (const value of values) counts[pad + Math.min(BINS - 1, Math.floor((value - low) / step))]++;
  const smooth = (list) => list.map((count, i) => ((list[i - 1] ?? 0) + 2 * count + (list[i + 1] ?? 0)) / 4);
  const drawn = smooth(smooth(counts)), most = Math.max(...drawn);
  return Array.from(drawn, (count, i) => [low + (i - pad + 0.5) * step, count / most]);
}

const kept = (x) => Math.max(-1.5 * REACH, Math.min(1.5 * REACH, x)).toFixed(3);

export class Strip {
  constructor(title, { cut = false, bars = ["batch"] } = {}) {
    this.paths = Object.fromEntries(["grid", "zero", "all", "others", "rug", ...bars.map((name) => `bar-${name}`), "mark-under", "mark"]
      .map((name) => [name, shape("path", { class: `strip-${name}` })]));
    const ground = cut ? [shape("rect", { class: "strip-cut", x: -REACH, y: 0, width: REACH, height: HEIGHT })] : [];
    this.svg = shape("svg", { class: "strip", viewBox: `${-REACH} 0 ${2 * REACH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
    this.svg.append(...ground, ...Object.values(this.paths));
    let lines = "";
    for (let x = -REACH + 2; x < REACH; x += 2) if (x) lines += `M${x} 0V${HEIGHT}`;
    this.paths.grid.setAttribute("d", lines);
    this.paths.zero.setAttribute("d", `M0 0V${HEIGHT}`);
    const ends = element("div", { class: "strip-ticks", "aria-hidden": "true" },
      ...[-4, -2, 0, 2, 4].map((x) => element("span", { style: `left: ${50 + 50 * x / REACH}%` }, number(x))));
    this.caption = element("p", { class: "exhibit-caption" }, title);
    this.note = element("p", { class: "exhibit-note" });
    this.box = element("div", { class: "exhibit-figure" }, this.caption,
      element("div", { class: "exhibit-scale" }, this.svg, ends), this.note);
  }

  // `line` maps what came in to what is shown here.
  show({ outline, values, line: { scale, shift }, bars, marked, others = [], text }) {
    const at = (value) => kept(value * scale + shift), set = (name, path) => this.paths[name].setAttribute("d", path);
    const curve = outline.map(([x, y]) => `${at(x)} ${(FLOOR - 70 * y).toFixed(1)}`).join("L");
    set("all", `M${at(outline[0][0])} ${FLOOR}L${curve}L${at(outline.at(-1)[0])} ${FLOOR}Z`);
    let ticks = "";
    for (const value of values) ticks += `M${at(value)} ${FLOOR}v${HEIGHT - FLOOR}`;
    set("rug", ticks);
    set("others", others.map((value) => `M${kept(value)} ${FLOOR - 26}v20`).join(""));
    // A line of no length with round ends is a dot, whatever the strip's proportions.
    bars.forEach(([name, mean, deviation], i) =>
      set(`bar-${name}`, `M${kept(mean - deviation)} ${5 + 9 * i}H${kept(mean + deviation)}M${kept(mean)} ${5 + 9 * i}v12`));
    const edge = REACH - 0.06, place = Math.max(-edge, Math.min(edge, marked * scale + shift));
    const here = `M${place.toFixed(3)} ${FLOOR - 8}V${HEIGHT}`;
    set("mark-under", here);
    set("mark", here);
    this.svg.setAttribute("aria-label", text);
  }
}
