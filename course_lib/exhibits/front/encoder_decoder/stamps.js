// One axis of an upsampling: each input pixel stamps its kernel, and what overlaps piles up.

import { clamp } from "../common/picture.js";

const SPACE = "http://www.w3.org/2000/svg", CELL = 20, TOP = 34, PILE = 74, SLICES = 3, FEW = 14;

const shape = (name, attributes = {}) => {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const square = (x, y, width = CELL) => `M${x.toFixed(2)} ${y}h${width}v${CELL}h-${width}z`;

// The first and last output pixel that an input pixel writes, cut off or not.
export function reachOf(matrix, pixel, way, kernelSize, strides, before) {
  if (way === "transposed") return [pixel * strides - before, pixel * strides - before + kernelSize - 1];
  const written = matrix.flatMap((row, place) => (row[pixel] ? [place] : []));
  return [written[0], written[written.length - 1]];
}

export class Stamps {
  constructor(onPick) {
    Object.assign(this, { outputs: 1, pixel: 0, left: 0, width: 1 });
    const names = ["cut", "cell", ...[0, 1, 2].flatMap((i) => [`beam-${i}`, `pile-${i}`, `input-${i}`]), "holes", "here"];
    this.parts = Object.fromEntries(names.map((name) => [name, shape("path", { class: `stamp-${name}` })]));
    this.counts = shape("g", { class: "stamp-counts", "aria-hidden": "true" });
    this.svg = shape("svg", { class: "stamps", tabindex: 0, role: "slider", "aria-valuemin": 1, "aria-orientation": "horizontal",
      preserveAspectRatio: "xMidYMin meet" });
    this.svg.append(...Object.values(this.parts), this.counts);
    const pick = (event) => {
      const box = this.svg.getBoundingClientRect(), scale = Math.min(box.width / this.width, box.height / this.height);
      const x = (event.clientX - box.left - (box.width - this.width * scale) / 2) / scale + this.left;
      onPick(clamp(Math.floor(x / CELL), 0, this.outputs - 1));
    };
    this.svg.addEventListener("pointerdown", (event) => { this.svg.setPointerCapture(event.pointerId); pick(event); });
    this.svg.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" || event.buttons) pick(event); });
    this.svg.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      const to = { Home: 0, End: this.outputs - 1 }[event.key] ?? (by && clamp(this.pixel + by, 0, this.outputs - 1));
      if (to === undefined) return;
      event.preventDefault();
      this.pixel = to;  // the next key may come before the next frame
      onPick(to);
    });
  }

  show({ matrix, way, kernelSize, strides, before, after, counts }, pixel, said) {
    const size = matrix[0].length, outputs = matrix.length;
    Object.assign(this, { outputs, pixel, size });
    const reaches = Array.from({ length: size }, (_, i) => reachOf(matrix, i, way, kernelSize, strides, before));
    const below = TOP + CELL + 30;
    this.frame(Math.min(0, -before), outputs + after, below + CELL + PILE + 6);
    const beams = ["", "", ""], inputs = ["", "", ""];
    reaches.forEach(([first, last], i) => {
      const middle = (first + last + 1) / 2 * CELL, from = middle - CELL / 2;
      beams[i % SLICES] += `M${from} ${TOP}h${CELL}L${(last + 1) * CELL} ${below}H${first * CELL}z`;
      inputs[i % SLICES] += square(from, TOP - CELL);
    });
    const most = Math.max(1, ...matrix.map((row) => row.reduce((sum, value) => sum + value, 0))), piles = ["", "", ""];
    matrix.forEach((row, place) => {
      let y = below + CELL + 2;
      row.forEach((weight, i) => {
        if (weight <= 0) return;
        const height = weight / most * PILE;
        piles[i % SLICES] += `M${place * CELL + 2} ${y.toFixed(2)}h${CELL - 4}v${(height - 0.8).toFixed(2)}h-${CELL - 4}z`;
        y += height;
      });
    });
    const cells = Array.from({ length: outputs }, (_, i) => i);
    const cut = [...Array.from({ length: before }, (_, i) => -1 - i), ...Array.from({ length: after }, (_, i) => outputs + i)];
    this.put({ cut: cut.map((i) => square(i * CELL, below)).join(""), cell: cells.map((i) => square(i * CELL, below)).join(""),
      holes: cells.filter((i) => counts[i] === 0).map((i) => square(i * CELL, below)).join(""),
      here: `M${pixel * CELL} ${below}h${CELL}v${CELL + PILE + 3}h-${CELL}z` });
    [0, 1, 2].forEach((i) => this.put({ [`beam-${i}`]: beams[i], [`pile-${i}`]: piles[i], [`input-${i}`]: inputs[i] }));
    this.write(counts, below);
    for (const [name, value] of [["valuemax", outputs], ["valuenow", pixel + 1], ["valuetext", said]]) this.svg.setAttribute(`aria-${name}`, value);
  }

  put(paths) { for (const [name, path] of Object.entries(paths)) this.parts[name].setAttribute("d", path); }

  // Few pixels stay as small as many would be: the drawing's scale is at most that of FEW of them.
  frame(from, to, height) {
    const wanted = Math.max(to - from, FEW), spare = (wanted - (to - from)) / 2;
    Object.assign(this, { left: (from - spare) * CELL - 3, width: wanted * CELL + 6, height });
    this.svg.setAttribute("viewBox", `${this.left} ${TOP - CELL - 4} ${this.width} ${height - TOP + CELL + 4}`);
    this.height = height - TOP + CELL + 4;
  }

  write(counts, below) {
    const key = counts.join();
    if (key === this.written) return;
    this.written = key;
    this.counts.replaceChildren(...counts.map((count, place) => {
      const text = shape("text", { x: (place + 0.5) * CELL, y: below + CELL / 2 });
      text.textContent = count;
      return text;
    }));
  }
}
