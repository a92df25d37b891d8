// Kernel, stride and padding of a transposed convolution: what is written how often, beside interpolation.

import { announcer, button, choice, element, frameOf, number, onTheme, put, range, redraw, remember, write } from "../common/page.js";
import { Picture, clamp, palette } from "../common/picture.js";
import { Stamps } from "./stamps.js";
import { enlarged, kerasChoice, matrixOf, phaseSums, pictureOf, plan, scaleOf, sizesBefore } from "./upsampling.js";

const WAYS = [["transposed", "transposed"], ["nearest", "nearest"], ["bilinear", "bilinear"]];
const PADDINGS = [["valid", "valid"], ["same", "same"]];
const WEIGHTS = [["ones", "all 1"], ["tent", "a tent"], ["drawn", "drawn"]];
const PICTURES = [["even", "even gray"], ["ball", "a ball"], ["edge", "an edge"], ["noise", "a texture"]];
const CASES = [["2 × 2, stride 2", [2, 2, "ones"]], ["3 × 3, stride 2", [3, 2, "ones"]], ["4 × 4, stride 2", [4, 2, "ones"]],
  ["5 × 5, stride 3", [5, 3, "ones"]], ["1 × 1, stride 2", [1, 2, "ones"]], ["a tent of 4, stride 2", [4, 2, "tent"]], ["drawn, 4 × 4", [4, 2, "drawn"]]];
const SIZES = ["size", "kernel_size", "strides", "padding", "extra", "weights"];
const PLACES = ["input", "transposed", "times written", "nearest", "bilinear"];

const listed = (values) => (values.length < 2 ? `${values[0]}` : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`);
const distinct = (values) => [...new Set(values)].sort((a, b) => a - b);
const times = (counts) => (counts.length === 1 && counts[0] === 1 ? "once" : `${listed(counts)} times`);

// Far from the borders: how evenly, and which mark it gets.
export function verdict(way, kernelSize, strides, weights) {
  if (way === "nearest") return ["✓", `Each output pixel is a copy of one input pixel. Written once, everywhere: ${strides} × ${strides} blocks, and no checkerboard.`];
  if (way === "bilinear") return ["✓", "Each output pixel is a mean of at most two neighbours along each axis, four in the plane. Their weights add up to 1 everywhere: smooth, and no checkerboard."];
  const counts = phaseSums(kernelSize, strides, "ones"), along = distinct(counts), plane = distinct(counts.flatMap((a) => counts.map((b) => a * b)));
  const sums = phaseSums(kernelSize, strides, weights).map((sum) => number(sum, 2)), even = new Set(sums).size === 1;
  const arrives = even ? "The weights that arrive add up to the same everywhere: an even gray stays even."
    : `The weights that arrive add up to ${sums.join(", ")} by turns: even gray gets a pattern.`;
  if (kernelSize < strides) return ["✗", `The kernel is smaller than the stride: away from the borders a pixel is written ${times(along)} along an axis. Those written 0 times are holes, and stay black.`];
  if (along.length > 1) return [even ? "✓" : "⚠", `Stride ${strides} does not divide the kernel’s ${kernelSize}: away from the borders a pixel is written ${times(along)} along an axis, ${times(plane)} in the plane. ${arrives}`];
  const inPlane = along[0] === 1 ? "" : `, ${plane[0]} times in the plane`;
  return [even ? "✓" : "⚠", `${strides === 1 ? "With stride 1" : `Stride ${strides} divides the kernel’s ${kernelSize}: away from the borders`} every pixel is written ${times(along)}${strides === 1 ? " along an axis, away from the borders" : " along an axis"}${inPlane}. ${arrives}`];
}

export function sizeStory(way, size, kernelSize, strides, padding, output) {
  if (way !== "transposed") return `Output size: ${size} · ${strides} = ${size * strides}. Interpolation has no kernel to choose and no padding: nothing is ambiguous.`;
  const sizes = sizesBefore(size, kernelSize, strides, padding), keras = sizes[kerasChoice(kernelSize, strides, padding)];
  const formula = padding === "valid" ? `(${size} − 1) · ${strides} + ${kernelSize}` : `(${size} − 1) · ${strides} + 1`;
  if (strides === 1) return `Output size: ${formula} = ${output}. With stride 1 there is no other.`;
  return `A convolution with kernel ${kernelSize} and stride ${strides}, “${padding}”, makes ${size} pixels of ${listed(sizes)}. `
    + `So the way back has ${sizes.length} possible sizes, from ${formula} = ${sizes[0]} on; here ${output}. Keras takes ${keras} unless output_padding says otherwise.`;
}

export function pixelStory(row, place) {
  const parts = row.flatMap((weight, i) => (weight ? [`${number(weight, 2)} × pixel ${i + 1}`] : []));
  if (parts.length === 0) return `Output pixel ${place + 1}: nothing writes it.`;
  return `Output pixel ${place + 1} = ${parts.join(" + ")}: ${parts.length} ${parts.length === 1 ? "stamp" : "stamps"}.`;
}

function render({ model, el }) {
  const box = frameOf(el, "Every pixel stamps its kernel",
    "Along one axis: above the input, below the output. The number in an output cell says how often it is written, the pile below it what arrives. "
    + "Change kernel and stride. When is every pixel written equally often?");
  const slider = (label, name, min, max) => range(label, { min, max, onInput: (value) => put(model, { [name]: value }) });
  const sliders = { size: slider("input size", "size", 2, 8), kernel_size: slider("kernel size", "kernel_size", 1, 6), strides: slider("stride", "strides", 1, 4) };
  const length = range("output size", { min: 1, max: 2, onInput: (value) => put(model, { extra: value - planned().sizes[0] }) });
  const select = (label, options, name) => choice(label, options, (value) => put(model, { [name]: value }));
  const selects = { way: select("way", WAYS, "way"), padding: select("padding", PADDINGS, "padding"), weights: select("weights", WEIGHTS, "weights"), picture: select("picture", PICTURES, "picture") };
  const cases = CASES.map(([name, [kernelSize, strides, weights]]) => button(name, () => put(model,
    { way: "transposed", kernel_size: kernelSize, strides, weights, extra: kerasChoice(kernelSize, strides, model.get("padding")) })));
  const stamps = new Stamps((pixel) => put(model, { pixel })), pixel = element("p", { class: "exhibit-note stamp-story" });
  const pictures = PLACES.map(() => new Picture()), facts = PLACES.map(() => element("p", { class: "exhibit-note" }));
  const figures = PLACES.map((title, i) => element("div", { class: "exhibit-figure" }, element("p", { class: "exhibit-caption" }, title), pictures[i].canvas, facts[i]));
  const said = element("p", { class: "stamp-verdict" }), sizes = element("p", { class: "exhibit-note stamp-sizes" }), announce = announcer();
  stamps.svg.setAttribute("aria-label", "output pixel");
  box.append(
    element("div", { class: "exhibit-buttons", role: "group", "aria-label": "cases" }, ...cases),
    element("div", { class: "exhibit-panel stamp-controls" }, ...Object.values(sliders).map(({ box: row }) => row), length.box,
      selects.way.box, selects.padding.box, selects.weights.box, selects.picture.box),
    stamps.svg, pixel, said, sizes, element("div", { class: "stamp-pictures" }, ...figures), announce.node);

  const get = (name) => model.get(name), planned = remember(model, SIZES, () => plan(get("size"), get("kernel_size"), get("strides"), get("padding"), get("extra")));
  const settings = () => ["size", "kernel_size", "strides", "padding", "extra", "weights"].map(get);
  const computed = remember(model, [...SIZES, "way"], () => {
    const way = get("way"), matrix = matrixOf(way, ...settings());
    return { matrix, counts: matrix.map((row) => row.filter((weight) => weight !== 0).length) };
  });
  const painted = remember(model, [...SIZES, "picture"], () => {
    const picture = pictureOf(get("picture"), get("size")), scale = scaleOf(get("kernel_size"), get("strides"), get("weights")), { counts } = planned();
    const shown = (way, by = 1) => { const matrix = matrixOf(way, ...settings()); return [enlarged(picture, matrix, by), matrix.length]; };
    return [[picture.flat(), get("size")], shown("transposed", scale), [counts.flatMap((a) => counts.map((b) => a * b)), counts.length], shown("nearest"), shown("bilinear")];
  });

  const drawing = redraw(() => {
    const [size, kernelSize, strides, padding, , weights] = settings(), way = get("way"), layout = planned(), { matrix, counts } = computed();
    const there = way === "transposed", place = clamp(get("pixel"), 0, matrix.length - 1), told = pixelStory(matrix[place], place);
    stamps.show({ matrix, way, kernelSize, strides, before: there ? layout.before : 0, after: there ? layout.after : 0, counts }, place, told);
    write(pixel, told);
    const [mark, words] = verdict(way, kernelSize, strides, weights), story = sizeStory(way, size, kernelSize, strides, padding, layout.output);
    write(said, `${mark} ${words}`);
    said.dataset.mark = { "✓": "even", "⚠": "uneven", "✗": "holes" }[mark];
    write(sizes, story);
    const gray = palette("gray"), signed = palette("signed");
    painted().forEach(([values, side], i) => {
      const most = Math.max(1, ...values);
      if (i === 2) pictures[i].show(values, side, side, signed, -most, most);
      else pictures[i].show(values, side, side, gray, 0, 1);
      pictures[i].paint([]);
      const fact = `${side} × ${side}${i === 2 ? `; ${listed(distinct(values))} times` : ""}`;
      write(facts[i], fact);
      pictures[i].describe(`${PLACES[i]}: ${fact}.`);
    });
    Object.entries(sliders).forEach(([name, { set }]) => set(get(name)));
    Object.entries(selects).forEach(([name, { set }]) => set(get(name)));
    length.limit(layout.sizes[0], layout.sizes.at(-1)); length.set(layout.output);
    length.input.disabled = !there || strides === 1;
    for (const input of [sliders.kernel_size.input, selects.padding.input, selects.weights.input]) input.disabled = !there;
    announce.say(`${words} ${story}`);
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
