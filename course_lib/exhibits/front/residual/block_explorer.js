// A residual block: which shortcut its shapes need, and what the two paths add up to.

import { announcer, button, choice, element, frameOf, grouped, number, onTheme, put, range, redraw, remember, write } from "../common/page.js";
import { Picture, ScaleBar, clamp, palette } from "../common/picture.js";
import { blockValues, plan } from "./blocks.js";

const PLACES = [["input", "input x"], ["branch", "branch f(x)"], ["shortcut", "shortcut"], ["sum", "sum"], ["output", "output"]];
const ORDERS = [["original", "the paper’s, and ours (v1)"], ["lecture", "the lecture’s"], ["preactivation", "pre-activation"]];
const RULES = [["shape", "exactly when the shape differs"], ["lecture", "lecture: stride 2, or more channels"]];
const STEPS = {
  original: ["convolution → ReLU → convolution", "ReLU after the addition"],
  lecture: ["convolution → ReLU → convolution → ReLU", "nothing after the addition"],
  preactivation: ["ReLU → convolution → ReLU → convolution", "nothing after the addition"],
};
const CASES = [["same shape", [2, 2, 2, 1, 1]], ["more channels", [2, 4, 4, 1, 1]], ["fewer channels", [4, 2, 2, 1, 1]],
  ["stride 2", [2, 2, 2, 2, 1]], ["stride 3", [2, 2, 2, 3, 1]], ["strides 2 and 2", [2, 2, 2, 2, 2]], ["4 channels to 1", [4, 2, 1, 1, 1]]];
const SIZES = ["size", "channels", "filters", "strides", "rule"], written = (shape) => shape.join(" × ");
const VERDICTS = { fits: "✓", broadcasts: "⚠", fails: "✗" };

// Share of negative numbers and mean, over all channels.
export function summary(planes) {
  let below = 0, sum = 0, count = 0;
  for (const plane of planes) for (const value of plane) { below += value < 0; sum += value; count++; }
  return { negative: below / count, mean: sum / count };
}

function verdict({ shapes, strides, outcome, parameters: [, weights] }, channels, filters) {
  const [, branch, shortcut] = shapes, first = strides
    ? `The shortcut is a projection: 1 × 1, ${channels} to ${filters[1]} channels, strides ${strides}; ${grouped(weights)} parameters.`
    : "The shortcut is the identity: no parameters.";
  const second = { fits: `Both paths are ${written(branch)}, and can be added.`,
    broadcasts: `${written(branch)} and ${written(shortcut)} differ, and are added all the same: what has size 1 is repeated. No error warns you.`,
    fails: `${written(branch)} and ${written(shortcut)} cannot be added: Add raises an error.` }[outcome];
  return `${VERDICTS[outcome]} ${first} ${second}`;
}

function render({ model, el }) {
  const box = frameOf(el, "A block and its shortcut",
    "Change channels, filters and strides, and see which shortcut the shapes need. Then let the lecture’s test decide, and find what it misses. "
    + "Last, move the ReLU: which of the pictures can hold purple, the colour of negative numbers?");
  const set = (name, at) => (value) => put(model, { [name]: at === undefined ? value : model.get(name).map((old, i) => (i === at ? value : old)) });
  const slider = (label, name, max, at, min = 1) => range(label, { min, max, onInput: set(name, at) });
  const sliders = { size: slider("height, width", "size", 12, undefined, 2), channels: slider("channels", "channels", 4),
    first: slider("filters, first", "filters", 4, 0), second: slider("filters, second", "filters", 4, 1),
    down: slider("strides, first", "strides", 3, 0), again: slider("strides, second", "strides", 3, 1) };
  const order = choice("block", ORDERS, set("order")), rule = choice("project", RULES, set("rule"));
  const cases = CASES.map(([name, [channels, a, b, s, t]]) =>
    button(name, () => put(model, { channels, filters: [a, b], strides: [s, t], ...(t > 1 ? { size: 4 } : {}) })));
  const channel = range("channel shown", { min: 1, max: 4, onInput: (value) => put(model, { channel: value - 1 }) });
  const other = button("Other weights", () => put(model, { seed: (model.get("seed") + 1) % 100 }));
  const pictures = PLACES.map(() => new Picture()), shapes = PLACES.map(() => element("p", { class: "exhibit-note block-shape" }));
  const facts = PLACES.map(() => element("p", { class: "exhibit-note" })), none = PLACES.map(() => element("p", { class: "block-none", hidden: true }, "cannot be added"));
  const figures = PLACES.map(([, title], i) => element("div", { class: "exhibit-figure" },
    element("p", { class: "exhibit-caption" }, title), pictures[i].canvas, none[i], shapes[i], facts[i]));
  const steps = element("p", { class: "exhibit-note" }), said = element("p", { class: "block-verdict" }), bar = new ScaleBar(), announce = announcer();
  box.append(
    element("div", { class: "exhibit-buttons", role: "group", "aria-label": "cases" }, ...cases),
    element("div", { class: "exhibit-panel block-controls" }, sliders.size.box, sliders.channels.box, sliders.first.box, sliders.second.box, sliders.down.box, sliders.again.box),
    element("div", { class: "block-choices" }, rule.box, order.box),
    said, element("div", { class: "block-pictures" }, ...figures), bar.box, steps,
    element("div", { class: "block-below" }, channel.box, other), announce.node);

  const computed = remember(model, [...SIZES, "order", "seed"], () =>
    blockValues(...SIZES.map((name) => model.get(name)), model.get("order"), model.get("seed")));
  const drawing = redraw(() => {
    const [size, channels, filters, strides] = SIZES.map((name) => model.get(name)), planned = plan(size, channels, filters, strides, model.get("rule"));
    const values = computed(), colours = palette("signed");
    const reach = Math.max(1e-9, ...Object.values(values).flat().map((plane) => plane.reduce((most, value) => Math.max(most, Math.abs(value)), 0)));
    PLACES.forEach(([name, title], i) => {
      const planes = values[name], there = planes !== undefined;
      pictures[i].canvas.hidden = !there; none[i].hidden = there;
      if (!there) { write(shapes[i], ""); write(facts[i], ""); return; }
      const chosen = clamp(model.get("channel"), 0, planes.length - 1), side = Math.sqrt(planes[0].length), { negative, mean } = summary(planes);
      pictures[i].show(planes[chosen], side, side, colours, -reach, reach);
      pictures[i].paint([]);
      const shape = written([side, side, planes.length]), text = `mean ${number(mean, 2)},\n${number(100 * negative, 0)} % below 0`;
      write(shapes[i], shape); write(facts[i], text);
      pictures[i].describe(`${title}, channel ${chosen + 1} of ${shape}: ${text}.`);
    });
    bar.show(colours, [number(-reach, 1), "0", number(reach, 1)]);
    sliders.size.set(size); sliders.channels.set(channels); sliders.first.set(filters[0]); sliders.second.set(filters[1]);
    sliders.down.set(strides[0]); sliders.again.set(strides[1]);
    order.set(model.get("order")); rule.set(model.get("rule"));
    const most = Math.max(channels, filters[1]), shown = clamp(model.get("channel"), 0, most - 1) + 1;
    channel.limit(1, most); channel.set(shown); channel.input.disabled = most === 1;
    const words = verdict(planned, channels, filters), [branch, after] = STEPS[model.get("order")];
    write(said, words);
    said.dataset.outcome = planned.outcome;
    const straight = planned.strides ? (model.get("order") === "lecture" ? "1 × 1 convolution → ReLU" : "1 × 1 convolution") : "x itself";
    write(steps, `Branch: ${branch}, ${grouped(planned.parameters[0])} parameters. Shortcut: ${straight}. ${after[0].toUpperCase()}${after.slice(1)}.`);
    announce.say(words);
  });
  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => {
    model.off("change", drawing.ask);
    forget(); drawing.stop(); announce.stop();
    for (const picture of pictures) picture.stop();
  };
}

export default { render };
