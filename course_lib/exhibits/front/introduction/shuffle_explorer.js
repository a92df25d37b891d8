// Pixels that change places: a dense layer whose weights move along says what it said, and no kernel can follow.

import { announcer, button, bytes, choice, element, frameOf, number, onTheme, put, range, redraw, remember, toggle, write } from "../common/page.js";
import { Picture, clamp, extremes, palette } from "../common/picture.js";
import { Chart } from "./chart.js";
import { afterShuffle, inOrder, partialShuffle } from "./permutation.js";

const STEP = 2;  // one pixel alone cannot change places
const reachOf = (values) => Math.max(1e-9, ...extremes(values).map(Math.abs));
const shareOf = (agreement) => (Math.max(agreement, -0.5) + 0.5) / 1.5;  // the chart's axis runs from -0.5 to 1
const LAYERS = ["dense", "convolution"];

function newOrder(count) {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

export function beforeOf(model) {
  const side = model.get("side"), size = side * side, digit = model.get("digit");
  const picture = Array.from(bytes(model.get("digits")).subarray(digit * size, (digit + 1) * size), (level) => level / 255);
  return inOrder(picture, side, model.get("units"), model.get("kernels")[model.get("kernel")][1]);
}

function render({ model, el }) {
  const side = model.get("side"), pixels = side * side;
  const box = frameOf(el, "Who notices a shuffle?",
    "Drag the slider: pixels change places, each with its brightness. Which layer still says the same? Then leave the dense weights where they were.");
  const digit = choice("digit", Array.from({ length: model.get("units").length }, (_, i) => [i, String(i)]), (value) => put(model, { digit: Number(value) }));
  const kernel = choice("kernel", model.get("kernels").map(([name], i) => [i, name]), (value) => put(model, { kernel: Number(value) }));
  const moved = range("pixels moved", { min: 0, max: pixels, step: STEP, onInput: (value) => put(model, { moved: value }) });
  const follow = toggle("the dense weights move along", (value) => put(model, { follow: value }));
  const another = button("Another shuffle", () => put(model, { order: newOrder(pixels) }));

  const pick = (row, column, absolute) => {
    const [r, c] = absolute ? [row, column] : [model.get("cursor")[0] + row, model.get("cursor")[1] + column];
    put(model, { cursor: [clamp(r, 0, side - 1), clamp(c, 0, side - 1)] });
  };
  const second = { tabindex: "-1" };  // one stop for the Tab key is enough: the picture
  const shown = new Picture(pick), weights = new Picture(pick, second), response = new Picture(pick, second);
  const captions = [0, 1, 2].map(() => element("p", { class: "exhibit-note" }));
  const figures = [shown, weights, response].map((picture, i) => element("div", { class: "exhibit-figure" }, picture.canvas, captions[i]));
  const hereLine = element("p", { class: "shuffle-here" });
  const bars = Array.from({ length: model.get("units").length }, (_, i) => {
    const fill = element("span", { class: "shuffle-fill" });
    return { fill, box: element("div", { class: "shuffle-bar" }, element("span", { class: "shuffle-track" }, fill), element("span", {}, String(i))) };
  });
  const outputs = element("div", { class: "shuffle-bars", role: "img" }, ...bars.map((bar) => bar.box));
  const verdict = element("p", { class: "exhibit-note" });
  const chart = new Chart({ lines: ["dense layer", "convolution"], yLabel: "agreement with the answer in order", xLabel: "pixels moved",
    xTicks: [0, 16, 32, 48, 64].map((count) => [count / 64, String(Math.round(count * pixels / 64))]),
    yTicks: [-0.5, 0, 0.5, 1].map((value) => [shareOf(value), number(value)]) });
  const announce = announcer();

  box.append(
    element("div", { class: "shuffle-controls" }, moved.box, follow.box, element("div", { class: "exhibit-row" }, digit.box, kernel.box, another)),
    element("div", { class: "shuffle-figures" }, ...figures), hereLine,
    element("div", { class: "shuffle-results" },
      element("div", { class: "exhibit-figure" }, element("p", { class: "exhibit-caption" }, "The dense layer's ten outputs"), outputs, verdict),
      element("div", { class: "exhibit-figure" }, chart.box)),
    announce.node);

  const before = remember(model, ["digits", "units", "kernels", "digit", "kernel"], () => beforeOf(model));
  const curves = remember(model, ["digits", "units", "kernels", "digit", "kernel", "order", "follow"], () =>
    Array.from({ length: pixels / STEP + 1 }, (_, i) => afterShuffle(before(), partialShuffle(model.get("order"), i * STEP), model.get("follow"))));
  let drawn = null;
  const drawing = redraw(() => {
    const start = before(), all = curves(), count = model.get("moved"), chosen = model.get("digit");
    const source = partialShuffle(model.get("order"), count);
    const now = count % STEP ? afterShuffle(start, source, model.get("follow")) : all[count / STEP];
    const [row, column] = model.get("cursor"), at = row * side + column;
    moved.set(count, `${count} of ${pixels}`); follow.set(model.get("follow")); digit.set(chosen); kernel.set(model.get("kernel"));
    const signed = palette("signed"), unit = now.weights[chosen], heaviest = reachOf(unit), strongest = reachOf(start.response);
    shown.show(now.picture, side, side, palette("grey"), 0, 1);
    weights.show(unit, side, side, signed, -heaviest, heaviest);
    response.show(now.response, side, side, signed, -strongest, strongest);
    const here = [row, column, 1, 1];
    shown.paint([[row - 1, column - 1, 3, 3], here]); weights.paint([here]); response.paint([here]);
    write(captions[0], count ? `the digit, ${count} pixels moved` : "the digit, in order");
    write(captions[1], `weights of the dense unit for “${chosen}”`);
    write(captions[2], `response to “${model.get("kernels")[model.get("kernel")][0]}”`);
    showOutputs(start, now, chosen);
    const agreements = [now.dense, now.convolution], [dense, convolution] = agreements.map((value) => number(value, 2));
    if (drawn !== all) LAYERS.forEach((name, i) => chart.line(i, all.map((step, j) => [j * STEP / pixels, shareOf(step[name])])));
    drawn = all;
    chart.mark(count / pixels, agreements.map(shareOf), [dense, convolution]);
    chart.describe(`Agreement after ${count} pixels moved: dense layer ${dense}, convolution ${convolution}.`);
    const from = [Math.floor(source[at] / side), source[at] % side];
    const origin = source[at] === at ? "has not moved" : `came from row ${from[0]}, column ${from[1]}`;
    write(hereLine, `The pixel at row ${row}, column ${column} ${origin}. In the dense unit it counts ${number(now.picture[at], 2)} × ${number(unit[at], 2)
    }; around it the kernel answers ${number(now.response[at], 2)}.`);
    shown.describe(`Picture of ${side} by ${side} pixels, ${count} moved; row ${row}, column ${column}: ${number(now.picture[at], 2)}. Arrow keys move.`);
    weights.describe(`Weights of the dense unit for ${chosen}${model.get("follow") ? ", moved with the pixels" : ", where they were"}.`);
    response.describe(`Response of the convolution, from ${extremes(now.response).map((value) => number(value, 1)).join(" to ")}.`);
    announce.say(`${count} pixels moved. Agreement: dense layer ${dense}, convolution ${convolution}.`);
  });

  function showOutputs(start, now, chosen) {
    const limit = 1.15 * reachOf(start.outputs), winner = now.outputs.indexOf(Math.max(...now.outputs));
    bars.forEach(({ fill, box: bar }, i) => {
      const share = clamp(now.outputs[i] / limit, -1, 1);
      fill.style.height = `${50 * Math.abs(share)}%`;
      fill.style[share < 0 ? "top" : "bottom"] = "50%"; fill.style[share < 0 ? "bottom" : "top"] = "auto";
      bar.classList.toggle("is-winner", i === winner);
    });
    write(verdict, `The unit for “${chosen}” says ${number(now.outputs[chosen], 2)}; in order it said ${number(start.outputs[chosen], 2)}. Loudest: “${winner}”.`);
    outputs.setAttribute("aria-label", `Outputs of the units for 0 to 9: ${now.outputs.map((value) => number(value, 2)).join(", ")}.`);
  }
  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => {
    model.off("change", drawing.ask);
    forget(); drawing.stop(); announce.stop();
    for (const picture of [shown, weights, response]) picture.stop();
  };
}

export default { render };
