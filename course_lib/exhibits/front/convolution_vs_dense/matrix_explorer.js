// Image, kernel, output and the matrix between them; what belongs together lights up together.

import { announcer, bytes, choice, element, frameOf, grouped, isDark, number, onTheme, put, range, redraw, remember, write } from "../common/page.js";
import { clamp } from "../common/picture.js";
import { Matrix, Planes, grey, weightColour } from "./cells.js";
import { LAYERS, multiply, shapeOf, weightCounts, weightNumbers, weightValue } from "./matrix.js";

const SLIDERS = [["size", "image size", 4, 8], ["kernel_size", "kernel size", 1, 4], ["strides", "stride", 1, 3],
  ["channels", "channels", 1, 2], ["filters", "filters", 1, 2]];
const TRAITS = [...SLIDERS.map(([name]) => name), "padding", "layer", "image"];
const PICTURE = 8, DEPTH = 2, BRIGHTEST = 9;
const WRITTEN_OUT = 9;

// The middle of the picture, flattened: row by row, channels last.
export function flattened(picture, size, channels) {
  const start = Math.floor((PICTURE - size) / 2), inputs = [];
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) for (let c = 0; c < channels; c++)
    inputs.push(picture[((start + y) * PICTURE + start + x) * DEPTH + c]);
  return inputs;
}

export function everythingOf(get) {
  const [size, kernelSize, stride, channels, filters] = SLIDERS.map(([name]) => get(name));
  const settings = { size, kernelSize, stride, channels, filters, padding: get("padding") }, layer = get("layer");
  const shape = shapeOf(settings), numbers = weightNumbers(settings, layer), counts = weightCounts(settings);
  const inKernel = kernelSize * kernelSize * channels * filters;
  const count = layer === "convolutional" ? inKernel : layer === "dense" ? counts.dense : counts["locally connected"];
  const values = Array.from({ length: count }, (_, i) => weightValue(i, layer, count));
  const inputs = flattened(bytes(get("image")), size, channels);
  const outputs = multiply(inputs, numbers, values, shape.columns);
  const reach = Math.max(1, ...outputs.map(Math.abs));
  return { ...shape, layer, numbers, counts, values, inputs, outputs, reach, key: TRAITS.map((name) => (name === "image" ? "" : get(name))).join() };
}

const inputPlace = (now, row) => [Math.floor(row / now.channels / now.size), Math.floor(row / now.channels) % now.size, row % now.channels];
const outputPlace = (now, column) => [Math.floor(column / now.filters / now.output), Math.floor(column / now.filters) % now.output, column % now.filters];
const inputName = (now, row) => { const [y, x, c] = inputPlace(now, row); return `pixel (${y}, ${x})${now.channels > 1 ? ` of channel ${c}` : ""}`; };
const outputName = (now, column) => { const [y, x, f] = outputPlace(now, column); return `output (${y}, ${x})${now.filters > 1 ? ` of filter ${f}` : ""}`; };
const weightAt = (now, row, column) => now.numbers[row * now.columns + column];
const bracket = (value) => (value < 0 ? `(${number(value)})` : number(value));
const upper = (text) => text[0].toUpperCase() + text.slice(1);

// What is pointed at: "input" lights a row of A, "output" a column, "entry" both.
export function explain(now, pointing, row, column) {
  if (pointing === "input") {
    const weights = Array.from({ length: now.columns }, (_, j) => weightAt(now, row, j)).filter((weight) => weight >= 0);
    const read = weights.length === 0 ? "No output reads it: the row is empty." : weights.length > WRITTEN_OUT ? `${weights.length} of ${now.columns} outputs read it.`
      : `${weights.length} of ${now.columns} outputs read it, with the ${weights.length === 1 ? "weight" : "weights"} ${weights.map((weight) => number(now.values[weight])).join(", ")}.`;
    return `${upper(inputName(now, row))} is number ${row} of FI, counted from 0: row ${row} of A. ${read}`;
  }
  if (pointing === "output") {
    const terms = now.inputs.flatMap((level, i) => { const weight = weightAt(now, i, column); return weight < 0 ? [] : [[level, now.values[weight]]]; });
    const total = number(now.outputs[column]);
    const sum = terms.length > WRITTEN_OUT ? `The sum of ${terms.length} products is ${total}.`
      : `${terms.map(([level, value]) => `${level}\u00a0×\u00a0${bracket(value)}`).join(" + ")} = ${total}.`;
    return `${upper(outputName(now, column))} is number ${column} of O: column ${column} of A. ${sum}`;
  }
  const weight = weightAt(now, row, column), place = `Row ${row}, column ${column} of A: `;
  return weight < 0 ? `${place}0. The window of ${outputName(now, column)} does not hold ${inputName(now, row)}.`
    : `${place}${number(now.values[weight])}, what ${inputName(now, row)} is multiplied by in ${outputName(now, column)}.`;
}

function imagePlanes(now, { pointing, row, column }) {
  return Array.from({ length: now.channels }, (_, c) => Array.from({ length: now.size }, (_, y) => Array.from({ length: now.size }, (_, x) => {
    const at = (y * now.size + x) * now.channels + c, weight = pointing === "input" ? -1 : weightAt(now, at, column);
    return { text: now.inputs[at], fill: grey(now.inputs[at] / BRIGHTEST), edge: weight >= 0 ? weightColour(weight) : null,
      framed: pointing !== "output" && at === row };
  })));
}

function outputPlanes(now, { pointing, row, column }) {
  return Array.from({ length: now.filters }, (_, f) => Array.from({ length: now.output }, (_, y) => Array.from({ length: now.output }, (_, x) => {
    const at = (y * now.output + x) * now.filters + f, weight = pointing === "output" ? -1 : weightAt(now, row, at);
    return { text: number(now.outputs[at]), fill: outputColour(now, at), edge: weight >= 0 ? weightColour(weight) : null,
      framed: pointing !== "input" && at === column };
  })));
}

const outputColour = (now, at) => grey(0.5 + 0.5 * now.outputs[at] / now.reach);

// One plane for each channel and filter; weights that the lit part of A uses are framed.
function kernelPlanes(now, { pointing, row, column }) {
  const lit = new Set();
  if (pointing === "input") for (let j = 0; j < now.columns; j++) lit.add(weightAt(now, row, j));
  else if (pointing === "output") for (let i = 0; i < now.rows; i++) lit.add(weightAt(now, i, column));
  else lit.add(weightAt(now, row, column));
  return Array.from({ length: now.channels * now.filters }, (_, p) => Array.from({ length: now.kernelSize }, (_, u) => Array.from({ length: now.kernelSize }, (_, v) => {
    const weight = ((u * now.kernelSize + v) * now.channels + Math.floor(p / now.filters)) * now.filters + p % now.filters;
    return { text: number(now.values[weight]), fill: weightColour(weight), framed: lit.has(weight) };
  })));
}

class Counts {
  constructor() {
    const heads = { dense: "every entry of A has its own weight", "locally connected": "only where a window reads: locality", convolutional: "and the same in every window: sharing" };
    this.lines = [...LAYERS].reverse().map((layer) => {
      const cells = [element("td"), element("td")];
      return { layer, cells, line: element("tr", {}, element("th", { scope: "row" }, layer, element("span", { class: "matrix-why" }, heads[layer])), ...cells) };
    });
    this.box = element("table", { class: "matrix-counts" }, element("caption", {}, "How many weights must be learnt?"),
      element("thead", {}, element("tr", {}, ...["layer", "weights", "of A's entries"].map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...this.lines.map(({ line }) => line)));
  }

  show(now) {
    for (const { layer, cells, line } of this.lines) {
      const share = 100 * now.counts[layer] / now.counts.dense;
      write(cells[0], grouped(now.counts[layer]));
      write(cells[1], `${number(share, share < 1 ? 2 : 1)} %`);
      line.classList.toggle("is-chosen", layer === now.layer);
    }
  }
}

// A move by arrow keys, from where the cursor stands; it stays inside.
function moved(now, pointing, at, [down, right]) {
  if (pointing === "entry") return { row: clamp(at.row + down, 0, now.rows - 1), column: clamp(at.column + right, 0, now.columns - 1) };
  const isInput = pointing === "input", size = isInput ? now.size : now.output, depth = isInput ? now.channels : now.filters;
  const [y, x, plane] = isInput ? inputPlace(now, at.row) : outputPlace(now, at.column);
  // Beyond a plane's edge lies the next plane.
  let column = x + right, next = plane;
  if (column < 0 && plane > 0) { next--; column = size - 1; }
  if (column >= size && plane < depth - 1) { next++; column = 0; }
  const flat = (clamp(y + down, 0, size - 1) * size + clamp(column, 0, size - 1)) * depth + next;
  return isInput ? { row: flat } : { column: flat };
}

function render({ model, el }) {
  const box = frameOf(el, model.get("title"),
    "Point at a pixel of the image or of the output, or at an entry of A, or focus one and press the arrow keys. "
    + "Each colour is one weight: change the layer, and count them.");
  const everything = remember(model, TRAITS, () => everythingOf((name) => model.get(name)));
  const state = () => {
    const now = everything(), [row, column] = model.get("cursor");
    return [now, { pointing: model.get("pointing"), row: clamp(row, 0, now.rows - 1), column: clamp(column, 0, now.columns - 1) }];
  };
  const point = (pointing, at) => put(model, { pointing, cursor: [at.row, at.column] });
  const onPlanes = (pointing, name) => (to, absolute) => {
    const [now, at] = state();
    const size = pointing === "input" ? now.size : now.output, depth = pointing === "input" ? now.channels : now.filters;
    point(pointing, { ...at, ...(absolute ? { [name]: (to[0] * size + to[1]) * depth + to[2] } : moved(now, pointing, at, to)) });
  };
  const image = new Planes(onPlanes("input", "row")), output = new Planes(onPlanes("output", "column")), kernel = new Planes();
  const matrix = new Matrix(([row, column], absolute) => {
    const [now, at] = state();
    if (!absolute) return point("entry", { ...at, ...moved(now, "entry", at, [row, column]) });
    return point(row == null ? "output" : column == null ? "input" : "entry", { row: row ?? at.row, column: column ?? at.column });
  });
  const sliders = SLIDERS.map(([name, label, min, max]) => range(label, { min, max, onInput: (value) => put(model, { [name]: value }) }));
  const padding = choice("padding", [["valid", "valid"], ["same", "same"]], (value) => put(model, { padding: value }));
  const layer = choice("layer", LAYERS.map((name) => [name, name]), (value) => put(model, { layer: value }));
  const counts = new Counts(), announce = announcer(), story = element("p", { class: "matrix-story" });
  const captions = ["image I", "kernel", "output O", "A"].map(() => element("p", { class: "exhibit-caption" }));
  const figure = (place, surface, name) => element("div", { class: `exhibit-figure matrix-${name}` }, captions[place], surface.holder);
  const kernelFigure = figure(1, kernel, "kernel");

  const small = element("div", { class: "matrix-small" }, figure(0, image, "image"), kernelFigure, figure(2, output, "output"));

  box.append(element("div", { class: "matrix-controls" }, ...sliders.map((slider) => slider.box), padding.box, layer.box),
    element("div", { class: "matrix-body" },
      small,
      figure(3, matrix, "large")),
    story, counts.box, announce.node);

  const drawing = redraw(() => {
    const [now, at] = state(), { row, column, pointing } = at, dark = isDark();
    sliders.forEach((slider, i) => slider.set(model.get(SLIDERS[i][0])));
    padding.set(model.get("padding")); layer.set(now.layer);
    image.show(imagePlanes(now, at)); output.show(outputPlanes(now, at));
    small.classList.toggle("is-deep", now.channels * now.filters > 1);
    kernelFigure.hidden = now.layer !== "convolutional";
    if (!kernelFigure.hidden) kernel.show(kernelPlanes(now, at));
    matrix.show({ ...now, dark, row: pointing === "output" ? null : row, column: pointing === "input" ? null : column,
      inputs: now.inputs.map((level) => grey(level / BRIGHTEST)), outputs: now.outputs.map((_, j) => outputColour(now, j)) });
    const deep = (count) => (count > 1 ? ` × ${count}` : "");
    const sizes = [`image, ${now.size} × ${now.size}${deep(now.channels)}`, `kernel, ${now.kernelSize} × ${now.kernelSize}${deep(now.channels)}${deep(now.filters)}`,
      `output, ${now.output} × ${now.output}${deep(now.filters)}`, `A, ${now.rows} × ${now.columns}; FI at its left, O below`];
    sizes.forEach((text, i) => write(captions[i], text));
    const told = explain(now, pointing, row, column);
    write(story, told);
    counts.show(now);
    image.describe(`Image, ${now.size} by ${now.size}; arrow keys choose a pixel. ${pointing === "input" ? told : ""}`);
    output.describe(`Output, ${now.output} by ${now.output}; arrow keys choose a pixel. ${pointing === "output" ? told : ""}`);
    kernel.describe(`Kernel of ${now.kernelSize} by ${now.kernelSize}, weights ${now.layer === "convolutional" ? now.values.map((value) => number(value)).join(", ") : ""}`);
    matrix.describe(`Matrix A, ${now.rows} rows and ${now.columns} columns; arrow keys choose an entry. ${pointing === "entry" ? told : ""}`);
    announce.say(told);
  });
  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => {
    model.off("change", drawing.ask);
    forget(); drawing.stop(); announce.stop();
    for (const surface of [image, output, kernel, matrix]) surface.stop();
  };
}

export default { render };
