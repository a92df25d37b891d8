// Arrays as cells that light up: small ones with their numbers, and the matrix with FI and O along its sides.

import { element, isDark, number } from "../common/page.js";

// Okabe and Ito's colours and two more first; a layer with more weights goes round the wheel.
const FIRST = [[0, 114, 178], [230, 159, 0], [0, 158, 115], [213, 94, 0], [204, 121, 167], [86, 180, 233],
  [240, 228, 66], [139, 90, 43], [125, 125, 125]];
const GAP = 7, STRIP = 9, LARGEST_CELL = 34;

export function weightColour(index) {
  if (index < FIRST.length) return FIRST[index];
  const hue = index * 137.508, light = [0.45, 0.6, 0.72][index % 3], reach = 0.62 * Math.min(light, 1 - light);
  const part = (n) => { const k = (n + hue / 30) % 12; return Math.round(255 * (light - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1)))); };
  return [part(0), part(8), part(4)];
}

export const css = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;
const inkOn = ([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#000" : "#fff");
const ground = () => (isDark() ? [13, 17, 23] : [255, 255, 255]);
const rule = () => (isDark() ? "#414a55" : "#c4cbd3");
export const grey = (share) => { const level = Math.round(255 * share); return [level, level, level]; };

class Surface {
  constructor(onPick, attributes = {}) {
    this.canvas = element("canvas", { class: "matrix-canvas", role: "img", ...(onPick ? { tabindex: "0" } : {}), ...attributes });
    this.holder = element("div", { class: "matrix-holder" }, this.canvas);
    this.observer = new ResizeObserver(([entry]) => {
      if (Math.abs(entry.contentRect.width - (this.available ?? 0)) < 1) return;
      this.available = entry.contentRect.width;
      this.paint();
    });
    this.observer.observe(this.holder);
    if (onPick) this.listen(onPick);
  }

  stop() { this.observer.disconnect(); }

  describe(text) { if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text); }

  begin(width, height) {
    const ratio = globalThis.devicePixelRatio || 1, { canvas } = this;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) {
      Object.assign(canvas, { width: wide, height: high });
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  // Two strokes, so that one of them stands out on any ground.
  frame(context, x, y, width, height) {
    for (const [line, colour] of [[4, "#fff"], [2, "#000"]]) {
      context.lineWidth = line; context.strokeStyle = colour;
      context.strokeRect(x + 1, y + 1, width - 2, height - 2);
    }
  }

  listen(onPick) {
    const { canvas } = this;
    const pick = (event) => {
      const box = canvas.getBoundingClientRect(), at = this.cellAt(event.clientX - box.left, event.clientY - box.top);
      if (at) onPick(at, true);
    };
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); pick(event); });
    canvas.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" || event.buttons) pick(event); });
    canvas.addEventListener("keydown", (event) => {
      const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!move) return;
      event.preventDefault();
      onPick(move, false);
    });
  }
}

// Planes of one size side by side: the channels of an image, the slices of a kernel.
export class Planes extends Surface {
  show(planes) { this.planes = planes; this.paint(); }

  // Each plane is rows of cells { text, fill, edge, framed }.
  paint() {
    if (!this.planes?.length || !this.available) return;
    const count = this.planes.length, rows = this.planes[0].length, columns = this.planes[0][0].length;
    const cell = Math.min(LARGEST_CELL, (this.available - GAP * (count - 1)) / (columns * count));
    this.cell = cell; this.step = columns * cell + GAP;
    const context = this.begin(count * this.step - GAP, rows * cell);
    context.textAlign = "center"; context.textBaseline = "middle";
    const framed = [];
    this.planes.forEach((plane, p) => plane.forEach((row, i) => row.forEach((one, j) => {
      const x = p * this.step + j * cell, y = i * cell;
      context.fillStyle = css(one.fill); context.fillRect(x, y, cell, cell);
      context.lineWidth = 1; context.strokeStyle = rule(); context.strokeRect(x + 0.5, y + 0.5, cell - 1, cell - 1);
      if (one.edge) {
        context.lineWidth = Math.max(2, cell * 0.16); context.strokeStyle = css(one.edge);
        context.strokeRect(x + context.lineWidth / 2, y + context.lineWidth / 2, cell - context.lineWidth, cell - context.lineWidth);
      }
      if (one.text != null && cell >= 13) {
        context.font = `${Math.min(14, cell * ([0.44, 0.44, 0.44, 0.34][String(one.text).length] ?? 0.3))}px system-ui, sans-serif`;
        context.fillStyle = inkOn(one.fill); context.fillText(one.text, x + cell / 2, y + cell / 2);
      }
      if (one.framed) framed.push([x, y, cell, cell]);
    })));
    for (const box of framed) this.frame(context, ...box);
  }

  cellAt(x, y) {
    const plane = Math.floor(x / this.step), column = Math.floor((x - plane * this.step) / this.cell), row = Math.floor(y / this.cell);
    const first = this.planes?.[plane];
    return first && first[row]?.[column] ? [row, column, plane] : null;
  }
}

export class Matrix extends Surface {
  // numbers: the weight's number or -1; inputs and outputs: colours along the sides; row and column: what is lit, or null.
  show(given) {
    if (given.key !== this.given?.key || given.dark !== this.given?.dark) this.prepare(given);
    this.given = given;
    this.paint();
  }

  prepare({ numbers, rows, columns }) {
    this.pixels ??= document.createElement("canvas");
    Object.assign(this.pixels, { width: columns, height: rows });
    const context = this.pixels.getContext("2d"), data = context.createImageData(columns, rows), packed = new Uint32Array(data.data.buffer);
    const pack = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0, empty = pack(ground()), known = [];
    for (let i = 0; i < packed.length; i++) packed[i] = numbers[i] < 0 ? empty : (known[numbers[i]] ??= pack(weightColour(numbers[i])));
    context.putImageData(data, 0, 0);
  }

  paint() {
    if (!this.given || !this.available) return;
    const { rows, columns } = this.given, tallest = 470;
    const fit = Math.min((this.available - GAP) / (columns + 1), (tallest - GAP) / (rows + 1), LARGEST_CELL);
    const cell = fit >= STRIP ? fit : Math.min((this.available - GAP - STRIP) / columns, (tallest - GAP - STRIP) / rows);
    const strip = Math.max(cell, STRIP), left = strip + GAP;
    Object.assign(this, { cell, left });
    const context = this.begin(left + columns * cell, rows * cell + left);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.pixels, left, 0, columns * cell, rows * cell);
    this.paintSides(context, strip);
    if (cell >= 5) this.paintRules(context);
    this.paintLight(context);
    if (cell >= 15) this.paintNumbers(context);
    this.paintFrames(context, strip);
  }

  paintSides(context, strip) {
    const { inputs, outputs, rows } = this.given, { cell, left } = this;
    inputs.forEach((colour, i) => { context.fillStyle = css(colour); context.fillRect(0, i * cell, strip, cell + 0.3); });
    outputs.forEach((colour, j) => { context.fillStyle = css(colour); context.fillRect(left + j * cell, rows * cell + GAP, cell + 0.3, strip); });
    context.lineWidth = 1; context.strokeStyle = rule();
    context.strokeRect(0.5, 0.5, strip - 1, rows * cell - 1);
    context.strokeRect(left + 0.5, rows * cell + GAP + 0.5, outputs.length * cell - 1, strip - 1);
  }

  paintRules(context) {
    const { rows, columns } = this.given, { cell, left } = this;
    context.beginPath();
    for (let i = 0; i <= rows; i++) { context.moveTo(left, i * cell); context.lineTo(left + columns * cell, i * cell); }
    for (let j = 0; j <= columns; j++) { context.moveTo(left + j * cell, 0); context.lineTo(left + j * cell, rows * cell); }
    context.lineWidth = 0.5; context.strokeStyle = rule(); context.stroke();
  }

  // What is not lit steps back.
  paintLight(context) {
    const { rows, columns, row, column } = this.given, { cell, left } = this;
    context.save();
    context.beginPath();
    context.rect(left, 0, columns * cell, rows * cell);
    if (row != null) context.rect(left, row * cell, columns * cell, cell);
    if (column != null) context.rect(left + column * cell, 0, cell, rows * cell);
    if (row != null && column != null) context.rect(left + column * cell, row * cell, cell, cell);
    context.globalAlpha = 0.62; context.fillStyle = css(ground()); context.fill("evenodd");
    context.restore();
  }

  paintNumbers(context) {
    const { numbers, values, columns, row, column } = this.given, { cell, left } = this;
    context.textAlign = "center"; context.textBaseline = "middle"; context.font = `${Math.min(13, cell * 0.46)}px system-ui, sans-serif`;
    numbers.forEach((weight, i) => {
      if (weight < 0) return;
      const [r, c] = [Math.floor(i / columns), i % columns], lit = r === row || c === column;
      context.fillStyle = lit ? inkOn(weightColour(weight)) : isDark() ? "#a5b0bc" : "#57606a";
      context.fillText(number(values[weight]), left + (c + 0.5) * cell, (r + 0.5) * cell);
    });
  }

  // Around the row and the column, so that nothing of them is covered.
  paintFrames(context, strip) {
    const { rows, columns, row, column } = this.given, { cell, left } = this;
    const around = (x, y, width, height) => this.frame(context, x - 2, y - 2, width + 4, height + 4);
    if (row != null) {
      around(left, row * cell, columns * cell, cell);
      around(0, row * cell, strip, cell);
    }
    if (column != null) {
      around(left + column * cell, 0, cell, rows * cell);
      around(left + column * cell, rows * cell + GAP, cell, strip);
    }
  }

  cellAt(x, y) {
    if (!this.given) return null;
    const row = Math.floor(y / this.cell), column = Math.floor((x - this.left) / this.cell), { rows, columns } = this.given;
    if (row >= rows) return column >= 0 && column < columns ? [null, column] : null;
    if (column < 0) return [row, null];
    return column < columns ? [row, column] : null;
  }
}
