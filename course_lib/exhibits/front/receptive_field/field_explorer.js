// A stack that the reader builds, and how far its units see: along a line, on an image, by layer.

import { announcer, button, bytes, choice, element, frameOf, grouped, onTheme, isDark, put, range, redraw, remember, toggle, write } from "../common/page.js";
import { Picture, clamp, palette } from "../common/picture.js";
import { GrowthChart } from "./growth_chart.js";
import { resized, seen } from "./seen.js";
import { frameAround, levels, nested, plainSizes, shownLayer, unitAt, ways } from "./stack.js";
import { StackLine } from "./stack_line.js";

const MOST = 24, KINDS = [["convolution", "convolution"], ["pooling", "pooling"]], PADDINGS = [["same", "“same”"], ["valid", "“valid”"]];
const STACK = ["layers", "size", "padding"], SETTINGS = [["kernel size", 11], ["strides", 4], ["dilation", 16]];
const short = (value) => (value < 1e9 ? grouped(value)
  : value.toExponential(1).replace(/e\+(\d+)/, (_, power) => ` × 10${[...power].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`));

const named = ([kind, kernelSize, strides, dilation]) => `${kind} ${kernelSize} × ${kernelSize}`
  + (strides > 1 ? `, strides ${strides}` : "") + (dilation > 1 ? `, dilation ${dilation}` : "");

// What a layer adds to the field, in words that can be checked by hand.
export function step([, kernelSize, , dilation], before) {
  const added = (kernelSize - 1) * dilation * before.stride;
  return `(${kernelSize} − 1)${dilation > 1 ? ` · ${dilation}` : ""} · ${short(before.stride)} = ${short(added)}`;
}

function verdict(all, layer, shown, size, padding) {
  const { size: field, stride, padding: before } = all[layer];
  if (shown < layer) return `✗ Layer ${shown + 1} does not fit: there is too little left of the image. With no padding the last layer needs an image of at least ${short(all.at(-1).size)} pixels.`;
  const compared = field > size ? "It is larger than the whole image." : `The image has ${size}.`;
  const first = before ? `the first begins ${short(before)} before the image` : "the first begins where the image does";
  return `Layer ${layer}: a field of ${short(field)} pixels along each side. ${compared} The fields of neighbours lie ${short(stride)} apart (effective stride), and ${first} (effective padding).`;
}

function controls(model) {
  const chosen = () => clamp(model.get("layer"), 1, model.get("layers").length) - 1;
  const change = (at, value) => put(model, { layers: model.get("layers").map((layer, i) => (i === chosen() ? layer.map((old, j) => (j === at ? value : old)) : layer)) });
  const sliders = SETTINGS.map(([name, max], i) => range(name, { min: 1, max, onInput: (value) => change(i + 1, value) }));
  const kind = choice("layer is a", KINDS, (value) => {
    put(model, { layers: model.get("layers").map((layer, i) => (i !== chosen() ? layer : value === "pooling" ? ["pooling", 2, 2, 1] : ["convolution", 3, 1, 1])) });
  });
  const insert = button("Add a layer", () => {
    const layers = model.get("layers"), at = chosen();
    put(model, { layers: [...layers.slice(0, at + 1), [...layers[at]], ...layers.slice(at + 1)], layer: at + 2 });
  });
  const remove = button("Remove it", () => {
    const at = chosen(), layers = model.get("layers").filter((_, i) => i !== at);
    put(model, { layers, layer: Math.max(1, Math.min(at + 1, layers.length)) });
  });
  const set = () => {
    const layers = model.get("layers"), layer = layers[chosen()];
    sliders.forEach((slider, i) => slider.set(layer[i + 1]));
    sliders[2].input.disabled = layer[0] === "pooling";
    kind.set(layer[0]);
    insert.disabled = layers.length >= MOST; remove.disabled = layers.length < 2;
  };
  return { sliders, kind, insert, remove, set };
}

function render({ model, el }) {
  const box = frameOf(el, "How far does a stack of layers see?",
    "Choose a stack, or build one: pick a layer and change it, add one, take one away. Point into the pictures to move the unit. "
    + "Blue is what the unit of the last layer shown depends on. Compare how the field grows with strides, with dilation and without.");
  const set = (name) => (value) => put(model, { [name]: value });
  const pickLayer = (layer) => put(model, { layer: clamp(layer, 1, model.get("layers").length) });
  const presets = Object.entries(model.get("presets")).map(([name, [layers, size, padding]]) =>
    ({ layers: JSON.stringify([layers, size, padding]), node: button(name, () => put(model, { layers, size, padding, layer: layers.length }), { "aria-pressed": "false" }) }));
  const layer = range("layer shown", { min: 1, max: MOST, onInput: set("layer") }), size = range("image size", { min: 16, max: 224, onInput: set("size") });
  const padding = choice("padding", PADDINGS, set("padding")), weighted = toggle("weigh by number of ways", set("weighted")), logarithmic = toggle("logarithmic axis", set("logarithmic"));
  const edit = controls(model), said = element("p", { class: "field-said" }), fact = element("p", { class: "exhibit-note" }), announce = announcer();
  const placeAt = (shares) => put(model, { place: shares.map((share) => clamp(share, 0, 1)) });
  const stepTo = (down, right) => {
    const { units } = now().all[now().shown], move = (share, by) => (clamp(unitAt(share, units) + by, 0, units - 1) + 0.5) / units;
    const [row, column] = model.get("place");
    placeAt([move(row, down), move(column, right)]);
  };
  const line = new StackLine((share) => placeAt([model.get("place")[0], share]), (units, layers) => (layers ? pickLayer(model.get("layer") + layers) : stepTo(0, units)));
  const picture = new Picture((row, column, absolute) => {
    if (!absolute) { stepTo(Math.sign(row) * Math.ceil(Math.abs(row) / 8), Math.sign(column) * Math.ceil(Math.abs(column) / 8)); return; }
    const first = now().frame[0], side = model.get("size");
    placeAt([(row + first + 0.5) / side, (column + first + 0.5) / side]);
  });
  const chart = new GrowthChart(pickLayer), body = element("tbody");
  const heads = ["layer", "adds", "size", "stride", "padding", "units"].map((head) => element("th", { scope: "col" }, head));
  box.append(
    element("div", { class: "exhibit-buttons", role: "group", "aria-label": "stacks" }, ...presets.map(({ node }) => node)),
    element("div", { class: "exhibit-panel field-controls" }, layer.box, edit.kind.box, ...edit.sliders.map((slider) => slider.box),
      element("div", { class: "exhibit-row" }, edit.insert, edit.remove)),
    said, line.box, element("div", { class: "field-below" }, weighted.box, padding.box, size.box),
    element("div", { class: "exhibit-pair field-pair" },
      element("div", { class: "exhibit-figure" }, element("p", { class: "exhibit-caption" }, "fields on the image, after each layer"), picture.canvas, fact),
      element("div", { class: "exhibit-figure" }, element("p", { class: "exhibit-caption" }, "size of the field, layer by layer"), chart.box, logarithmic.box)),
    element("div", { class: "field-scroll" }, element("table", { class: "field-table" }, element("thead", {}, element("tr", {}, ...heads)), body)), announce.node);

  const photo = bytes(model.get("image")), side = Math.sqrt(photo.length);
  const gray = remember(model, ["size"], () => resized(photo, side, model.get("size")));
  const now = remember(model, [...STACK, "layer", "place"], () => {
    const [layers, pixels, mode] = STACK.map((name) => model.get(name)), all = levels(layers, pixels, mode), chosen = clamp(model.get("layer"), 1, layers.length);
    const shown = shownLayer(all, chosen), units = model.get("place").map((share) => unitAt(share, all[shown].units));
    const reads = units.map((unit) => ways(layers.slice(0, shown), pixels, mode, unit));
    return { all, chosen, shown, units, reads, frame: frameAround(all, shown, units, pixels) };
  });
  const drawing = redraw(() => {
    const [layers, pixels, mode] = STACK.map((name) => model.get(name)), { all, chosen, shown, units, reads, frame } = now();
    const text = verdict(all, chosen, shown, pixels, mode), weigh = model.get("weighted");
    line.show({ all, shown, reads: reads[1], frame, size: pixels, unit: units[1], weighted: weigh, layers, text: `unit ${units[1] + 1} of ${all[shown].units}. ${text}` });
    const { values, places, wide } = seen(gray(), pixels, frame, reads.map((each) => each[0]), weigh, isDark());
    picture.show(values, wide, wide, palette("gray"), 0, 255);
    picture.dye(places, 1, isDark() ? 0xff2e2a26 : 0xfff2efeb);
    picture.dye(places, 2, isDark() ? 0xff5a4a30 : 0xfff6e2cc);
    picture.paint(nested(all, shown, model.get("place"), frame));
    const share = reads.reduce((product, [{ start, counts }]) => product * counts.filter((count, i) => count && start + i >= 0 && start + i < pixels).length / pixels, 1);
    const note = `Unit (${units.map((unit) => unit + 1).join(", ")}) of ${all[shown].units} × ${all[shown].units} reads ${(100 * share).toFixed(share < 0.1 ? 1 : 0)} % of the image.`;
    write(fact, `${note}${all[shown].size > 2 * pixels ? " Its field goes on beyond the picture." : ""}`);
    picture.describe(`${note} ${text}`);
    chart.show(all.map((level) => level.size), plainSizes(layers), pixels, chosen, model.get("logarithmic"));
    fill(body, layers, all, chosen, pickLayer);
    const key = JSON.stringify([layers, pixels, mode]);
    for (const preset of presets) preset.node.setAttribute("aria-pressed", preset.layers === key);
    layer.limit(1, layers.length); layer.set(chosen, `${chosen} of ${layers.length}`); layer.input.disabled = layers.length < 2;
    size.set(pixels); padding.set(mode); weighted.set(weigh); logarithmic.set(model.get("logarithmic"));
    edit.set();
    write(said, text); said.dataset.outcome = shown < chosen ? "fails" : all[chosen].size > pixels ? "beyond" : "fits";
    announce.say(text);
  });
  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => { model.off("change", drawing.ask); forget(); drawing.stop(); announce.stop(); picture.stop(); };
}

// Rows are kept, so that a button that has the focus keeps it.
function fill(body, layers, all, chosen, onLayer) {
  while (body.children.length > layers.length) body.lastChild.remove();
  while (body.children.length < layers.length) {
    const number = body.children.length + 1, name = button("", () => onLayer(number));
    body.append(element("tr", {}, element("th", { scope: "row" }, name), ...Array.from({ length: 5 }, () => element("td"))));
  }
  layers.forEach((layer, i) => {
    const row = body.children[i], { size, stride, padding, units } = all[i + 1], name = row.firstChild.firstChild;
    write(name, `${i + 1}: ${named(layer)}`);
    name.setAttribute("aria-pressed", i + 1 === chosen);
    [step(layer, all[i]), short(size), short(stride), short(padding), units || "none"].forEach((text, j) => write(row.children[j + 1], String(text)));
  });
}

export default { render };
