// Arrays shown as pictures: sharp pixels at any device resolution, a window drawn on top, a cursor
// that follows mouse, touch and arrow keys.

import { element, isDark, write } from "./page.js";

// From zero outwards, on a light and on a dark page: purple below, orange above.
const RAMPS = {
  light: { below: [[255, 255, 255], [178, 171, 210], [84, 39, 136]], above: [[255, 255, 255], [253, 184, 99], [179, 88, 6]] },
  dark: { below: [[22, 27, 34], [109, 80, 168], [216, 204, 245]], above: [[22, 27, 34], [184, 98, 22], [255, 219, 170]] },
};

const mix = (from, to, share) => from.map((value, i) => Math.round(value + (to[i] - value) * share));

// t runs from -1 over 0, the colour of the page, to 1.
export function signedColour(t, dark = isDark()) {
  const [zero, middle, far] = RAMPS[dark ? "dark" : "light"][t < 0 ? "below" : "above"];
  const share = Math.min(1, Math.abs(t));
  return share < 0.5 ? mix(zero, middle, 2 * share) : mix(middle, far, 2 * share - 1);
}

// 256 colours, packed as a canvas stores them.
export function palette(kind, dark = isDark()) {
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const [r, g, b] = kind === "signed" ? signedColour((i - 128) / 127, dark)
      : Array.isArray(kind) ? kind.map((part) => part * i) : [i, i, i];
    return (255 << 24) | (b << 16) | (g << 8) | r;
  });
}

export function extremes(values) {
  let min = Infinity, max = -Infinity;
  for (const value of values) { if (value < min) min = value; if (value > max) max = value; }
  return [min, max];
}

export class Picture {
  constructor(onPick, attributes = {}) {
    this.canvas = element("canvas", { class: "exhibit-picture", role: "img", ...attributes });
    if (onPick && !attributes.tabindex) this.canvas.setAttribute("tabindex", "0");
    this.pixels = document.createElement("canvas");
    this.marks = [];
    this.observer = new ResizeObserver(([entry]) => {
      this.cssWidth = entry.contentRect.width;
      this.paint();
    });
    this.observer.observe(this.canvas);
    if (onPick) this.listen(onPick);
  }

  stop() { this.observer.disconnect(); }

  describe(text) { if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text); }

  // low and high are the values of the palette's first and last colour.
  show(values, height, width, colours, low, high) {
    if (height * width === 0) return;
    if (this.height !== height || this.width !== width) {
      Object.assign(this, { height, width });
      Object.assign(this.pixels, { height, width });
      this.context = this.pixels.getContext("2d");
      this.data = this.context.createImageData(width, height);
      this.packed = new Uint32Array(this.data.data.buffer);
      this.canvas.style.aspectRatio = `${width} / ${height}`;
    }
    const scale = high > low ? 255 / (high - low) : 0;
    for (let i = 0; i < this.packed.length; i++) {
      const level = (values[i] - low) * scale;
      this.packed[i] = colours[level <= 0 ? 0 : level >= 255 ? 255 : Math.round(level)];
    }
    this.context.putImageData(this.data, 0, 0);
  }

  // One colour over the pixels whose entry in `places` is `wanted`, on what `show` drew.
  dye(places, wanted, colour) {
    for (let i = 0; i < this.packed.length; i++) if (places[i] === wanted) this.packed[i] = colour;
    this.context.putImageData(this.data, 0, 0);
  }

  // Marks are rectangles in pixels of the array: [row, column, height, width].
  paint(marks = this.marks) {
    this.marks = marks;
    if (!this.cssWidth || !this.width) return;
    const { canvas, pixels } = this, ratio = globalThis.devicePixelRatio || 1;
    const width = Math.round(this.cssWidth * ratio), height = Math.round(width * this.height / this.width);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(pixels, 0, 0, width, height);
    const unit = width / this.width, line = Math.max(1, Math.round(1.5 * ratio));
    for (const [row, column, rows, columns] of marks) {
      const grow = line / 2;
      const box = [column * unit - grow, row * unit - grow, columns * unit + 2 * grow, rows * unit + 2 * grow];
      // Two strokes, so that one of them stands out on any ground.
      context.lineWidth = 3 * line; context.strokeStyle = "#fff"; context.strokeRect(...box);
      context.lineWidth = line; context.strokeStyle = "#000"; context.strokeRect(...box);
    }
  }

  listen(onPick) {
    const { canvas } = this;
    const pick = (event) => {
      const box = canvas.getBoundingClientRect();
      onPick(Math.floor((event.clientY - box.top) / box.height * this.height),
        Math.floor((event.clientX - box.left) / box.width * this.width), true);
    };
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); pick(event); });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" || event.buttons) pick(event);
    });
    canvas.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 8 : 1;
      const move = { ArrowUp: [-step, 0], ArrowDown: [step, 0], ArrowLeft: [0, -step], ArrowRight: [0, step] }[event.key];
      if (!move) return;
      event.preventDefault();
      onPick(...move, false);
    });
  }
}

// Which number each colour stands for.
export class ScaleBar {
  constructor() {
    this.bar = element("div", { class: "scale-colours" });
    this.ends = [0, 1, 2].map(() => element("span"));
    this.box = element("div", { class: "exhibit-scale" }, this.bar, element("div", { class: "scale-ends" }, ...this.ends));
  }

  show(colours, texts) {
    const stops = Array.from({ length: 17 }, (_, i) => colours[Math.round(i * 255 / 16)])
      .map((packed) => `rgb(${packed & 255}, ${(packed >> 8) & 255}, ${(packed >> 16) & 255})`);
    this.bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    this.ends.forEach((end, i) => write(end, texts[i]));
  }
}

export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
