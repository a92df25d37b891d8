// Channels and filters: every filter convolves all channels, sums, adds its bias: one feature map.

import { announcer, bytes, button, element, frameOf, grouped, isDark, number, onTheme, put, range, redraw, remember, toggle, write } from "../common/page.js";
import { Picture, clamp, extremes, palette } from "../common/picture.js";
import { conv2d, denseParameters, parameters } from "../common/arithmetic.js";
import { FILTERS, filterBank } from "../common/kernels.js";

const CHANNELS = [["red", [1, 0.12, 0.12]], ["green", [0.15, 0.9, 0.15]], ["blue", [0.25, 0.4, 1]], ["mean", "grey"]];

export function planesOf(model) {
  const raw = bytes(model.get("image")), size = model.get("height") * model.get("width"), step = raw.length / size;
  return Array.from({ length: model.get("available") }, (_, c) => {
    const plane = new Float64Array(size);
    for (let i = 0; i < size; i++) plane[i] = raw[i * step + c] / 255;
    return plane;
  });
}

export function kernelsOf(model) {
  const given = model.get("kernels"), channels = model.get("channels"), filters = model.get("filters");
  return given.length ? given.slice(0, filters).map((kernel) => kernel.slice(0, channels))
    : filterBank(model.get("kernel_size"), channels, filters);
}

const TRAITS = ["image", "height", "width", "filters", "channels", "kernel_size", "kernels", "use_bias", "bias"];

// Everything but the cursor and the chosen filter, from the traits alone.
export function layerOf(model, allPlanes = planesOf(model)) {
  const [height, width, filters, channels, size] = ["height", "width", "filters", "channels", "kernel_size"].map((name) => model.get(name));
  const planes = allPlanes.slice(0, channels), kernels = kernelsOf(model), useBias = model.get("use_bias");
  const maps = conv2d(planes, height, width, kernels, useBias ? model.get("bias") : null, { padding: "same" });
  return { height, width, filters, channels, size, planes, kernels, maps, useBias, heaviest: reach(kernels.flat(2)),
    parameters: parameters(size, size, channels, filters, useBias),
    dense: denseParameters(height * width * channels, height * width * filters, useBias) };
}

const reach = (list) => Math.max(1e-9, ...list.flatMap((values) => extremes(values).map(Math.abs)));
// Rounded terms need not add up to the rounded sum.
const equals = (terms, total) => (Math.abs(terms.reduce((a, b) => a + Number(b.toFixed(3)), 0) - Number(total.toFixed(3))) < 1e-9 ? "=" : "≈");
const bracket = (value) => (value < 0 ? `(${number(value)})` : number(value));

// One row of the drawing: channel, kernel, response.
class ChannelRow {
  constructor(index, names, onPick) {
    const reached = { tabindex: "-1" };  // one stop for the Tab key is enough: the sum
    const name = names[index] ?? `channel ${index + 1}`;
    this.tint = names === NONE ? "grey" : CHANNELS[index][1];
    Object.assign(this, { name, input: new Picture(onPick, reached), kernel: new Picture(), output: new Picture(onPick, reached) });
    const part = (picture, text) => element("div", { class: "exhibit-figure" }, picture.canvas, element("p", { class: "exhibit-note" }, text));
    this.here = element("p", { class: "exhibit-note" });
    this.plus = element("span", { class: "filter-sign", "aria-hidden": "true" }, "+");
    const sign = (text) => element("span", { class: "filter-sign", "aria-hidden": "true" }, text);
    this.box = element("div", { class: "filter-row" }, part(this.input, name), element("span", { class: "filter-sign filter-star", "aria-hidden": "true" }, "⋆"), part(this.kernel, "kernel slice"),
      sign("="), element("div", { class: "exhibit-figure" }, this.output.canvas, this.here), this.plus);
  }

  stop() { for (const picture of [this.input, this.kernel, this.output]) picture.stop(); }
}
const NONE = [];

function render({ model, el }) {
  const box = frameOf(el, "From channels to a feature map",
    "Choose a filter and move over a picture. Which filters need the colours, and which do the same with one channel? "
    + "What does a 1 × 1 kernel still do?");
  const pick = (row, column, absolute) => {
    const [r, c] = absolute ? [row, column] : [model.get("cursor")[0] + row, model.get("cursor")[1] + column];
    put(model, { cursor: [clamp(r, 0, model.get("height") - 1), clamp(c, 0, model.get("width") - 1)] });
  };
  const own = model.get("kernels").length > 0, names = model.get("colour") ? CHANNELS.map(([name]) => name) : NONE;
  const slider = (name, label, max) => range(label, { min: 1, max, onInput: (value) => put(model, { [name]: value }) });
  const channels = slider("channels", "channels", model.get("available"));
  const filters = slider("filters", "filters", own ? model.get("kernels").length : 8), size = slider("kernel_size", "kernel size", 7);
  size.input.disabled = own;
  const useBias = toggle("bias", (value) => put(model, { use_bias: value }));
  const biasOf = range("its bias", { min: -1, max: 1, step: 0.05, onInput: (value) =>
    put(model, { bias: model.get("bias").map((old, i) => (i === Math.min(model.get("chosen"), model.get("filters") - 1) ? value : old)) }) });
  const rowAt = range("row", { min: 0, max: model.get("height") - 1, onInput: (value) => put(model, { cursor: [value, model.get("cursor")[1]] }) });
  const columnAt = range("column", { min: 0, max: model.get("width") - 1, onInput: (value) => put(model, { cursor: [model.get("cursor")[0], value] }) });

  const rows = Array.from({ length: model.get("available") }, (_, i) => new ChannelRow(i, names, pick));
  const sum = new Picture(pick), sumCaption = element("p", { class: "exhibit-note" }), sumLine = element("p", { class: "filter-sum" });
  const heading = element("p", { class: "exhibit-caption" });
  const maps = Array.from({ length: 8 }, (_, i) => {
    const picture = new Picture(null, { "aria-hidden": "true", role: null });
    const item = button("", () => put(model, { chosen: i }), { class: "filter-map", "aria-pressed": "false" });
    item.append(picture.canvas, element("span", {}, own ? `filter ${i + 1}` : `${i + 1} ${FILTERS[i].split(",")[0]}`));
    return { item, picture };
  });
  const counted = element("span"), nBias = element("span", {}, " + n"), sub = (text) => element("sub", {}, text);
  const count = element("p", {}, "Parameters of this layer: k", sub("y"), " × k", sub("x"), " × c × n", nBias, " = ", counted), dense = element("p"), announce = announcer();

  box.append(
    element("div", { class: "filter-controls" }, channels.box, filters.box, size.box, useBias.box),
    element("p", { class: "exhibit-caption" }, "Feature maps: choose a filter"),
    element("div", { class: "filter-maps", role: "group", "aria-label": "feature maps" }, ...maps.map(({ item }) => item)),
    heading,
    element("div", { class: "filter-drawing" }, element("div", { class: "filter-rows" }, ...rows.map((row) => row.box)),
      element("div", { class: "filter-total" }, element("div", { class: "exhibit-figure" }, sum.canvas, sumCaption), biasOf.box)),
    sumLine, element("div", { class: "filter-controls" }, rowAt.box, columnAt.box),
    element("div", { class: "exhibit-panel filter-count" }, count, dense), announce.node);

  const planes = remember(model, ["image", "height", "width", "available"], () => planesOf(model));
  const layer = remember(model, TRAITS, () => layerOf(model, planes()));
  let painted = null;
  const drawing = redraw(() => {
    const now = layer(), chosen = Math.min(model.get("chosen"), now.filters - 1), map = now.maps[chosen], parts = map.parts;
    const row = clamp(model.get("cursor")[0], 0, now.height - 1), column = clamp(model.get("cursor")[1], 0, now.width - 1);
    const at = row * now.width + column, bias = now.useBias ? model.get("bias")[chosen] : 0;
    const fresh = [now, chosen, isDark()].some((part, i) => part !== painted?.[i]);
    if (fresh) { showPictures(now, chosen); painted = [now, chosen, isDark()]; }

    const half = Math.floor((now.size - 1) / 2), window = [[row - half, column - half, now.size, now.size]];
    const where = `row ${row}, column ${column}`;
    rows.slice(0, now.channels).forEach((line, c) => {
      const value = number(parts[c].values[at]);
      line.input.paint(window); line.output.paint([[row, column, 1, 1]]);
      write(line.here, `here ${value}`);
      line.input.describe(`${line.name} of the image, with the kernel's window at ${where}`);
      line.output.describe(`Response of ${line.name}: ${value} at ${where}`);
    });
    const total = number(map.values[at]);
    sum.paint([[row, column, 1, 1]]);
    sum.describe(`Feature map ${chosen + 1}: ${total} at ${where}. Arrow keys move the cursor.`);
    const here = parts.map((part) => part.values[at]);
    const terms = [...here.map(bracket), ...(now.useBias ? [`bias ${bracket(bias)}`] : [])];
    const written = `${terms.join(" + ")} ${equals([...here, bias], map.values[at])} ${total}`;
    write(sumLine, `at row ${row}, column ${column}: ${written}`);
    channels.set(now.channels); filters.set(now.filters); size.set(now.size); useBias.set(now.useBias);
    biasOf.input.disabled = !now.useBias; biasOf.set(bias); rowAt.set(row); columnAt.set(column);
    announce.say(`Filter ${chosen + 1}: ${written}. Parameters: ${grouped(now.parameters)}.`);
  });

  // What stays while only the cursor moves.
  function showPictures(now, chosen) {
    const map = now.maps[chosen], limit = reach([...map.parts, map].map((part) => part.values));
    const signed = palette("signed"), { height, width, kernels, heaviest } = now;
    rows.forEach((line, c) => {
      line.box.hidden = c >= now.channels;
      line.plus.style.visibility = c === now.channels - 1 ? "hidden" : "visible";
      if (c >= now.channels) return;
      const weights = kernels[chosen][c].flat();
      line.input.show(now.planes[c], height, width, palette(line.tint), 0, 1);
      line.kernel.show(weights, kernels[chosen][c].length, now.size, signed, -heaviest, heaviest);
      line.kernel.paint([]);
      line.kernel.describe(`Kernel slice for ${line.name}: ${weights.map((weight) => number(weight, 2)).join(", ")}.`);
      line.output.show(map.parts[c].values, height, width, signed, -limit, limit);
    });
    sum.show(map.values, height, width, signed, -limit, limit);
    maps.forEach(({ item, picture }, i) => {
      item.hidden = i >= now.filters;
      item.setAttribute("aria-pressed", i === chosen);
      if (i >= now.filters) return;
      const own = reach([now.maps[i].values]);
      picture.show(now.maps[i].values, height, width, signed, -own, own); picture.paint([]);
    });
    write(sumCaption, `${now.channels > 1 ? "sum" : "response"}${now.useBias ? " + bias" : ""} = map ${chosen + 1}`);
    write(heading, `Filter ${chosen + 1}${own ? "" : `: ${FILTERS[chosen]}`}`);
    const also = now.useBias ? ` + ${now.filters}` : "";
    nBias.hidden = !now.useBias;
    write(counted, `${now.size} × ${now.size} × ${now.channels} × ${now.filters}${also} = ${grouped(now.parameters)}`);
    const [inputs, outputs] = [height * width * now.channels, height * width * now.filters].map(grouped);
    write(dense, `A dense layer between the same sizes: ${inputs} inputs × ${outputs} outputs${now.useBias ? ` + ${outputs}` : ""} = `
      + `${grouped(now.dense)}, ${grouped(Math.round(now.dense / now.parameters))} times as many.`);
  }
  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => {
    model.off("change", drawing.ask);
    forget(); drawing.stop(); announce.stop(); sum.stop();
    for (const part of [...rows, ...maps.map(({ picture }) => picture)]) part.stop();
  };
}

export default { render };
