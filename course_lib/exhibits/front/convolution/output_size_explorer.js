// Padding, stride, dilation and kernel size on a grid, with the formulas filled in.

import { announcer, button, choice, element, frameOf, put, range, redraw, toggle, uniqueId, write } from "../common/page.js";
import { clamp } from "../common/picture.js";
import { cellsRead, extent, outputSize, paddingOf } from "../common/arithmetic.js";
import { Formulas } from "./size_formulas.js";
import { Grid, inputWidth, outputWidth } from "./grid.js";

const SLIDERS = [["size", "input size", 16], ["kernel_size", "kernel size", 7], ["strides", "stride", 5],
  ["dilation_rate", "dilation", 4]];
const STEP = 700;

// One axis, from the traits alone.
export function axisOf(model, axis) {
  const [size, kernelSize, stride, dilation] = SLIDERS.map(([name]) => model.get(name)[axis]);
  const padding = model.get("padding");
  const output = outputSize(size, kernelSize, stride, padding, dilation);
  const [before, after] = output ? paddingOf(padding, size, kernelSize, stride, dilation) : [0, 0];
  const read = cellsRead(size, kernelSize, stride, padding, dilation);
  const last = read.lastIndexOf(true);
  return { size, kernelSize, stride, dilation, padding, output, before, after, read,
    taps: Array.from({ length: kernelSize }, (_, tap) => tap * dilation), extent: extent(kernelSize, dilation),
    dropped: output ? size - 1 - last : 0, skipped: output ? read.slice(0, last + 1).filter((cell) => !cell).length : 0 };
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

export function explain(rows, columns) {
  const bad = [[rows, "rows"], [columns, "columns"]].filter(([axis]) => !axis.output);
  if (bad.length) {
    const [axis, name] = bad[0];
    return `No output: along the ${name} the kernel's ${plural(axis.kernelSize, "tap")} at dilation ${axis.dilation} cover `
      + `${plural(axis.extent, "cell")}, and the input has ${axis.size}. Take a larger input, a smaller kernel or dilation, or padding “same”.`;
  }
  const dropped = [[rows.dropped, "row"], [columns.dropped, "column"]].filter(([count]) => count);
  const skipped = rows.skipped + columns.skipped;
  const parts = [];
  if (dropped.length) parts.push(`Dropped at the ${rows.dropped && columns.dropped ? "bottom and right" : rows.dropped ? "bottom" : "right"}: `
    + `${dropped.map(([count, word]) => plural(count, word)).join(" and ")}, which the last window does not reach.`);
  if (skipped) parts.push("Hatched cells further in lie between the taps of all windows.");
  return parts.join(" ") || "Nothing is dropped: some window reads every input cell.";
}

function render({ model, el }) {
  const box = frameOf(el, "How large is the output?",
    "Drag the sliders and watch the formula. When does stride 2 drop a row? When does “same” put its zeros on one side only?");
  const set = (name, axis, value) => {
    const old = model.get(name);
    put(model, { [name]: model.get("alike") ? [value, value] : old.map((was, i) => (i === axis ? value : was)) });
  };
  const sliders = SLIDERS.map(([name, label, max]) => [0, 1].map((axis) =>
    range(label, { min: 1, max, onInput: (value) => set(name, axis, value) })));
  const alike = toggle("rows and columns alike", (value) => put(model, { alike: value,
    ...(value ? Object.fromEntries(SLIDERS.map(([name]) => [name, [model.get(name)[0], model.get(name)[0]]])) : {}) }));
  const padding = choice("padding", [["valid", "valid"], ["same", "same"]], (value) => put(model, { padding: value }));

  const count = () => axisOf(model, 0).output * axisOf(model, 1).output;
  const goTo = (position) => put(model, { position: clamp(position, 0, Math.max(0, count() - 1)) });
  const input = new Grid(), output = new Grid((row, column, absolute) => {
    const wide = axisOf(model, 1).output, at = clamp(model.get("position"), 0, Math.max(0, count() - 1));
    if (absolute) return goTo(row * wide + column);
    const next = [Math.floor(at / wide) + row, at % wide + column];
    goTo(clamp(next[0], 0, axisOf(model, 0).output - 1) * wide + clamp(next[1], 0, wide - 1));
  });
  const position = range("window", { min: 1, max: 1, onInput: (value) => goTo(value - 1) });
  let timer = null;
  const stop = () => { clearInterval(timer); timer = null; drawing.ask(); };
  const play = button("Play", () => {
    if (timer) { stop(); return; }
    if (model.get("position") >= count() - 1) goTo(0);
    timer = setInterval(() => {
      goTo(model.get("position") + 1);
      if (model.get("position") >= count() - 1) stop();
    }, STEP);
    drawing.ask();
  });
  const back = button("Back", () => goTo(model.get("position") - 1)), next = button("Next", () => goTo(model.get("position") + 1));
  const inputCaption = element("p", { class: "exhibit-note" }), outputCaption = element("p", { class: "exhibit-note" }), story = element("p", { class: "size-story" });
  const formulas = new Formulas(), announce = announcer();
  const columnHead = element("p", { class: "exhibit-caption" }, "columns"), rowHead = element("p", { class: "exhibit-caption" });
  const groups = [rowHead, columnHead].map((head, axis) => {
    head.id = uniqueId("axis");
    return element("div", { role: "group", "aria-labelledby": head.id }, head, ...sliders.map((pair) => pair[axis].box));
  });

  const pair = element("div", { class: "exhibit-pair" },
    element("div", { class: "exhibit-figure" }, input.svg, inputCaption), element("div", { class: "exhibit-figure" }, output.svg, outputCaption));

  box.append(
    element("div", { class: "size-controls" }, ...groups,
      element("div", { class: "size-switches" }, padding.box, alike.box)),
    pair,
    element("ul", { class: "size-legend", "aria-label": "legend" },
      ...[["is-tap", "read by this window"], ["is-zero", "zero padding"], ["is-unread", "read by no window"]].map(([kind, text]) =>
        element("li", {}, element("span", { class: `size-swatch ${kind}` }), text))),
    element("div", { class: "size-steps" }, position.box, element("div", { class: "exhibit-row" }, back, play, next)),
    story, formulas.box, announce.node);

  const drawing = redraw(() => {
    const rows = axisOf(model, 0), columns = axisOf(model, 1), total = rows.output * columns.output;
    const together = model.get("alike"), at = clamp(model.get("position"), 0, Math.max(0, total - 1));
    sliders.forEach((pair, i) => pair.forEach((slider, axis) => slider.set(model.get(SLIDERS[i][0])[axis])));
    write(rowHead, together ? "rows and columns" : "rows");
    groups[1].hidden = together;
    alike.set(together); padding.set(model.get("padding"));
    const here = total ? [Math.floor(at / columns.output), at % columns.output] : null;
    pair.style.gridTemplateColumns = `minmax(0, ${inputWidth(columns)}fr) minmax(0, ${outputWidth(columns)}fr)`;
    input.showInput(rows, columns, here);
    output.showOutput(rows, columns, here, at);
    position.limit(1, Math.max(1, total)); position.set(at + 1, total ? `${at + 1}/${total}` : "–");
    for (const control of [position.input, play]) control.disabled = !total;
    back.disabled = !total || at === 0; next.disabled = !total || at === total - 1;
    write(play, timer ? "Pause" : "Play");
    write(story, explain(rows, columns));
    story.classList.toggle("is-error", !total);
    formulas.show(rows, columns, together);
    const none = !(rows.before + rows.after + columns.before + columns.after);
    const zeros = none ? "no zeros around it" : `zeros: ${rows.before} above, ${rows.after} below, ${columns.before} left, ${columns.after} right`;
    write(inputCaption, `input ${rows.size} × ${columns.size}; ${zeros}`);
    write(outputCaption, total ? `output ${rows.output} × ${columns.output}` : "no output");
    input.describe(`Input grid, ${rows.size} by ${columns.size}; ${zeros}.`);
    output.describe(total ? `Output grid, ${rows.output} by ${columns.output}; window ${at + 1}, at row ${here[0]}, column ${here[1]}. Arrow keys step.`
      : "Output grid, empty.");
    announce.say(total ? `Output ${rows.output} by ${columns.output}; ${zeros}.` : explain(rows, columns));
  });
  model.on("change", drawing.ask);
  drawing.ask();
  return () => { model.off("change", drawing.ask); clearInterval(timer); drawing.stop(); announce.stop(); };
}

export default { render };
