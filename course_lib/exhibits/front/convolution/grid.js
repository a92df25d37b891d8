// Cells as a drawing that scales: padding, window, cells that nothing reads, and the output.

import { uniqueId } from "../common/page.js";

const SPACE = "http://www.w3.org/2000/svg";
const shape = (tag, attributes = {}) => {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
const CELL = 20;

// One path for all cells of a kind: 400 cells redraw in well under a frame.
const squares = (cells) => cells.map(([row, column]) => `M${column * CELL} ${row * CELL}h${CELL}v${CELL}h-${CELL}z`).join("");
const product = (rows, columns) => rows.flatMap((row) => columns.map((column) => [row, column]));
const count = (from, to) => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

export const inputWidth = (columns) => columns.size + columns.before + columns.after;
// Wide enough for a caption, whatever the output.
export const outputWidth = (columns) => Math.max(columns.output, Math.ceil(0.4 * inputWidth(columns)));

export class Grid {
  constructor(onPick) {
    const hatch = uniqueId("hatch");
    this.svg = shape("svg", { class: "size-grid", role: "img", preserveAspectRatio: "xMinYMin meet" });
    const pattern = shape("pattern", { id: hatch, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    pattern.append(shape("rect", { class: "hatch", width: 1.1, height: 5 }));
    const defs = shape("defs");
    defs.append(pattern);
    this.layers = Object.fromEntries(["zero", "cell", "done", "unread", "tap", "now"].map((name) => [name, shape("path", { class: `is-${name}` })]));
    this.layers.unread.setAttribute("fill", `url(#${hatch})`);
    this.outline = shape("rect", { class: "window-outline" });
    this.zeros = shape("g", { class: "zeros", "aria-hidden": "true" });
    this.svg.append(defs, ...Object.values(this.layers), this.zeros, this.outline);
    if (onPick) this.listen(onPick);
  }

  describe(text) { this.svg.setAttribute("aria-label", text); }

  frame(top, left, height, width) {
    this.view = [left * CELL - 1.5, top * CELL - 1.5, width * CELL + 3, height * CELL + 3];
    this.svg.setAttribute("viewBox", this.view.join(" "));
  }

  draw(layers, outline) {
    for (const [name, path] of Object.entries(this.layers)) path.setAttribute("d", squares(layers[name] ?? []));
    this.outline.toggleAttribute("hidden", !outline);
    if (outline) ["y", "x", "height", "width"].forEach((name, i) => this.outline.setAttribute(name, outline[i] * CELL));
  }

  showInput(rows, columns, here) {
    const outside = product(count(-rows.before, rows.size + rows.after), count(-columns.before, columns.size + columns.after))
      .filter(([row, column]) => row < 0 || column < 0 || row >= rows.size || column >= columns.size);
    const cells = product(count(0, rows.size), count(0, columns.size));
    const corner = here && [here[0] * rows.stride - rows.before, here[1] * columns.stride - columns.before];
    this.frame(-rows.before, -columns.before, rows.size + rows.before + rows.after, columns.size + columns.before + columns.after);
    this.draw({
      zero: outside, cell: cells,
      unread: here ? cells.filter(([row, column]) => !(rows.read[row] && columns.read[column])) : [],
      tap: here ? product(rows.taps.map((tap) => corner[0] + tap), columns.taps.map((tap) => corner[1] + tap)) : [],
    }, here && [...corner, rows.extent, columns.extent]);
    this.writeZeros(outside);
  }

  writeZeros(cells) {
    const key = cells.join(";");
    if (key === this.zerosShown) return;
    this.zerosShown = key;
    this.zeros.replaceChildren(...cells.map(([row, column]) => {
      const zero = shape("text", { x: (column + 0.5) * CELL, y: (row + 0.5) * CELL });
      zero.textContent = "0";
      return zero;
    }));
  }

  // As high as the padded input, so that one cell is one cell on both sides.
  showOutput(rows, columns, here, position) {
    this.frame(0, 0, rows.size + rows.before + rows.after, outputWidth(columns));
    this.columns = columns.output; this.rows = rows.output;
    const cells = here ? product(count(0, rows.output), count(0, columns.output)) : [];
    this.draw({ cell: cells, done: cells.slice(0, position), now: here ? [here] : [] });
  }

  listen(onPick) {
    this.svg.setAttribute("tabindex", "0");
    this.svg.addEventListener("pointerdown", (event) => {
      const box = this.svg.getBoundingClientRect(), [left, top, width, height] = this.view;
      const scale = Math.min(box.width / width, box.height / height);
      const row = Math.floor(((event.clientY - box.top) / scale + top) / CELL), column = Math.floor(((event.clientX - box.left) / scale + left) / CELL);
      if (row >= 0 && column >= 0 && row < this.rows && column < this.columns) onPick(row, column, true);
    });
    this.svg.addEventListener("keydown", (event) => {
      const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!move) return;
      event.preventDefault();
      onPick(...move, false);
    });
  }
}
