// A block as a drawing: maps are dots in columns, kernels the lines between them.

import { mapsPerDot, wiring } from "./costs.js";

const SVG = "http://www.w3.org/2000/svg", WIDTH = 300, HEIGHT = 214, SIDE = 24, TOP = 14, FOOT = 28;

function shape(tag, attributes, parent) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}

// Dots of one column, evenly spread over a height that grows with their number.
export function column(count, most) {
  const high = HEIGHT - TOP - FOOT, tall = high * Math.min(1, Math.sqrt(count / most));
  return Array.from({ length: count }, (_, i) => TOP + high / 2 + (count > 1 ? tall * (i / (count - 1) - 0.5) : 0));
}

const lineThrough = (x0, y0, x1, y1) => `M${x0.toFixed(1)} ${y0.toFixed(1)}L${x1.toFixed(1)} ${y1.toFixed(1)}`;

// One path for all kernels between two columns: each dot to each, or to its own ones alone.
export function kernelsBetween(left, right, x0, x1, mixes) {
  const parts = [];
  if (mixes) for (const a of left) for (const b of right) parts.push(lineThrough(x0, a, x1, b));
  else right.forEach((b, i) => parts.push(lineThrough(x0, left[Math.floor(i * left.length / right.length)], x1, b)));
  return { path: parts.join(""), count: parts.length };
}

export class Flow {
  constructor(block) {
    this.block = block;
    this.box = document.createElementNS(SVG, "svg");
    for (const [name, value] of Object.entries({ viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "flow-drawing", role: "img" })) this.box.setAttribute(name, value);
    this.lines = [0, 1, 2].map(() => shape("path", { class: "flow-kernels" }, this.box));
    this.shortcut = shape("path", { class: "flow-shortcut" }, this.box);
    this.dots = shape("path", { class: "flow-maps" }, this.box);
    this.heads = [0, 1, 2, 3].map(() => shape("text", { class: "flow-count", y: HEIGHT - 6, "text-anchor": "middle" }, this.box));
  }

  draw(settings) {
    const { maps, between } = wiring(this.block, settings), each = mapsPerDot(settings);
    const counts = maps.map((count) => Math.ceil(count / each));
    const most = Math.max(...counts, 16), xs = counts.map((_, i) => SIDE + i * (WIDTH - 2 * SIDE) / (counts.length - 1));
    const columns = counts.map((count) => column(count, most));
    this.lines.forEach((path, i) => {
      const one = between[i];
      const { path: d, count } = one ? kernelsBetween(columns[i], columns[i + 1], xs[i], xs[i + 1], one.mixes) : { path: "", count: 0 };
      path.setAttribute("d", d);
      path.setAttribute("class", `flow-kernels ${one && one.large ? "flow-large" : "flow-small"}`);
      // Many lines must not become one black patch.
      path.style.opacity = Math.max(one && one.large ? 0.6 : 0.15, Math.min(0.9, 9 / Math.sqrt(count + 80))).toFixed(2);
    });
    const radius = Math.max(1.1, Math.min(3.2, 60 / most));
    this.dots.setAttribute("d", columns.map((ys, i) => ys.map((y) =>
      `M${(xs[i] - radius).toFixed(1)} ${y.toFixed(1)}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`).join("")).join(""));
    this.heads.forEach((head, i) => {
      head.textContent = maps[i] ?? "";
      head.setAttribute("x", xs[i] ?? 0);
    });
    const added = this.block === "inverted" && settings.strides === 1 && settings.channels === settings.filters;
    this.shortcut.setAttribute("d", added ? `M${xs[0]} ${Math.min(...columns[0]) - 5}C${xs[0] + 20} -6 ${xs.at(-1) - 20} -6 ${xs.at(-1)} ${Math.min(...columns.at(-1)) - 5}` : "");
    this.box.setAttribute("aria-label", `Maps: ${maps.join(" to ")}. ${added ? "A shortcut adds the input to the output." : "No shortcut."}`);
  }
}
