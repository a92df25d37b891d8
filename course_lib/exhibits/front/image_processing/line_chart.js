// One curve over the places of a line, with marks, a threshold and a cursor that follows the hand.

import { element, number } from "../common/page.js";
import { drawn } from "./svg.js";

const HEIGHT = 100;

export class LineChart {
  // onPlace gets the share of the width that was pointed at.
  constructor(title, onPlace) {
    this.paths = Object.fromEntries(["zero", "threshold", "cursor", "curve", "marks", "here"]
      .map((name) => [name, drawn("path", { class: `chart-${name}` })]));
    this.svg = drawn("svg", { class: "line-chart", preserveAspectRatio: "none", role: "img" }, ...Object.values(this.paths));
    this.labels = [0, 1, 2].map(() => element("span"));
    this.box = element("div", { class: "exhibit-figure" }, element("p", { class: "exhibit-caption" }, title),
      element("div", { class: "chart-box" }, element("div", { class: "chart-labels", "aria-hidden": "true" }, ...this.labels), this.svg));
    const pick = (event) => {
      const box = this.svg.getBoundingClientRect();
      onPlace(Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)));
    };
    this.svg.addEventListener("pointerdown", (event) => { this.svg.setPointerCapture(event.pointerId); pick(event); });
    this.svg.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" || event.buttons) pick(event); });
  }

  // The curve's first entry stands at `offset`, in places; the chart ends at place `last`.
  show(values, { offset, last, low, high, here, marks = [], threshold = 0, text }) {
    const y = (value) => ((high - value) / (high - low) * HEIGHT).toFixed(2), x = (i) => i + offset;
    // A line of no length with round ends is a dot, whatever the chart's proportions.
    const dot = (i) => `M${x(i)} ${y(values[i])}h0`, across = (value) => `M0 ${y(value)}H${last}`;
    this.svg.setAttribute("viewBox", `0 0 ${last} ${HEIGHT}`);
    let line = "";
    for (let i = 0; i < values.length; i++) line += `${i ? "L" : "M"}${x(i)} ${y(values[i])}`;
    const shapes = { curve: line, here: dot(here), cursor: `M${x(here)} 0V${HEIGHT}`, marks: marks.map(dot).join(""),
      zero: low < 0 ? across(0) : "", threshold: threshold ? across(threshold) + across(-threshold) : "" };
    for (const [name, path] of Object.entries(shapes)) this.paths[name].setAttribute("d", path);
    [high, (high + low) / 2, low].forEach((value, i) => { this.labels[i].textContent = number(value, 0); });
    this.svg.setAttribute("aria-label", text);
  }
}
