// All maps of one layer side by side on one canvas; one of them can be chosen.

import { element } from "./page.js";

const GAP = 4, SMALLEST = 30, FEW = 8;

export class MapSheet {
  constructor(onChoose) {
    Object.assign(this, { onChoose, chosen: -1, columns: FEW });
    this.canvas = element("canvas", { class: "cnn-sheet", role: "img", ...(onChoose ? { tabindex: 0 } : {}) });
    this.pixels = document.createElement("canvas");
    this.observer = new ResizeObserver(([entry]) => { this.cssWidth = entry.contentRect.width; this.arrange(); this.paint(); });
    this.observer.observe(this.canvas);
    if (onChoose) this.listen();
  }

  stop() { this.observer.disconnect(); }

  // The next key may come before the picture is drawn anew.
  choose(map) { this.chosen = map; this.onChoose(map); }

  describe(text) { if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text); }

  listen() {
    this.canvas.addEventListener("pointerdown", (event) => {
      const box = this.canvas.getBoundingClientRect(), cell = box.width / this.columns;
      const row = Math.floor((event.clientY - box.top) / cell), column = Math.floor((event.clientX - box.left) / cell);
      const map = row * this.columns + column;
      if (map >= 0 && map < this.planes.length) this.choose(map);
    });
    this.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }[event.key];
      if (!step) return;
      event.preventDefault();
      const from = this.chosen < 0 ? (step > 0 ? -step : 0) : this.chosen, to = from + step;
      if (to >= 0 && to < this.planes.length) this.choose(to);
      else if (this.chosen < 0) this.choose(0);
    });
  }

  // lows and highs: the values of the palette's ends, for each map. In memory one map stands below
  // the other; the canvas places them.
  show(planes, colours, lows, highs, chosen = -1) {
    const { height, width } = planes[0];
    Object.assign(this, { planes, chosen, height, width });
    if (this.pixels.width !== width || this.pixels.height !== height * planes.length) {
      Object.assign(this.pixels, { width, height: height * planes.length });
      this.data = this.pixels.getContext("2d").createImageData(width, height * planes.length);
      this.packed = new Uint32Array(this.data.data.buffer);
      this.arrange();
    }
    planes.forEach(({ values }, map) => {
      const low = lows[map], scale = highs[map] > low ? 255 / (highs[map] - low) : 0;
      for (let i = 0, at = map * values.length; i < values.length; i++, at++) {
        const level = (values[i] - low) * scale;
        this.packed[at] = colours[level <= 0 ? 0 : level >= 255 ? 255 : Math.round(level)];
      }
    });
    this.pixels.getContext("2d").putImageData(this.data, 0, 0);
    this.paint();
  }

  // All in one row, unless they would become too small to be told apart.
  arrange() {
    if (!this.planes) return;
    const { length } = this.planes;
    this.columns = Math.max(FEW, this.cssWidth / length < SMALLEST ? FEW : length);
    this.canvas.style.aspectRatio = `${this.columns} / ${Math.ceil(length / this.columns)}`;
  }

  paint() {
    if (!this.cssWidth || !this.planes) return;
    const ratio = globalThis.devicePixelRatio || 1, cell = this.cssWidth * ratio / this.columns, gap = GAP * ratio;
    const width = Math.round(this.cssWidth * ratio), height = Math.round(cell * Math.ceil(this.planes.length / this.columns));
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    const ink = getComputedStyle(this.canvas), accent = ink.getPropertyValue("--accent"), line = ink.getPropertyValue("--line");
    this.planes.forEach((_, map) => {
      const x = Math.round((map % this.columns) * cell + gap / 2), y = Math.round(Math.floor(map / this.columns) * cell + gap / 2), side = Math.round(cell - gap);
      context.drawImage(this.pixels, 0, map * this.height, this.width, this.height, x, y, side, side);
      const isChosen = map === this.chosen, wide = (isChosen ? 3 : 1) * ratio;
      Object.assign(context, { strokeStyle: isChosen ? accent : line, lineWidth: wide });
      context.strokeRect(x - wide / 2 + (isChosen ? 0 : ratio / 2), y - wide / 2 + (isChosen ? 0 : ratio / 2), side + wide - (isChosen ? 0 : ratio), side + wide - (isChosen ? 0 : ratio));
    });
  }
}
