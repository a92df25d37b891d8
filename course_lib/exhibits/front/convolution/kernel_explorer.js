// A kernel that the reader edits, over an image: the response, and the sum at one pixel.

import { announcer, button, bytes, choice, element, frameOf, number, onTheme, put, range, redraw, remember, toggle, uniqueId, write } from "../common/page.js";
import { Picture, ScaleBar, clamp, extremes, palette } from "../common/picture.js";
import { correlate, flip, outputSize, padPlane, paddingOf } from "../common/arithmetic.js";
import { PRESETS, preset } from "../common/kernels.js";
import { SumOfProducts } from "./sum_of_products.js";

const LARGEST = 1e6;  // beyond it the sums would fill the page, or overflow
const SIGNED = new Set(["Sobel x", "Sobel y", "Laplacian", "difference x", "difference y"]);
const COLOURS = [["signed", "purple below 0, orange above"], ["range", "grey, from minimum to maximum"],
  ["clip", "grey, clipped to 0–255"]];

const same = (a, b) => a.length === b.length && a[0].length === b[0].length
  && a.every((row, i) => row.every((value, j) => Math.abs(value - b[i][j]) < 1e-9));

// Divides by the sum; a kernel of differences has none, so there by the sum of absolute weights.
export function normalise(kernel) {
  const weights = kernel.flat(), sum = weights.reduce((a, b) => a + b, 0);
  const total = Math.abs(sum) > 1e-9 ? sum : weights.reduce((a, b) => a + Math.abs(b), 0);
  return total ? kernel.map((row) => row.map((value) => value / total)) : kernel;
}

function resize(kernel, height, width) {
  const top = Math.floor((height - 1) / 2) - Math.floor((kernel.length - 1) / 2);
  const left = Math.floor((width - 1) / 2) - Math.floor((kernel[0].length - 1) / 2);
  return Array.from({ length: height }, (_, i) =>
    Array.from({ length: width }, (_, j) => kernel[i - top]?.[j - left] ?? 0));
}

const TRAITS = ["image", "height", "width", "kernel", "flipped", "padding"];

// Everything but the cursor, from the traits alone.
export function responseOf(model) {
  const height = model.get("height"), width = model.get("width"), padding = model.get("padding");
  const kernel = model.get("flipped") ? flip(model.get("kernel")) : model.get("kernel");
  const plane = bytes(model.get("image"));
  const response = correlate(plane, height, width, kernel, { padding });
  const rows = paddingOf(padding, height, kernel.length), columns = paddingOf(padding, width, kernel[0].length);
  const padded = padPlane(plane, height, width, rows, columns);
  const [min, max] = extremes(response.values);
  return { plane, height, width, kernel, response, padded, above: rows[0], before: columns[0], min, max };
}

// The window at the cursor, and where it lies on the image.
function atCursor(now, cursor) {
  const { response, padded } = now;
  const [row, column] = [clamp(cursor[0], 0, response.height - 1), clamp(cursor[1], 0, response.width - 1)];
  const window = now.kernel.map((taps, i) => taps.map((_, j) => padded.values[(row + i) * padded.width + column + j]));
  return { ...now, window, row, column, top: row - now.above, left: column - now.before,
    value: response.values[row * response.width + column] };
}

// A few strong edges would leave the rest pale: the signed scale ends at 60 % of the strongest.
function limitsOf(kind, { min, max }) {
  const reach = 0.6 * Math.max(Math.abs(min), Math.abs(max)) || 1;
  return { signed: [-reach, reach], range: [min, max], clip: [0, 255] }[kind];
}

const scaleTexts = (kind, [low, high]) => [`${kind === "range" ? "" : "≤ "}${number(low, 0)}`,
  kind === "signed" ? "0" : "", `${kind === "range" ? "" : "≥ "}${number(high, 0)}`];

class Editor {
  constructor(onEdit, onSize) {
    Object.assign(this, { onEdit });
    const id = uniqueId("kernel");
    this.grid = element("div", { class: "kernel-grid", role: "group", "aria-labelledby": id });
    this.sizes = ["rows", "columns"].map((name, axis) => choice(name,
      [1, 2, 3, 4, 5, 6, 7].map((n) => [n, n]), (value) => onSize(axis, Number(value))));
    this.box = element("div", { class: "exhibit-panel" },
      element("p", { class: "exhibit-caption", id }, "Kernel: edit any weight"), this.grid,
      element("div", { class: "exhibit-row" }, ...this.sizes.map((size) => size.box)));
    this.inputs = [];
  }

  show(kernel) {
    const height = kernel.length, width = kernel[0].length;
    if (this.inputs.length !== height || this.inputs[0].length !== width) this.build(height, width);
    this.sizes[0].set(height); this.sizes[1].set(width);
    kernel.forEach((row, i) => row.forEach((value, j) => {
      const input = this.inputs[i][j];
      // Rewriting "0." as "0" under the reader's hand would make 0.5 impossible to type.
      if (Number(input.value) !== value && !(input === document.activeElement && Number(input.value || 0) === value))
        input.value = Number(value.toFixed(4));
    }));
  }

  build(height, width) {
    this.inputs = Array.from({ length: height }, (_, i) => Array.from({ length: width }, (_, j) => {
      const input = element("input", { type: "number", step: "any", value: 0, inputmode: "text",
        "aria-label": `weight in row ${i + 1}, column ${j + 1}` });
      input.addEventListener("input", () => this.onEdit(i, j, clamp(Number(input.value) || 0, -LARGEST, LARGEST)));
      input.addEventListener("blur", () => { if (input.value === "") input.value = 0; });
      return input;
    }));
    this.grid.style.setProperty("--columns", width);
    this.grid.replaceChildren(...this.inputs.flat());
  }
}

function render({ model, el }) {
  const box = frameOf(el, "A kernel over an image",
    "Choose a kernel or edit its weights, then move over the image, or focus it and press the arrow keys "
    + "(with Shift: 8 pixels). Which weights answer to an edge, and which to an even surface?");
  const everything = remember(model, TRAITS, () => responseOf(model));
  const compute = () => atCursor(everything(), model.get("cursor"));
  const middle = (size) => Math.floor((size - 1) / 2);
  // On the image the reader points at the window's middle, on the response at its pixel.
  const follow = (onImage) => (row, column, absolute) => {
    const now = compute(), { kernel, response } = now;
    const shift = onImage ? [now.row - now.top - middle(kernel.length), now.column - now.left - middle(kernel[0].length)] : [0, 0];
    const to = absolute ? [row + shift[0], column + shift[1]] : [now.row + row, now.column + column];
    put(model, { cursor: [clamp(to[0], 0, response.height - 1), clamp(to[1], 0, response.width - 1)] });
  };
  const input = new Picture(follow(true)), output = new Picture(follow(false));
  const scale = new ScaleBar(), inputCaption = element("p", { class: "exhibit-note" }), outputCaption = element("p", { class: "exhibit-note" });
  const setKernel = (kernel, more = {}) => put(model, { kernel, ...more });
  const buttons = PRESETS.map((name) => button(name, () => {
    const old = model.get("kernel"), [height, width] = old.length * old[0].length > 2 ? [old.length, old[0].length] : [3, 3];
    setKernel(preset(name, height, width), { colours: SIGNED.has(name) ? "signed" : "clip" });
  }, { "aria-pressed": "false" }));
  const editor = new Editor((i, j, value) => {
    setKernel(model.get("kernel").map((row, k) => row.map((old, l) => (k === i && l === j ? value : old))));
  }, (axis, value) => {
    const old = model.get("kernel");
    setKernel(resize(old, axis === 0 ? value : old.length, axis === 1 ? value : old[0].length));
  });
  const flipped = toggle("flip the kernel: convolution as in mathematics", (value) => put(model, { flipped: value }));
  const padding = choice("padding", [["valid", "valid"], ["same", "same"]], (value) => put(model, { padding: value }));
  const colours = choice("colours", COLOURS, (value) => put(model, { colours: value }));
  const rows = range("row", { min: 0, max: 1, onInput: (value) => put(model, { cursor: [value, model.get("cursor")[1]] }) });
  const columns = range("column", { min: 0, max: 1, onInput: (value) => put(model, { cursor: [model.get("cursor")[0], value] }) });
  const products = new SumOfProducts(), announce = announcer();
  editor.box.append(element("div", { class: "exhibit-row" },
    button("Normalise", () => setKernel(normalise(model.get("kernel"))), { title: "Divide by the sum of the weights, or of their absolute values where that is 0" })),
    flipped.box);

  const panels = element("div", { class: "kernel-panels" }, editor.box,
    element("div", { class: "exhibit-panel" }, products.box, rows.box, columns.box));

  box.append(element("div", { class: "exhibit-buttons", role: "group", "aria-label": "ready-made kernels" }, ...buttons),
    element("div", { class: "exhibit-pair" },
      element("div", { class: "exhibit-figure" }, input.canvas, inputCaption), element("div", { class: "exhibit-figure" }, output.canvas, scale.box, outputCaption)),
    element("div", { class: "exhibit-row" }, padding.box, colours.box),
    panels, announce.node);

  const drawing = redraw(() => {
    const now = compute(), { response, kernel } = now, kind = model.get("colours");
    const limits = limitsOf(kind, now), shades = palette(kind === "signed" ? "signed" : "grey");
    input.show(now.plane, now.height, now.width, palette("grey"), 0, 255);
    input.paint([[now.top, now.left, kernel.length, kernel[0].length]]);
    output.show(response.values, response.height, response.width, shades, ...limits);
    output.paint([[now.row, now.column, 1, 1]]);
    scale.show(shades, scaleTexts(kind, limits));
    panels.classList.toggle("is-dense", kernel[0].length > 4);
    editor.show(model.get("kernel"));
    buttons.forEach((item, i) => item.setAttribute("aria-pressed",
      same(preset(PRESETS[i], kernel.length, kernel[0].length), model.get("kernel"))));
    flipped.set(model.get("flipped")); padding.set(model.get("padding")); colours.set(kind);
    rows.limit(0, response.height - 1); rows.set(now.row); columns.limit(0, response.width - 1); columns.set(now.column);
    products.show(now.window, kernel, now.value, model.get("flipped"), [now.row, now.column]);
    write(inputCaption, `image, ${now.height} × ${now.width}`);
    write(outputCaption, `response, ${response.height} × ${response.width}: from ${number(now.min, 1)} to ${number(now.max, 1)}`);
    const here = `at row ${now.row}, column ${now.column} of the response: ${number(now.value)}`;
    input.describe(`Image, ${now.height} by ${now.width} pixels, with the kernel's window; sum ${here}. Arrow keys move it.`);
    output.describe(`Response from ${number(now.min, 1)} to ${number(now.max, 1)}; ${here}. Arrow keys move the cursor.`);
    announce.say(`Sum ${here}. Response from ${number(now.min, 1)} to ${number(now.max, 1)}.`);
  });
  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => {
    model.off("change", drawing.ask);
    forget(); drawing.stop(); announce.stop(); input.stop(); output.stop();
  };
}

export default { render };
