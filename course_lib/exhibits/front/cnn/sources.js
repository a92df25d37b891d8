// What one number of a map was made of, drawn: windows above kernels and their sums of products, or
// the four numbers of which a maximum keeps one.

import { element, isDark, number } from "../common/page.js";
import { signedColour } from "../common/picture.js";

const PER_ROW = 8;

export class SourcesView {
  constructor() {
    this.canvas = element("canvas", { class: "cnn-sources", role: "img" });
    this.observer = new ResizeObserver(([entry]) => { this.cssWidth = entry.contentRect.width; this.paint(); });
    this.observer.observe(this.canvas);
  }

  stop() { this.observer.disconnect(); }

  describe(text) { if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text); }

  // parts: [{ window, kernel, sum }]; without a kernel the largest number of the window is framed.
  show(parts, brightest, reach) { Object.assign(this, { parts, brightest, reach }); this.paint(); }

  paint() {
    if (!this.cssWidth || !this.parts) return;
    const ratio = globalThis.devicePixelRatio || 1, { parts, canvas } = this, single = parts.length === 1;
    const across = single ? 2 : Math.min(PER_ROW, parts.length), room = this.cssWidth / across;
    const taps = parts[0].window.length, cell = Math.min(single ? 46 : 17, (room - 8) / taps);
    const block = single ? cell * taps + 30 : 2 * cell * taps + 30, rows = Math.ceil(parts.length / (single ? 1 : across));
    const height = Math.round(rows * block + 4);
    canvas.style.height = `${height}px`;
    const wide = Math.round(this.cssWidth * ratio), high = Math.round(height * ratio);
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.cssWidth, height);
    this.ink = getComputedStyle(canvas).getPropertyValue("--ink");
    this.line = getComputedStyle(canvas).getPropertyValue("--line");
    parts.forEach((part, place) => {
      const x = (place % across) * room, y = Math.floor(place / across) * block;
      if (single) this.one(context, part, x, y, cell, room); else this.column(context, part, x, y, cell);
    });
  }

  one(context, { window, kernel, sum }, x, y, cell, room) {
    const side = cell * window.length;
    this.grid(context, window, x, y + 20, cell, (value) => this.grey(value), true);
    this.text(context, kernel ? "window" : "the four numbers", x, y + 13, "left");
    if (!kernel) {
      const flat = window.flat(), at = flat.indexOf(Math.max(...flat)), size = window.length;
      context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue("--orange");
      context.lineWidth = 4;
      context.strokeRect(x + (at % size) * cell + 2, y + 20 + Math.floor(at / size) * cell + 2, cell - 4, cell - 4);
      return this.text(context, `largest: ${number(sum, 2)}`, x + side + 14, y + 20 + side / 2, "left");
    }
    this.text(context, "kernel", x + room, y + 13, "left");
    this.grid(context, kernel, x + room, y + 20, cell, (value) => this.signed(value), true);
  }

  column(context, { window, kernel, sum }, x, y, cell) {
    const side = cell * window.length;
    this.grid(context, window, x, y + 2, cell, (value) => this.grey(value));
    this.grid(context, kernel, x, y + side + 6, cell, (value) => this.signed(value));
    this.text(context, number(sum, 2), x + side / 2, y + 2 * side + 21, "center");
  }

  grey(value) { const level = Math.round(255 * Math.min(1, Math.max(0, value / (this.brightest || 1)))); return [level, level, level]; }

  signed(value) { return signedColour(value / this.reach, isDark()); }

  grid(context, values, x, y, cell, colour, withNumbers = false) {
    values.forEach((row, i) => row.forEach((value, j) => {
      const [r, g, b] = colour(value);
      context.fillStyle = `rgb(${r}, ${g}, ${b})`;
      context.fillRect(x + j * cell, y + i * cell, cell, cell);
      if (withNumbers) this.text(context, number(value, 2), x + (j + 0.5) * cell, y + (i + 0.5) * cell + 4, "center", r * 0.3 + g * 0.59 + b * 0.11 > 128 ? "#000" : "#fff");
    }));
    Object.assign(context, { strokeStyle: this.line, lineWidth: 1 });
    context.strokeRect(x + 0.5, y + 0.5, cell * values[0].length - 1, cell * values.length - 1);
  }

  text(context, words, x, y, align, colour = this.ink) {
    Object.assign(context, { font: "11.5px system-ui, sans-serif", fillStyle: colour, textAlign: align, textBaseline: "alphabetic" });
    context.fillText(words, x, y);
  }
}
