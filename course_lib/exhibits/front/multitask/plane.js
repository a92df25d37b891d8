// The plane of the two shared weights: lines of equal loss of both tasks, minima, and the way downhill.

import { element, uniqueId } from "../common/page.js";
import { clamp } from "../common/picture.js";
import { contour } from "../loss_landscape/camera.js";
import { drawn } from "../image_processing/svg.js";

export const REACH = 2.4, GRID = 41, SIDE = 400;
const PLACE = (value) => SIDE / 2 * (1 + value / REACH);
export const STEP = 0.1;

// Each line has twice the loss above the lowest that the line within it has.
export function levelsOf(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  return high - low < 1e-9 ? [] : [1, 2, 3, 4, 5, 6].map((k) => low + (high - low) / 2 ** k);
}

export const gridOf = (loss) => Array.from({ length: GRID * GRID }, (_, at) => {
  const place = (i) => REACH * (2 * i / (GRID - 1) - 1);
  return loss([place(at % GRID), -place(Math.floor(at / GRID))]);
});

function linesOf(values) {
  const spot = (i) => (SIDE * i / (GRID - 1)).toFixed(1);
  return levelsOf(values).flatMap((level) => contour(values, GRID, level))
    .map(([row, column, toRow, toColumn]) => `M${spot(column)} ${spot(row)}L${spot(toColumn)} ${spot(toRow)}`).join("");
}

export class Plane {
  constructor(onMove) {
    this.svg = drawn("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, class: "sharing-plane", role: "img", tabindex: "0" });
    this.tips = {};
    const defs = drawn("defs");
    for (const name of ["kind", "quantity", "both"]) {
      const id = uniqueId("tip");
      this.tips[name] = `url(#${id})`;
      defs.append(drawn("marker", { id, viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 5, markerHeight: 5, orient: "auto", class: `tip ${name}` }, drawn("path", { d: "M0 0L8 4L0 8z" })));
    }
    this.axes = drawn("path", { d: `M0 ${SIDE / 2}H${SIDE}M${SIDE / 2} 0V${SIDE}`, class: "axis" });
    this.lines = { kind: drawn("path", { class: "level kind" }), quantity: drawn("path", { class: "level quantity" }) };
    this.path = drawn("path", { class: "minima" });
    this.top = drawn("g");
    const label = (x, y, text) => drawn("text", { x, y, class: "axis-name" }, text);
    this.svg.append(defs, this.axes, this.lines.quantity, this.lines.kind, this.path, this.top,
      label(SIDE - 92, SIDE / 2 - 6, "first weight →"), label(SIDE / 2 + 6, 14, "↑ second weight"));
    this.listen(onMove);
  }

  describe(text) { if (this.svg.getAttribute("aria-label") !== text) this.svg.setAttribute("aria-label", text); }

  showLevels(grids) {
    for (const [name, line] of Object.entries(this.lines)) line.setAttribute("d", grids[name] ? linesOf(grids[name]) : "");
  }

  showPath(minima) {
    this.path.setAttribute("d", `M${minima.map((w) => this.spot(w).map((v) => v.toFixed(1)).join(" ")).join("L")}`);
  }

  spot([first, second]) { return [PLACE(clamp(first, -REACH, REACH)), PLACE(-clamp(second, -REACH, REACH))]; }

  showTop({ minima, here, downhill }) {
    const [x, y] = this.spot(here), parts = [];
    for (const [name, w] of Object.entries(minima)) {
      const [cx, cy] = this.spot(w);
      if (name === "both") parts.push(drawn("rect", { x: cx - 6, y: cy - 6, width: 12, height: 12, class: "best both", transform: `rotate(45 ${cx} ${cy})` }));
      else parts.push(drawn("circle", { cx, cy, r: 6.5, class: `best ${name}` }));
    }
    for (const [name, [first, second]] of Object.entries(downhill)) {
      const size = Math.hypot(first, second);
      if (size < 1e-6) continue;
      // The root of the length, so that short and long ones are both seen.
      const long = 46 * Math.sqrt(Math.min(size, 6)) / size;
      parts.push(drawn("line", { x1: x, y1: y, x2: x + first * long, y2: y - second * long, class: `arrow ${name}`, "marker-end": this.tips[name] }));
    }
    parts.push(drawn("circle", { cx: x, cy: y, r: 6, class: "here" }));
    this.top.replaceChildren(...parts);
  }

  listen(onMove) {
    const { svg } = this;
    let held = false;
    const pick = (event) => {
      const box = svg.getBoundingClientRect(), at = (share) => REACH * (2 * clamp(share, 0, 1) - 1);
      onMove([at((event.clientX - box.left) / box.width), -at((event.clientY - box.top) / box.height)], true);
    };
    svg.addEventListener("pointerdown", (event) => { held = true; svg.setPointerCapture(event.pointerId); pick(event); });
    svg.addEventListener("pointermove", (event) => { if (held) pick(event); });
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { held = false; });
    svg.addEventListener("keydown", (event) => {
      const move = { ArrowUp: [0, STEP], ArrowDown: [0, -STEP], ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0] }[event.key];
      if (!move) return;
      event.preventDefault();
      onMove(event.shiftKey ? move.map((value) => 5 * value) : move, false);
    });
  }
}

// A little picture of each mark, for the legend.
export function legend() {
  const mark = (shape, text) => element("span", { class: "sharing-mark" }, drawn("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, shape), text);
  return element("p", { class: "sharing-legend" },
    mark(drawn("circle", { cx: 8, cy: 8, r: 6, class: "best kind" }), "best for the kind alone"),
    mark(drawn("circle", { cx: 8, cy: 8, r: 6, class: "best quantity" }), "best for the quantity alone"),
    mark(drawn("rect", { x: 3, y: 3, width: 10, height: 10, class: "best both", transform: "rotate(45 8 8)" }), "best for the weighted sum"),
    mark(drawn("circle", { cx: 8, cy: 8, r: 5, class: "here" }), "where you are, and downhill from there"));
}
