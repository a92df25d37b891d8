// The formulas of both paddings, with the numbers of the moment in them.

import { element, write } from "../common/page.js";
import { outputSize, samePadding } from "../common/arithmetic.js";

export function validText({ size, kernelSize, stride, dilation, extent }) {
  const output = outputSize(size, kernelSize, stride, "valid", dilation);
  const taps = dilation > 1 ? `((${kernelSize} − 1)·${dilation} + 1)` : `${kernelSize}`;
  if (!output) return `${size} − ${taps} < 0: the kernel does not fit`;
  const left = size - extent;
  return `⌊(${size} − ${taps}) / ${stride}⌋ + 1 = ⌊${left} / ${stride}⌋ + 1 = ${output}`;
}

export const sameText = ({ size, stride }) => `⌈${size} / ${stride}⌉ = ${Math.ceil(size / stride)}`;

export function zerosText({ size, kernelSize, stride, dilation, extent }) {
  const output = Math.ceil(size / stride), [before, after] = samePadding(size, kernelSize, stride, dilation);
  return `max((${output} − 1)·${stride} + ${extent} − ${size}, 0) = ${before + after}: ${before} before, ${after} after`;
}

export class Formulas {
  constructor() {
    this.cells = [0, 1].map(() => [0, 1, 2].map(() => element("td")));
    const heads = [["valid", "⌊(n − ((k − 1)·d + 1)) / s⌋ + 1"], ["same", "⌈n / s⌉"], ["zeros for “same”", "max((out − 1)·s + (k − 1)·d + 1 − n, 0)"]];
    this.lines = heads.map(([name, formula], line) => element("tr", {},
      element("th", { scope: "row" }, name, element("span", { class: "formula" }, formula)), this.cells[0][line], this.cells[1][line]));
    this.axisHeads = [element("th", { scope: "col" }), element("th", { scope: "col" }, "columns")];
    this.box = element("table", { class: "size-table" },
      element("caption", {}, "Output size from input size n, kernel size k, stride s, dilation d"),
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "padding"), ...this.axisHeads)),
      element("tbody", {}, ...this.lines));
  }

  show(rows, columns, alike) {
    [rows, columns].forEach((axis, i) => [validText, sameText, zerosText].forEach((text, line) => write(this.cells[i][line], text(axis))));
    write(this.axisHeads[0], alike ? "rows and columns" : "rows");
    for (const cell of [this.axisHeads[1], ...this.cells[1]]) cell.hidden = alike;
    const now = rows.padding === "valid" ? [0] : [1, 2];
    this.lines.forEach((line, i) => line.classList.toggle("is-chosen", now.includes(i)));
  }
}
