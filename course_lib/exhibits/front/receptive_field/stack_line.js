// A stack along a line: the input below, each layer above it, and what one unit reads.

import { element, write } from "../common/page.js";
import { drawn } from "../image_processing/svg.js";

const CELL = 18, SHADES = 6, MOST_WIRES = 900;

export class StackLine {
  // onPlace gets the share of the image that was pointed at; onStep a number of units and of layers.
  constructor(onPlace, onStep) {
    this.shades = Array.from({ length: SHADES }, (_, i) => drawn("path", { class: "stack-read", "fill-opacity": (0.18 + 0.82 * i / (SHADES - 1)).toFixed(2) }));
    this.parts = Object.fromEntries(["wires", "cells", "zeros", "unit", "field"].map((name) => [name, drawn("path", { class: `stack-${name}` })]));
    const { wires, cells, zeros, unit, field } = this.parts;
    this.svg = drawn("svg", { class: "stack-line", preserveAspectRatio: "none", tabindex: 0, role: "slider", "aria-orientation": "horizontal", "aria-valuemin": 1 },
      wires, cells, ...this.shades, zeros, unit, field);
    this.names = element("div", { class: "stack-names", "aria-hidden": "true" });
    this.box = element("div", { class: "stack-box" }, this.names, this.svg);
    const pick = (event) => {
      const box = this.svg.getBoundingClientRect(), [first, last] = this.frame;
      onPlace((first + (event.clientX - box.left) / box.width * (last - first)) / this.size);
    };
    this.svg.addEventListener("pointerdown", (event) => { this.svg.setPointerCapture(event.pointerId); pick(event); });
    this.svg.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" || event.buttons) pick(event); });
    this.svg.addEventListener("keydown", (event) => {
      const far = event.shiftKey ? 8 : 1;
      const step = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], Home: [-1e9, 0], End: [1e9, 0] }[event.key];
      if (!step) return;
      event.preventDefault();
      onStep(...step);
    });
  }

  show({ all, shown, reads, frame, size, unit, weighted, layers, text }) {
    Object.assign(this, { frame, size });
    const [first, last] = frame, high = shown > 8 ? 22 : 30, height = high * (shown + 1) + 8, y = (row) => (shown - row) * high + (high - CELL) / 2;
    this.svg.setAttribute("viewBox", `${first} 0 ${last - first} ${height}`);
    this.svg.style.height = `${height}px`;
    const left = ({ size: field, stride, padding }) => (field - stride) / 2 - padding;
    const cell = (level, i, row, top = y(row)) => `M${left(level) + i * level.stride} ${top}h${level.stride}v${CELL}h${-level.stride}z`;
    const shades = this.shades.map(() => ""), put = { wires: "", cells: "", zeros: "", unit: "" };
    for (let row = 0; row <= shown; row++) {
      const level = all[row], { start, counts } = reads[row];
      for (let i = 0; i < level.units; i++) put.cells += cell(level, i, row);
      const most = Math.max(...counts);
      counts.forEach((count, i) => {
        if (count === 0) return;
        const place = start + i;
        if (place < 0 || place >= level.units) put.zeros += cell(level, place, row);
        else if (row === shown) put.unit = cell(level, place, row);
        else shades[weighted ? Math.round((SHADES - 1) * count / most) : SHADES - 2] += cell(level, place, row);
      });
    }
    put.wires = this.wires(all, shown, reads, layers, left, y);
    const { size: field, stride, padding } = all[shown], from = unit * stride - padding, under = height - 5;
    put.field = `M${Math.max(first, from)} ${under}H${Math.min(last, from + field)}`;
    for (const [name, path] of Object.entries(put)) this.parts[name].setAttribute("d", path);
    this.shades.forEach((path, i) => path.setAttribute("d", shades[i]));
    this.label(shown, y);
    for (const [name, value] of [["label", `column of layer ${shown}`], ["valuemax", all[shown].units], ["valuenow", unit + 1], ["valuetext", text]]) this.svg.setAttribute(`aria-${name}`, value);
  }

  // From each place that is read to what it reads, unless that would be a blot.
  wires(all, shown, reads, layers, left, y) {
    let path = "", count = 0;
    for (let row = shown; row > 0; row--) {
      const [, kernelSize, stride, dilation] = layers[row - 1], above = all[row], below = all[row - 1], { start, counts } = reads[row];
      // The first place below that is read belongs to the first real place above.
      const real = Math.max(0, start), origin = reads[row - 1].start - real * stride;
      const centre = (level, i) => left(level) + (i + 0.5) * level.stride;
      for (let i = real; i < Math.min(start + counts.length, above.units); i++) {
        if (counts[i - start] === 0) continue;
        for (let tap = 0; tap < kernelSize; tap++, count++) {
          if (count >= MOST_WIRES) return "";
          path += `M${centre(above, i)} ${y(row) + CELL}L${centre(below, origin + i * stride + tap * dilation)} ${y(row - 1)}`;
        }
      }
    }
    return path;
  }

  label(shown, y) {
    while (this.names.children.length <= shown) this.names.append(element("span"));
    [...this.names.children].forEach((name, row) => {
      name.hidden = row > shown;
      if (row > shown) return;
      name.style.top = `${y(row) + CELL / 2}px`;
      write(name, row ? `layer ${row}` : "input");
    });
  }
}
