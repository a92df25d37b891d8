// Channels and filters: every filter convolves all channels, sums, adds its bias: one feature map.

import { announcer, bytes, button, element, frameOf, grouped, number, onTheme, put, range, redraw, toggle, write } from "../common/page.js";
import { Picture, clamp, extremes, palette } from "../common/picture.js";
import { conv2d, denseParameters, parameters } from "./arithmetic.js";
import { FILTERS, filterBank } from "./kernels.js";

const CHANNELS = [["red", [1, 0.12, 0.12]], ["green", [0.15, 0.9, 0.15]], ["blue", [0.25, 0.4, 1]], ["mean", "grey"]];

export function planesOf(model) {
  const raw = bytes(model.get("image")), size = model.get("height") * model.get("width"), step = raw.length / size;
  return Array.from({ length: model.get("channels") }, (_, c) => Float64Array.from({ length: size }, (_, i) => raw[i * step + c] / 255));
}

export function kernelsOf(model) {
  const given = model.get("kernels"), channels = model.get("channels"), filters = model.get("filters");
  return given.length ? given.slice(0, filters).map((kernel) => kernel.slice(0, channels))
    : filterBank(model.get("kernel_size"), channels, filters);
}

export function compute(model) {
  const [height, width, filters, channels, size] = ["height", "width", "filters", "channels", "kernel_size"].map((name) => model.get(name));
  const planes = planesOf(model), kernels = kernelsOf(model), useBias = model.get("use_bias");
  const bias = useBias ? model.get("bias") : null;
  const maps = conv2d(planes, height, width, kernels, bias, { padding: "same" });
  const chosen = Math.min(model.get("chosen"), filters - 1);
  const [row, column] = [clamp(model.get("cursor")[0], 0, height - 1), clamp(model.get("cursor")[1], 0, width - 1)];
  return { height, width, filters, channels, size, planes, kernels, maps, chosen, row, column, useBias, bias: bias ? bias[chosen] : 0,
    parameters: parameters(size, size, channels, filters, useBias),
    dense: denseParameters(height * width * channels, height * width * filters, useBias) };
}

const reach = (list) => Math.max(1e-9, ...list.flatMap((values) => extremes(values).map(Math.abs)));
const bracket = (value) => (value < 0 ? `(${number(value)})` : number(value));

// One row of the drawing: channel, kernel, response.
class ChannelRow {
  constructor(index, names, onPick) {
    const name = names[index] ?? `channel ${index + 1}`;
    this.tint = names === NONE ? "grey" : CHANNELS[index][1];
    Object.assign(this, { name, input: new Picture(onPick), kernel: new Picture(), output: new Picture(onPick) });
    const part = (picture, text) => element("figure", {}, picture.canvas, element("figcaption", {}, text));
    this.here = element("figcaption", { class: "filter-value" });
    const sign = (text) => element("span", { class: "filter-sign", "aria-hidden": "true" }, text);
    this.box = element("div", { class: "filter-row" }, part(this.input, name), sign("∗"), part(this.kernel, "kernel slice"),
      sign("="), element("figure", {}, this.output.canvas, this.here));
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
  const bias = range("its bias", { min: -1, max: 1, step: 0.05, onInput: (value) =>
    put(model, { bias: model.get("bias").map((old, i) => (i === compute(model).chosen ? value : old)) }) });
  const rowAt = range("row", { min: 0, max: model.get("height") - 1, onInput: (value) => put(model, { cursor: [value, model.get("cursor")[1]] }) });
  const columnAt = range("column", { min: 0, max: model.get("width") - 1, onInput: (value) => put(model, { cursor: [model.get("cursor")[0], value] }) });

  const rows = Array.from({ length: model.get("available") }, (_, i) => new ChannelRow(i, names, pick));
  const sum = new Picture(pick), sumCaption = element("figcaption"), sumLine = element("p", { class: "filter-sum" });
  const heading = element("p", { class: "exhibit-caption" });
  const maps = Array.from({ length: 8 }, (_, i) => {
    const picture = new Picture(null, { "aria-hidden": "true", role: null });
    const item = button("", () => put(model, { chosen: i }), { class: "filter-map", "aria-pressed": "false" });
    item.append(picture.canvas, element("span", {}, own ? `filter ${i + 1}` : `${i + 1} ${FILTERS[i].split(",")[0]}`));
    return { item, picture };
  });
  const count = element("p"), dense = element("p"), announce = announcer();

  box.append(
    element("div", { class: "filter-controls" }, channels.box, filters.box, size.box, useBias.box),
    element("p", { class: "exhibit-caption" }, "Feature maps: choose a filter"),
    element("div", { class: "filter-maps", role: "group", "aria-label": "feature maps" }, ...maps.map(({ item }) => item)),
    heading,
    element("div", { class: "filter-drawing" }, element("div", { class: "filter-rows" }, ...rows.map((row) => row.box)),
      element("div", { class: "filter-total" }, element("figure", {}, sum.canvas, sumCaption), bias.box)),
    sumLine, element("div", { class: "filter-controls" }, rowAt.box, columnAt.box),
    element("div", { class: "exhibit-panel filter-count" }, count, dense), announce.node);

  const drawing = redraw(() => {
    const now = compute(model), map = now.maps[now.chosen], at = now.row * now.width + now.column, signed = palette("signed");
    const parts = map.parts.map((part) => part.values), limit = reach([...parts, map.values]), cursor = [[now.row, now.column, 1, 1]];
    const half = Math.floor((now.size - 1) / 2), window = [[now.row - half, now.column - half, now.size, now.size]];
    const weights = now.kernels[now.chosen].map((kernel) => kernel.flat()), heaviest = reach(now.kernels.flat(2));
    rows.forEach((row, c) => {
      row.box.hidden = c >= now.channels;
      if (c >= now.channels) return;
      row.input.show(now.planes[c], now.height, now.width, palette(row.tint), 0, 1); row.input.paint(window);
      row.kernel.show(weights[c], now.size, now.size, signed, -heaviest, heaviest); row.kernel.paint([]);
      row.output.show(parts[c], now.height, now.width, signed, -limit, limit); row.output.paint(cursor);
      write(row.here, `response ${number(parts[c][at])}`);
      row.input.describe(`${row.name} of the image, with the kernel's window at row ${now.row}, column ${now.column}. Arrow keys move it.`);
      row.kernel.describe(`Kernel slice for ${row.name}: ${weights[c].map((weight) => number(weight, 2)).join(", ")}.`);
      row.output.describe(`Response of ${row.name}; ${number(parts[c][at])} at row ${now.row}, column ${now.column}. Arrow keys move the cursor.`);
    });
    sum.show(map.values, now.height, now.width, signed, -limit, limit); sum.paint(cursor);
    sum.describe(`Feature map ${now.chosen + 1}; ${number(map.values[at])} at row ${now.row}, column ${now.column}. Arrow keys move the cursor.`);
    write(sumCaption, `${now.channels > 1 ? "sum" : "response"}${now.useBias ? " + bias" : ""} = map ${now.chosen + 1}`);
    write(heading, `Filter ${now.chosen + 1}${own ? "" : `: ${FILTERS[now.chosen]}`}`);
    const terms = [...parts.map((values) => bracket(values[at])), ...(now.useBias ? [`bias ${bracket(now.bias)}`] : [])];
    const written = `${terms.join(" + ")} = ${number(map.values[at])}`;
    write(sumLine, `at row ${now.row}, column ${now.column}: ${written}`);
    maps.forEach(({ item, picture }, i) => {
      item.hidden = i >= now.filters;
      if (i >= now.filters) return;
      const own = reach([now.maps[i].values]);
      picture.show(now.maps[i].values, now.height, now.width, signed, -own, own); picture.paint([]);
      item.setAttribute("aria-pressed", i === now.chosen);
    });
    channels.set(now.channels); filters.set(now.filters); size.set(now.size); useBias.set(now.useBias);
    bias.input.disabled = !now.useBias; bias.set(now.bias); rowAt.set(now.row); columnAt.set(now.column);
    const counted = `${now.size} × ${now.size} × ${now.channels} × ${now.filters}${now.useBias ? ` + ${now.filters}` : ""} = ${grouped(now.parameters)}`;
    write(count, `Parameters of this layer: kh × kw × c × n${now.useBias ? " + n" : ""} = ${counted}`);
    const [inputs, outputs] = [now.height * now.width * now.channels, now.height * now.width * now.filters].map(grouped);
    write(dense, `A dense layer between the same sizes: ${inputs} inputs × ${outputs} outputs${now.useBias ? ` + ${outputs}` : ""} = `
      + `${grouped(now.dense)}, ${grouped(Math.round(now.dense / now.parameters))} times as many.`);
    announce.say(`Filter ${now.chosen + 1}: ${written}. Parameters: ${counted}.`);
  });
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
