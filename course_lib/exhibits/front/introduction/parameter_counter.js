// Parameters of a dense and of a convolutional layer, while the image grows.

import { announcer, button, element, frameOf, grouped, number, put, range, redraw, toggle, write } from "../common/page.js";
import { Chart } from "./chart.js";
import { ADAM, FLOAT32, convolutionCount, denseCount, denseLike, memory } from "./counts.js";

const IMAGES = [[28, 28, 1], [100, 100, 3], [224, 224, 3], [1000, 1000, 3]];
const SMALLEST = 4, LARGEST = 1024, DECADES = 11;  // of the chart's axes
const BUDGET = 16e9;  // bytes: the memory of a laptop
const sideShare = (side) => Math.log(side / SMALLEST) / Math.log(LARGEST / SMALLEST);
const countShare = (count) => Math.log10(count) / DECADES;
const POWERS = ["1", "10³", "10⁶", "10⁹"];

export function layersOf(model) {
  const [height, width, channels, units, kernelSize, filters] = ["height", "width", "channels", "units", "kernel_size", "filters"].map((name) => model.get(name));
  return { height, width, channels, units, kernelSize, filters,
    dense: denseCount(height, width, channels, units), convolution: convolutionCount(kernelSize, channels, filters),
    alike: denseLike(height, width, channels, filters) };
}

function render({ model, el }) {
  const box = frameOf(el, "How many numbers must a layer learn?",
    "Choose an image or drag its sides. One of the two counts follows the image, the other does not know how large it is.");
  const setSide = (name, value) => put(model, model.get("square") ? { height: value, width: value } : { [name]: value });
  const slider = (name, label, max, options = {}) =>
    [name, range(label, { min: 1, max, onInput: (value) => put(model, { [name]: value }), ...options })];
  const side = (name) => slider(name, name, LARGEST, { min: SMALLEST, step: 4, onInput: (value) => setSide(name, value) });
  const sliders = Object.fromEntries([side("height"), side("width"), slider("channels", "channels", 64),
    slider("units", "units", 1024), slider("kernel_size", "kernel size", 11), slider("filters", "filters", 512)]);
  const square = toggle("square", (value) => put(model, { square: value, ...(value ? { width: model.get("height") } : {}) }));
  const presets = IMAGES.map(([height, width, channels]) => button(`${height} × ${width} × ${channels}`,
    () => put(model, { height, width, channels, square: height === width }), { "aria-pressed": "false" }));
  const group = (title, ...parts) => element("fieldset", { class: "count-group" }, element("legend", { class: "exhibit-caption" }, title), ...parts);

  const cells = [0, 1].map(() => [0, 1, 2].map(() => element("td")));
  const row = (name, i) => element("tr", {}, element("th", { scope: "row" }, name), ...cells[i]);
  const table = element("table", { class: "count-table" },
    element("thead", {}, element("tr", {}, element("td"), ...["parameters", "memory", "training (Adam)"].map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, row("dense", 0), row("convolution", 1)));
  const formulas = [0, 1].map(() => element("span", { class: "count-formula" })), totals = [0, 1].map(() => element("strong"));
  cells.forEach((line, i) => line[0].append(totals[i], formulas[i]));
  const chart = new Chart({ lines: ["dense layer", "convolution"], yLabel: "parameters", xLabel: "side of a square image in pixels",
    xTicks: [4, 16, 64, 256, 1024].map((value) => [sideShare(value), String(value)]),
    yTicks: POWERS.map((words, i) => [3 * i / DECADES, words]),
    rules: [[countShare(BUDGET / FLOAT32), "more than 16 GB"]] });
  const story = element("p", { class: "exhibit-note" }), announce = announcer();

  box.append(
    element("div", { class: "exhibit-buttons", role: "group", "aria-label": "images" }, ...presets),
    element("div", { class: "count-drawing" },
      element("div", { class: "count-controls" },
        group("image", sliders.height.box, sliders.width.box, square.box, sliders.channels.box),
        group("dense layer", sliders.units.box), group("convolution", sliders.kernel_size.box, sliders.filters.box)),
      element("div", { class: "exhibit-figure" }, chart.box)),
    table, story, announce.node);

  const drawing = redraw(() => {
    const now = layersOf(model), { height, width, channels, units, kernelSize, filters } = now;
    for (const [name, control] of Object.entries(sliders)) control.set(model.get(name));
    square.set(model.get("square"));
    presets.forEach((preset, i) => preset.setAttribute("aria-pressed", IMAGES[i].every((size, axis) => size === [height, width, channels][axis])));
    const counts = [now.dense, now.convolution];
    write(formulas[0], `(${height} × ${width} × ${channels} + 1) × ${units}`);
    write(formulas[1], `(${kernelSize} × ${kernelSize} × ${channels} + 1) × ${filters}`);
    counts.forEach((count, i) => {
      write(totals[i], grouped(count));
      write(cells[i][1], memory(count * FLOAT32));
      write(cells[i][2], memory(count * FLOAT32 * ADAM));
      chart.line(i, [SMALLEST, LARGEST].map((end) => [sideShare(end), countShare(i ? count : denseCount(end, end, channels, units))]));
    });
    chart.mark(sideShare(Math.sqrt(height * width)), counts.map(countShare), counts.map(grouped));
    chart.describe(`Parameters against the side of the image, both axes logarithmic: the dense layer has ${grouped(now.dense)}, the convolution ${grouped(now.convolution)}.`);
    const times = now.dense / now.convolution;
    write(story, `The dense layer has ${times < 10 ? number(times, 1) : grouped(Math.round(times))} times as many. It makes ${units} numbers; the convolution `
      + `(padding “same”) makes ${height} × ${width} × ${filters} = ${grouped(height * width * filters)}. A dense layer that makes as many `
      + `would need ${grouped(now.alike)} parameters, ${memory(now.alike * FLOAT32)}.`);
    announce.say(`Dense layer: ${grouped(now.dense)} parameters, ${memory(now.dense * FLOAT32)}. Convolution: ${grouped(now.convolution)}.`);
  });
  model.on("change", drawing.ask);
  drawing.ask();
  return () => { model.off("change", drawing.ask); drawing.stop(); announce.stop(); };
}

export default { render };
