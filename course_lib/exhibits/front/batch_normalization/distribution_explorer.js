// A batch of one channel's activations through both steps, as in training and as at inference.

import { announcer, button, bytes, choice, element, frameOf, number, put, range, redraw, remember, write } from "../common/page.js";
import { above, imagesOf, lineOf, movingAverages, statisticsOf, undoing, valuesOf } from "./statistics.js";
import { REACH, Strip, outlineOf } from "./strip.js";

const LAYERS = [["dense", "a dense unit"], ["convolutional", "a convolution"]];
const STEPS = 120, SAME = { scale: 1, shift: 0 };
const TRAITS = ["layer", "batch_size", "step", "momentum", "gamma", "beta"];
const two = (value) => number(value, 2);

// Everything that does not depend on momentum, gamma and beta, for each of the steps.
export function batchesOf(model) {
  const convolutional = model.get("layer") === "convolutional", positions = convolutional ? model.get("positions") : 1;
  const packed = bytes(model.get(convolutional ? "maps" : "units")), unit = model.get("unit");
  const store = Float64Array.from(new Int8Array(packed.buffer, packed.byteOffset, packed.length), (level) => level * unit);
  const count = store.length / positions, size = model.get("batch_size");
  const make = (marked) => Array.from({ length: STEPS + 1 }, (_, step) => valuesOf(store, imagesOf(step, size, count, marked), positions));
  return { store, outline: outlineOf(store), trained: make(false).map(statisticsOf), shown: make(true), marked: store[positions > 1 ? model.get("place") : 0] };
}

export function stateOf(model, batches) {
  const [step, momentum, gamma, beta, epsilon] = ["step", "momentum", "gamma", "beta", "epsilon"].map((name) => model.get(name));
  const values = batches.shown[step], batch = statisticsOf(values), moving = movingAverages(batches.trained.slice(0, step), momentum);
  const half = (statistics) => {
    const lines = [lineOf(statistics, 1, 0, epsilon), lineOf(statistics, gamma, beta, epsilon)];
    const now = lines.map(({ scale, shift }) => ({ mean: batch.mean * scale + shift, deviation: Math.sqrt(batch.variance) * Math.abs(scale), marked: batches.marked * scale + shift }));
    return { lines, normalised: now[0], output: now[1], positive: above(values, lines[1]) };
  };
  const others = batches.shown.map((other) => lineOf(statisticsOf(other), gamma, beta, epsilon)).map(({ scale, shift }) => batches.marked * scale + shift);
  return { values, batch, moving, training: half(batch), inference: half(moving), others };
}

function render({ model, el }) {
  const box = frameOf(el, "A batch on its way through batch normalisation",
    "Drag the sliders. The gray shape is all images, the ticks are the batch, the orange line is one image that stays while the others "
    + "change. Where does it end in training, and where at inference? Try a batch of 2; try 0 training steps.");
  const slider = (name, label, settings) => range(label, { ...settings, onInput: (value) => put(model, { [name]: value }) });
  const layer = choice("layer before", LAYERS, (value) => put(model, { layer: value }));
  const sliders = {
    batch_size: slider("batch_size", "batch size", { min: 1, max: 64 }),
    step: slider("step", "training steps", { min: 0, max: STEPS }),
    momentum: slider("momentum", "momentum α", { min: 0, max: 0.99, step: 0.01 }),
    gamma: slider("gamma", "gamma γ", { min: -2, max: 2, step: 0.05 }),
    beta: slider("beta", "beta β", { min: -3, max: 3, step: 0.05 }),
  };
  const nearest = (value, limit) => Math.max(-limit, Math.min(limit, Math.round(20 * value) / 20));
  const undo = button("γ and β that undo it", () => {
    const { gamma, beta } = undoing(state().moving, model.get("epsilon"));
    put(model, { gamma: nearest(gamma, 2), beta: nearest(beta, 3) });
  });
  const reset = button("γ = 1, β = 0", () => put(model, { gamma: 1, beta: 0 }));
  const arriving = new Strip("1. The batch arrives", { bars: ["batch", "moving"] });
  const columns = ["training", "inference"].map((name) => {
    const bars = [name === "training" ? "batch" : "moving"];
    return { name, strips: [new Strip("2. Normalised", { bars }), new Strip("3. Times γ, plus β", { cut: true, bars })] };
  });
  const heads = { training: "Training: batch statistics", inference: "Inference: moving averages" };
  const said = element("p", { class: "norm-said" }), convention = element("p", { class: "exhibit-note" }), announce = announcer();

  box.append(
    element("div", { class: "exhibit-panel norm-controls" },
      element("div", {}, layer.box, sliders.batch_size.box, sliders.step.box, sliders.momentum.box),
      element("div", {}, sliders.gamma.box, sliders.beta.box, element("div", { class: "exhibit-buttons" }, reset, undo), convention)),
    arriving.box,
    element("div", { class: "exhibit-pair norm-columns" }, ...columns.map(({ name, strips }) =>
      element("div", { class: `norm-column is-${name}` }, element("p", { class: "norm-head" }, heads[name]), ...strips.map((strip) => strip.box)))),
    said, announce.node);

  const batches = remember(model, ["layer", "batch_size", "units", "maps"], () => batchesOf(model));
  const state = remember(model, TRAITS, () => stateOf(model, batches()));
  const drawing = redraw(() => {
    const all = batches(), now = state(), { outline, marked } = all, { values, batch, moving } = now, step = model.get("step");
    const deviations = [batch, moving].map(({ variance }) => Math.sqrt(variance));
    const bars = [["batch", batch.mean, deviations[0]], ["moving", moving.mean, deviations[1]]];
    const known = step ? `after ${step} step${step === 1 ? "" : "s"}` : "before any step";
    write(arriving.note, `Batch of ${values.length} number${values.length === 1 ? "" : "s"}: mean ${two(batch.mean)}, standard deviation ${two(deviations[0])}. `
      + `Moving averages ${known}: mean ${two(moving.mean)}, variance ${two(moving.variance)}, its root ${two(deviations[1])}. Marked: ${two(marked)}.`);
    arriving.show({ outline, values, line: SAME, bars, marked, text: arriving.note.textContent });
    columns.forEach(({ name, strips }) => {
      const { lines, normalised, output, positive } = now[name];
      strips.forEach((strip, i) => {
        const part = i ? output : normalised;
        write(strip.note, `mean ${two(part.mean)}, deviation ${two(part.deviation)}; marked: ${two(part.marked)}${Math.abs(part.marked) > REACH ? " (off the axis)" : ""}`
          + (i ? `; a ReLU would pass ${number(100 * positive, 0)} %` : ""));
        strip.show({ outline, values, line: lines[i], marked, bars: [[name === "training" ? "batch" : "moving", part.mean, part.deviation]],
          others: i && name === "training" ? now.others : [], text: `${name}, ${i ? "after both steps" : "normalised"}: ${strip.note.textContent}.` });
      });
    });
    const low = Math.min(...now.others), high = Math.max(...now.others), result = now.training.output.marked;
    write(said, `The marked number ${two(marked)} becomes ${two(result)} in training, and in other batches of this size anything from ${two(low)} to ${two(high)} (small ticks). `
      + `At inference it becomes ${two(now.inference.output.marked)}, whoever comes along.`);
    layer.set(model.get("layer"));
    for (const [name, control] of Object.entries(sliders)) control.set(model.get(name), number(model.get(name), 2));
    const alpha = model.get("momentum"), left = alpha ** step;
    write(convention, `Keras: momentum=${two(alpha)}. PyTorch: momentum=${two(1 - alpha)}. Of the start, mean 0 and variance 1, `
      + `${left > 0 && left < 0.001 ? "less than 0.1" : number(100 * left, 1)} % is left.`);
    announce.say(said.textContent);
  });
  model.on("change", drawing.ask);
  drawing.ask();
  return () => { model.off("change", drawing.ask); drawing.stop(); announce.stop(); };
}

export default { render };
