// Gradients by layer in two networks that differ in their shortcuts alone.

import { announcer, button, choice, element, frameOf, number, put, range, redraw, remember, toggle, write } from "../common/page.js";
import { clamp } from "../common/picture.js";
import { LevelBars, decades, magnitude } from "./level_bars.js";
import { allKernels, lastGradient, signals } from "./signals.js";

const NETWORKS = ["plain", "residual"];
const QUANTITIES = [["maps", "gradient at the feature maps"], ["kernels", "gradient of the kernels"], ["values", "size of the values"]];
const SCALES = [["Glorot: 0.71", 0.71], ["He: 1", 1]];

// 1.05 is the factor that each layer contributes when the whole has changed by `ratio`.
export const perLayer = (ratio, layers) => ratio ** (1 / Math.max(1, layers - 1));

function story(name, { maps }) {
  const ratio = maps[0] / maps.at(-1);
  return `${name}: on its way to the first layer the gradient is multiplied by ${magnitude(ratio)}, which is ${perLayer(ratio, maps.length).toFixed(2)} a layer.`;
}

function render({ model, el }) {
  const box = frameOf(el, "The way back through a deep network",
    "Two networks with equal weights; the lower one has shortcuts. A gradient of size 1 starts at the right. Drag the number of blocks, "
    + "and point at a bar. Then make the weights larger (1 is He’s initialisation), "
    + "normalise, or make the branches smaller. Every second layer ends a block.");
  const pick = (layer) => put(model, { layer });
  const bars = NETWORKS.map((name) => new LevelBars(`${name} network, layer`, `level-${name}`, pick));
  const set = (name) => (value) => put(model, { [name]: value });
  const blocks = range("blocks", { min: 1, max: 27, onInput: set("blocks") });
  const scale = range("weights times", { min: 0.5, max: 1.5, step: 0.01, onInput: set("scale") });
  const branch = range("branch times", { min: 0, max: 1, step: 0.01, onInput: set("branch_scale") });
  const norm = toggle("batch normalisation", set("batch_norm")), quantity = choice("show", QUANTITIES, set("quantity"));
  const presets = SCALES.map(([name, value]) => button(name, () => put(model, { scale: value }), { "aria-pressed": "false" }));
  const again = button("Other weights", () => put(model, { seed: (model.get("seed") + 1) % 1000 }));
  const cells = NETWORKS.map(() => [0, 1, 2].map(() => element("td")));
  const heads = ["values", "gradient at the maps", "gradient of the kernel"].map((head) => element("th", { scope: "col" }, head));
  const place = element("th", { scope: "col" }), said = NETWORKS.map(() => element("p", { class: "exhibit-note" })), announce = announcer();
  const rows = NETWORKS.map((name, i) => element("tr", {}, element("th", { scope: "row" }, name), ...cells[i]));
  box.append(
    element("div", { class: "exhibit-row level-top" }, quantity.box, again),
    ...bars.map((chart) => chart.box),
    element("p", { class: "exhibit-note level-ends", "aria-hidden": "true" }, element("span", {}, "← input"), element("span", {}, "loss →")),
    element("table", { class: "level-table" }, element("thead", {}, element("tr", {}, place, ...heads)), element("tbody", {}, ...rows)),
    ...said,
    element("div", { class: "exhibit-panel level-controls" }, blocks.box, branch.box,
      element("div", {}, scale.box, element("div", { class: "exhibit-buttons", role: "group", "aria-label": "initialisation" }, ...presets)), norm.box), announce.node);

  const image = model.get("image");
  const drawn = remember(model, ["seed"], () => ({ kernels: allKernels(model.get("seed")), last: lastGradient(model.get("seed")) }));
  const measured = NETWORKS.map((_, residual) => remember(model, ["seed", "blocks", "scale", "batch_norm", ...(residual ? ["branch_scale"] : [])], () =>
    signals(image, drawn().kernels, model.get("blocks"), model.get("scale"), drawn().last, residual === 1, model.get("batch_norm"), model.get("branch_scale"))));
  const drawing = redraw(() => {
    const now = measured.map((measure) => measure()), shown = now.map((network) => network[model.get("quantity")]);
    const layers = shown[0].length, layer = clamp(model.get("layer"), 0, layers - 1), span = decades(shown);
    const words = QUANTITIES.find(([name]) => name === model.get("quantity"))[1];
    bars.forEach((chart, i) => chart.show(shown[i], span, layer, `${NETWORKS[i]}: ${words}`, `${layer + 1} of ${layers}: ${magnitude(shown[i][layer])}`));
    now.forEach((network, i) => {
      ["values", "maps", "kernels"].forEach((name, j) => write(cells[i][j], magnitude(network[name][layer])));
      write(said[i], story(NETWORKS[i][0].toUpperCase() + NETWORKS[i].slice(1), network));
    });
    write(place, `layer ${layer + 1} of ${layers}`);
    blocks.set(model.get("blocks")); branch.set(model.get("branch_scale"), number(model.get("branch_scale"), 2));
    scale.set(model.get("scale"), number(model.get("scale"), 2));
    scale.input.disabled = model.get("batch_norm");
    presets.forEach((preset, i) => { preset.setAttribute("aria-pressed", SCALES[i][1] === model.get("scale")); preset.disabled = model.get("batch_norm"); });
    norm.set(model.get("batch_norm")); quantity.set(model.get("quantity"));
    announce.say(`${layers} layers. ${said.map((line) => line.textContent).join(" ")}`);
  });
  model.on("change", drawing.ask);
  drawing.ask();
  return () => { model.off("change", drawing.ask); drawing.stop(); announce.stop(); };
}

export default { render };
