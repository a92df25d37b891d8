// How the field grows, layer by layer, beside the growth of the same kernels without strides and dilation.

import { element, number, write } from "../common/page.js";
import { drawn } from "../image_processing/svg.js";

const WIDTH = 320, HEIGHT = 210, LEFT = 44, RIGHT = 10, TOP = 12, BOTTOM = 30;

// 1, 2 or 5 times a power of ten, so that there are at most five steps.
export function roundStep(most) {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  return Math.max(1, [1, 2, 5, 10].map((times) => times * power).find((step) => most / step <= 5));
}

// Doublings, every second one or fewer where there are many.
export function ticks(most, logarithmic) {
  if (!logarithmic) {
    const step = roundStep(most);
    return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
  }
  const doublings = Math.ceil(Math.log2(most)), every = Math.ceil(doublings / 6);
  return Array.from({ length: Math.floor(doublings / every) + 1 }, (_, i) => 2 ** (i * every));
}

const brief = (value) => (value < 1e6 ? number(value, 0) : value.toExponential(0).replace("e+", "e"));

export class GrowthChart {
  // onLayer gets the number of the layer that was pointed at.
  constructor(onLayer) {
    this.lines = Object.fromEntries(["grid", "image", "here", "plain", "stack", "dots"].map((name) => [name, drawn("path", { class: `growth-${name}` })]));
    this.words = drawn("g", { class: "growth-words" });
    this.svg = drawn("svg", { class: "growth-chart", role: "img", viewBox: `0 0 ${WIDTH} ${HEIGHT}` }, ...Object.values(this.lines), this.words);
    this.keys = ["this stack", "strides and dilation 1", "the image"].map((name, i) => {
      const value = element("strong");
      return { value, entry: element("li", {}, element("span", { class: `growth-key growth-key-${i}` }), `${name}: `, value) };
    });
    this.box = element("div", {}, this.svg, element("ul", { class: "growth-legend" }, ...this.keys.map(({ entry }) => entry)));
    const pick = (event) => {
      const box = this.svg.getBoundingClientRect(), place = (event.clientX - box.left) / box.width * WIDTH;
      onLayer(Math.round((place - LEFT) / (WIDTH - LEFT - RIGHT) * this.last));
    };
    this.svg.addEventListener("pointerdown", (event) => { this.svg.setPointerCapture(event.pointerId); pick(event); });
    this.svg.addEventListener("pointermove", (event) => { if (event.buttons) pick(event); });
  }

  show(sizes, plain, size, layer, logarithmic) {
    this.last = Math.max(1, sizes.length - 1);
    const most = Math.max(...sizes, ...plain, size), marks = ticks(most, logarithmic), top = Math.max(most, marks.at(-1));
    const share = (value) => (logarithmic ? Math.log2(value) / Math.log2(top) : value / top);
    const x = (i) => (LEFT + i / this.last * (WIDTH - LEFT - RIGHT)).toFixed(1), y = (value) => (HEIGHT - BOTTOM - share(value) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
    const line = (values) => values.map((value, i) => `${i ? "L" : "M"}${x(i)} ${y(value)}`).join("");
    const across = (value) => `M${LEFT} ${y(value)}H${WIDTH - RIGHT}`;
    const paths = { grid: marks.map(across).join(""), image: across(size), here: `M${x(layer)} ${TOP}V${HEIGHT - BOTTOM}`, plain: line(plain), stack: line(sizes),
      dots: sizes.map((value, i) => `M${x(i)} ${y(value)}h0`).join("") };
    for (const [name, path] of Object.entries(paths)) this.lines[name].setAttribute("d", path);
    const said = (text, at, height, anchor) => Object.assign(drawn("text", { x: at, y: height, "text-anchor": anchor }), { textContent: text });
    const every = Math.ceil(this.last / 8), numbers = [];
    for (let i = 0; i <= this.last; i += every) numbers.push(said(i, x(i), HEIGHT - BOTTOM + 13, "middle"));
    this.words.replaceChildren(...marks.map((value) => said(brief(value), LEFT - 5, Number(y(value)) + 3.5, "end")), ...numbers, said("layer", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, "middle"));
    [sizes[layer], plain[layer], size].forEach((value, i) => write(this.keys[i].value, brief(value)));
    this.svg.setAttribute("aria-label", `Size of the field after each layer. This stack: ${sizes.map(brief).join(", ")}. With strides and dilation 1: ${plain.map(brief).join(", ")}.`);
  }
}
