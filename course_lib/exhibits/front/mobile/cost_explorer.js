// Three blocks from the same input to the same output: wiring, weights and multiply-adds to scale.

import { announcer, button, element, frameOf, grouped, number, put, range, redraw, write } from "../common/page.js";
import { BLOCKS, blockCosts, mapsPerDot, sum } from "./costs.js";
import { Flow } from "./flow.js";

const NAMES = { ordinary: "ordinary convolution", separable: "depthwise, then pointwise", inverted: "inverted residual" };
const TRAITS = { size: "size", channels: "channels", filters: "filters", kernelSize: "kernel_size", multiplier: "multiplier", expansion: "expansion", strides: "strides" };
const PRESETS = {
  "MobileNet, early": { size: 112, channels: 32, filters: 64, kernel_size: 3, multiplier: 1, expansion: 6, strides: 1 },
  "MobileNet, late": { size: 14, channels: 256, filters: 256, kernel_size: 3, multiplier: 1, expansion: 6, strides: 1 },
  "MobileNetV2, narrow": { size: 28, channels: 32, filters: 32, kernel_size: 3, multiplier: 1, expansion: 6, strides: 1 },
  "one filter": { size: 28, channels: 32, filters: 1, kernel_size: 3, multiplier: 1, expansion: 6, strides: 1 },
};
const percent = (share) => share < 0.0995 ? `${number(100 * share, 1)} %` : `${grouped(Math.round(100 * share))} %`;
const short = (value) => value >= 1e9 ? `${number(value / 1e9, 2)} G` : value >= 1e6 ? `${number(value / 1e6, 2)} M` : grouped(value);

export const settingsOf = (model) => Object.fromEntries(Object.entries(TRAITS).map(([name, trait]) => [name, model.get(trait)]));

export function allCosts(settings) {
  return BLOCKS.map((block) => {
    const steps = blockCosts(block, settings);
    return { block, steps, parameters: sum(steps, "parameters"), multiplyAdds: sum(steps, "multiplyAdds") };
  });
}

class Bars {
  constructor(title) {
    this.fills = BLOCKS.map(() => [0, 1, 2].map(() => element("span", { class: "cost-fill" })));
    this.labels = BLOCKS.map(() => element("span", { class: "cost-number" }));
    this.box = element("div", { class: "exhibit-figure" }, element("p", { class: "exhibit-caption" }, title),
      ...BLOCKS.map((block, i) => element("div", { class: "cost-line" }, element("span", { class: "cost-name" }, NAMES[block]),
        element("span", { class: "cost-track", "aria-hidden": "true" }, ...this.fills[i]), this.labels[i])));
  }

  draw(costs, what) {
    const most = Math.max(...costs.map((cost) => cost[what]));
    costs.forEach((cost, i) => {
      this.fills[i].forEach((fill, j) => {
        const one = cost.steps[j];
        fill.style.width = one ? `${(100 * one[what] / most).toFixed(3)}%` : "0";
        fill.className = `cost-fill ${one ? (one.name === "depthwise" || one.name === "convolve" ? "cost-large" : "cost-small") : ""}`;
      });
      write(this.labels[i], `${short(cost[what])}${i ? `, ${percent(cost[what] / costs[0][what])}` : ""}`);
    });
  }
}

function render({ model, el }) {
  const box = frameOf(el, "What does a block cost?",
    "Three ways from the same channels to the same filters. A thick, orange line is a kernel with a neighbourhood, a thin, blue one a kernel of 1 × 1. Move the dials.");
  const slider = (name, label, min, max) => [name, range(label, { min, max, onInput: (value) => put(model, { [TRAITS[name]]: value }) })];
  const dials = Object.fromEntries([slider("channels", "channels", 1, 256), slider("filters", "filters", 1, 256), slider("kernelSize", "kernel size", 1, 9),
    slider("size", "image size", 4, 112), slider("strides", "strides", 1, 3), slider("multiplier", "multiplier", 1, 4), slider("expansion", "expansion", 1, 8)]);
  const presets = Object.entries(PRESETS).map(([name, values]) => button(name, () => put(model, values), { "aria-pressed": "false" }));
  const flows = BLOCKS.map((block) => new Flow(block)), notes = BLOCKS.map(() => element("p", { class: "exhibit-note" }));
  const bars = [new Bars("weights"), new Bars("multiply-adds for one image")];
  const group = (title, ...names) => element("fieldset", { class: "cost-group" }, element("legend", { class: "exhibit-caption" }, title), ...names.map((name) => dials[name].box));
  const cells = [];
  const head = ["step", "weights", "multiply-adds", "per number moved"];
  const body = element("tbody");
  const table = element("table", { class: "cost-table" },
    element("thead", {}, element("tr", {}, ...head.map((word) => element("th", { scope: "col" }, word)))), body);
  for (const block of BLOCKS) {
    for (let i = 0; i < (block === "ordinary" ? 1 : block === "separable" ? 2 : 3); i += 1) {
      const name = element("th", { scope: "row" }), rest = [0, 1, 2].map(() => element("td"));
      const row = element("tr", i ? {} : { class: "cost-first" }, name, ...rest);
      body.append(row);
      cells.push({ block, i, row, name, rest });
    }
  }
  const story = element("p", { class: "exhibit-note" }), announce = announcer();

  box.append(
    element("div", { class: "exhibit-buttons", role: "group", "aria-label": "examples" }, ...presets),
    element("div", { class: "cost-dials" }, group("all three", "channels", "filters", "kernelSize", "size", "strides"),
      element("div", {}, group("depthwise, then pointwise", "multiplier"), group("inverted residual", "expansion"))),
    element("div", { class: "cost-flows" }, ...BLOCKS.map((block, i) => element("figure", { class: "exhibit-figure" },
      element("figcaption", { class: "exhibit-caption" }, NAMES[block]), flows[i].box, notes[i]))),
    element("div", { class: "exhibit-pair cost-bars" }, ...bars.map((chart) => chart.box)),
    story, element("details", { class: "cost-details" }, element("summary", {}, "Step by step"), table), announce.node);

  const drawing = redraw(() => {
    const settings = settingsOf(model), costs = allCosts(settings), { channels, filters, kernelSize, multiplier, expansion, strides } = settings;
    for (const [name, dial] of Object.entries(dials)) dial.set(settings[name]);
    Object.values(PRESETS).forEach((values, i) => presets[i].setAttribute("aria-pressed", Object.entries(values).every(([name, value]) => model.get(name) === value)));
    flows.forEach((flow) => flow.draw(settings));
    const each = mapsPerDot(settings), added = strides === 1 && channels === filters;
    write(notes[0], each > 1 ? `A dot stands for ${each} maps.` : "A dot is one map.");
    write(notes[1], "The left step sees neighbours, the right one other channels.");
    write(notes[2], added ? "The input is added at the end." : `No shortcut: ${strides > 1 ? "the maps shrink" : "the channels differ"}.`);
    bars[0].draw(costs, "parameters");
    bars[1].draw(costs, "multiplyAdds");
    for (const { block, i, row, name, rest } of cells) {
      const one = costs[BLOCKS.indexOf(block)].steps[i];
      row.hidden = !one;
      if (!one) continue;
      write(name, one.name);
      [grouped(one.parameters), short(one.multiplyAdds), number(one.intensity, 1)].forEach((text, j) => write(rest[j], text));
    }
    const share = costs[1].multiplyAdds / costs[0].multiplyAdds;
    const parts = `1/${filters} + 1/${kernelSize * kernelSize}`, wide = grouped(channels * expansion);
    write(story, `Depthwise and pointwise together need ${percent(share)} of the ordinary convolution’s multiply-adds: ${multiplier > 1 ? `${multiplier} × (${parts})` : parts}. `
      + `The inverted residual needs ${percent(costs[2].multiplyAdds / costs[0].multiplyAdds)}: it filters ${wide} maps. An ordinary convolution on as many, `
      + `${wide} to ${wide}, would have ${grouped(kernelSize * kernelSize * (channels * expansion) ** 2)} weights.`);
    announce.say(`Multiply-adds: ordinary ${short(costs[0].multiplyAdds)}, depthwise and pointwise ${percent(share)} of it, inverted residual ${percent(costs[2].multiplyAdds / costs[0].multiplyAdds)}.`);
  });
  model.on("change", drawing.ask);
  drawing.ask();
  return () => { model.off("change", drawing.ask); drawing.stop(); announce.stop(); };
}

export default { render };
