// A square table of numbers on a canvas, with a border of padding, that can be pointed at.

import { element, number } from "../common/page.js";

export class NumberTable {
  // onPick gets row and column, or steps of arrow keys.
  constructor(onPick) {
    this.canvas = element("canvas", { class: "exhibit-picture pool-table", role: "img", tabindex: 0 });
    this.observer = new ResizeObserver(([entry]) => { this.cssWidth = entry.contentRect.width; this.paint(); });
    this.observer.observe(this.canvas);
    const pick = (event) => {
      const box = this.canvas.getBoundingClientRect(), cell = box.width / this.across;
      const row = Math.floor((event.clientY - box.top) / cell) - this.before, column = Math.floor((event.clientX - box.left) / cell) - this.before;
      if (row >= 0 && column >= 0 && row < this.size && column < this.size) onPick(row, column, true);
    };
    this.canvas.addEventListener("pointerdown", pick);
    this.canvas.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") pick(event); });
    this.canvas.addEventListener("keydown", (event) => {
      const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!move) return;
      event.preventDefault();
      onPick(...move, false);
    });
  }

  stop() { this.observer.disconnect(); }

  describe(text) { if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text); }

  // colours: of each cell's ground; frames: [row, column, height, width, colour].
  show({ values, size, before = 0, after = 0, digits = 2, colours = [], dim = [], frames = [] }) {
    Object.assign(this, { values, size, before, after, digits, colours, dim, frames, across: size + before + after });
    this.paint();
  }

  paint() {
    if (!this.cssWidth || !this.values) return;
    const ratio = globalThis.devicePixelRatio || 1, side = Math.round(this.cssWidth * ratio), { canvas } = this;
    if (canvas.width !== side || canvas.height !== side) Object.assign(canvas, { width: side, height: side });
    const context = canvas.getContext("2d"), style = getComputedStyle(canvas), of = (name) => style.getPropertyValue(name);
    const cell = side / this.across, ink = of("--ink"), quiet = of("--quiet"), line = of("--line");
    context.fillStyle = of("--panel");
    context.fillRect(0, 0, side, side);
    Object.assign(context, { textAlign: "center", textBaseline: "middle", lineWidth: ratio });
    const texts = this.values.map((value) => number(value, this.digits).replace(/^0\./, ".")), longest = Math.max(...texts.map((text) => text.length));
    context.font = `${Math.min(15 * ratio, cell * (longest > 2 ? 0.4 : 0.5))}px system-ui, sans-serif`;
    this.values.forEach((value, at) => {
      const x = (at % this.size + this.before) * cell, y = (Math.floor(at / this.size) + this.before) * cell;
      context.fillStyle = this.colours[at] ?? of("--ground");
      context.fillRect(x, y, cell, cell);
      context.strokeStyle = line;
      context.strokeRect(x, y, cell, cell);
      context.fillStyle = this.dim[at] ? quiet : ink;
      context.fillText(texts[at], x + cell / 2, y + cell / 2);
    });
    for (const [row, column, height, width, colour] of this.frames) {
      Object.assign(context, { strokeStyle: of(colour), lineWidth: 3 * ratio });
      context.strokeRect((column + this.before) * cell + 1.5 * ratio, (row + this.before) * cell + 1.5 * ratio, width * cell - 3 * ratio, height * cell - 3 * ratio);
    }
  }
}
