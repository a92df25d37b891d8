// The sum at one pixel, written out: pixel, weight and product in a grid, and the total.

import { element, number, uniqueId, write } from "../common/page.js";

const WRITTEN_OUT = 9;

// Terms with weight 0 say nothing and are left out.
export function sumAsText(window, kernel, total) {
  const terms = kernel.flatMap((row, i) => row.map((weight, j) => [weight, window[i][j]])).filter(([weight]) => weight !== 0);
  if (terms.length === 0) return `all weights are 0: sum = ${number(total)}`;
  const bracket = (weight) => (weight < 0 ? `(${number(weight, 4)})` : number(weight, 4));
  if (terms.length <= WRITTEN_OUT)
    return `${terms.map(([weight, pixel]) => `${pixel}\u00a0×\u00a0${bracket(weight)}`).join(" + ")} = ${number(total)}`;
  const rows = kernel.map((row, i) => row.reduce((sum, weight, j) => sum + weight * window[i][j], 0));
  return `row by row: ${rows.map((sum) => (sum < 0 ? `(${number(sum, 2)})` : number(sum, 2))).join(" + ")} = ${number(total)}`;
}

export class SumOfProducts {
  constructor() {
    const id = uniqueId("sum");
    this.title = element("p", { class: "exhibit-caption", id });
    this.grid = element("div", { class: "sum-grid", role: "group", "aria-labelledby": id });
    this.line = element("p", { class: "sum-line" });
    this.box = element("div", {}, this.title, this.grid, this.line);
    this.cells = [];
  }

  show(window, kernel, total, flipped, [row, column]) {
    const height = kernel.length, width = kernel[0].length;
    if (this.cells.length !== height * width || this.width !== width) this.build(height, width);
    write(this.title, `row ${row}, column ${column}: pixel × ${flipped ? "flipped " : ""}weight = product`);
    const products = kernel.flatMap((weights, i) => weights.map((weight, j) => weight * window[i][j]));
    const most = Math.max(1e-9, ...products.map(Math.abs));
    this.cells.forEach(({ cell, pixel, weight, product }, at) => {
      const i = Math.floor(at / width), j = at % width, value = products[at];
      write(pixel, number(window[i][j]));
      write(weight, width > 4 ? `×${number(kernel[i][j], 2)}` : `× ${number(kernel[i][j], 4)}`);
      write(product, number(value, Math.abs(value) < 100 ? 2 : 1));
      cell.style.setProperty("--strength", `${Math.round(Math.abs(value) / most * 45)}%`);
      cell.dataset.sign = value < 0 ? "negative" : "positive";
    });
    write(this.line, sumAsText(window, kernel, total));
  }

  build(height, width) {
    this.width = width;
    this.cells = Array.from({ length: height * width }, () => {
      const [pixel, weight, product] = ["span", "span", "strong"].map((tag) => element(tag));
      return { cell: element("div", { class: "sum-cell" }, pixel, weight, product), pixel, weight, product };
    });
    this.grid.style.setProperty("--columns", width);
    this.grid.replaceChildren(...this.cells.map(({ cell }) => cell));
  }
}
