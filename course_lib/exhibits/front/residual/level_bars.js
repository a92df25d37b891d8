// One bar a layer on a logarithmic scale: above the line of 1 it has grown, below it has shrunk.

import { element, write } from "../common/page.js";
import { clamp } from "../common/picture.js";

const SPACE = "http://www.w3.org/2000/svg", HEIGHT = 100, RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

const shape = (name, attributes) => {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

export const powerOfTen = (exponent) =>
  (exponent ? `10${exponent < 0 ? "⁻" : ""}${[...String(Math.abs(exponent))].map((digit) => RAISED[digit]).join("")}` : "1");

// 0.0031 and 3.1 × 10⁻⁷: no more digits than a bar can show.
export function magnitude(value) {
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  if (exponent >= -3 && exponent < 5) return String(Number(value.toPrecision(2)));
  const [head, power] = value.toExponential(1).split("e");
  return `${head} × ${powerOfTen(Number(power))}`;
}

// Whole steps of four decades around all values, so that a small change moves bars and not the scale.
export function decades(lists) {
  const logs = lists.flat().map((value) => Math.log10(Math.max(value, 1e-300)));
  return [Math.min(-2, 4 * Math.floor((Math.min(...logs) + 2) / 4) - 2), Math.max(2, 4 * Math.ceil((Math.max(...logs) - 2) / 4) + 2)];
}

export class LevelBars {
  // onPick gets the number of a layer, counted from 0.
  constructor(name, className, onPick) {
    Object.assign(this, { name, layer: 0, layers: 1 });
    this.parts = Object.fromEntries(["grid", "shapes", "one", "here"].map((part) => [part, shape("path", { class: `level-${part}` })]));
    this.svg = shape("svg", { class: `level-bars ${className}`, preserveAspectRatio: "none", tabindex: 0, role: "slider",
      "aria-label": name, "aria-valuemin": 1, "aria-orientation": "horizontal" });
    this.svg.append(...Object.values(this.parts));
    this.labels = [0, 1, 2].map(() => element("span"));
    this.title = element("p", { class: "exhibit-caption" });
    this.scale = element("div", { class: "level-labels", "aria-hidden": "true" }, ...this.labels);
    this.box = element("div", { class: "exhibit-figure" }, this.title, element("div", { class: "level-chart" }, this.scale, this.svg));
    const pick = (event) => {
      const box = this.svg.getBoundingClientRect();
      onPick(clamp(Math.floor((event.clientX - box.left) / box.width * this.layers), 0, this.layers - 1));
    };
    this.svg.addEventListener("pointerdown", (event) => { this.svg.setPointerCapture(event.pointerId); pick(event); });
    this.svg.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" || event.buttons) pick(event); });
    this.svg.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 8 : 1, by = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step }[event.key];
      const to = { Home: 0, End: this.layers - 1 }[event.key] ?? (by && clamp(this.layer + by, 0, this.layers - 1));
      if (to === undefined) return;
      event.preventDefault();
      this.layer = to;  // the next key may come before the next frame
      onPick(to);
    });
  }

  show(values, [low, high], layer, title, said) {
    Object.assign(this, { layer, layers: values.length });
    const y = (power) => ((high - power) / (high - low) * HEIGHT).toFixed(2), level = (value) => y(clamp(Math.log10(Math.max(value, 1e-300)), low, high));
    this.svg.setAttribute("viewBox", `0 0 ${values.length} ${HEIGHT}`);
    const bar = (value, i) => `M${i + 0.12} ${y(0)}V${level(value)}h0.76V${y(0)}z`;
    this.parts.shapes.setAttribute("d", values.map(bar).join(""));
    this.parts.here.setAttribute("d", bar(values[layer], layer));
    this.parts.one.setAttribute("d", `M0 ${y(0)}H${values.length}`);
    let grid = "";
    for (let power = 4 * Math.ceil(low / 4); power <= high; power += 4) grid += `M0 ${y(power)}H${values.length}`;
    this.parts.grid.setAttribute("d", grid);
    [high, 0, low].forEach((power, i) => {
      write(this.labels[i], powerOfTen(power));
      this.labels[i].style.top = `${y(power)}%`;
    });
    write(this.title, title);
    for (const [name, value] of [["valuemax", values.length], ["valuenow", layer + 1], ["valuetext", said]]) this.svg.setAttribute(`aria-${name}`, value);
  }
}
