// A photograph, a kernel with its sliders, the response, and the histograms of both.

import { announcer, button, choice, element, frameOf, isDark, number, onTheme, put, range, redraw, remember, toggle, write } from "../common/page.js";
import { Picture, extremes, palette, signedColour } from "../common/picture.js";
import { BINS, Histogram } from "./bars.js";
import { DIFFERENCE, SOBEL, boxKernel, filter2d, gaussianKernel, histogram, norm, sharpenKernel, smooth, toEightBits } from "./filters.js";
import { PHOTOGRAPH_TRAITS, photographOf, statistics } from "./photographs.js";

const EDGES = ["difference x", "difference y", "difference norm", "Sobel x", "Sobel y", "Sobel norm"];
const KERNELS = ["box", "Gaussian", "sharpen", ...EDGES];
const PADDINGS = [["valid", "valid: none"], ["constant", "constant: zeros"], ["edge", "edge: repeat"], ["reflect", "reflect: mirror"]];
const STORED = [["float", "floating point"], ["clip", "8 bits, clipped"], ["wrap", "8 bits, wrapped around"]];
const TRAITS = [...PHOTOGRAPH_TRAITS, "kernel", "size", "sigma", "amount", "smoothing", "padding", "stored"];
const WRITTEN_OUT = 5;  // columns of a kernel whose weights are still legible
const HIGHLIGHT = { light: 0xff0055c2, dark: 0xff57a6ff };  // packed as a canvas stores them: blue, green, red

// The kernels in use: one, or two whose norm is taken.
export function kernelsOf(name, { size, sigma, amount }) {
  if (name === "box") return [boxKernel(size)];
  if (name === "Gaussian") return [gaussianKernel(size, sigma)];
  if (name === "sharpen") return [sharpenKernel(amount, size + 1 - size % 2)];
  const pair = name.includes("Sobel") ? SOBEL : DIFFERENCE;
  return name.endsWith("norm") ? [pair.x, pair.y] : [pair[name.at(-1)]];
}

const settingsOf = (model) => Object.fromEntries(["size", "sigma", "amount"].map((name) => [name, model.get(name)]));

export function responseOf(model) {
  const name = model.get("kernel"), padding = model.get("padding"), stored = model.get("stored"), photo = photographOf(model);
  const kernels = kernelsOf(name, settingsOf(model));
  const plane = EDGES.includes(name) ? smooth(photo, model.get("smoothing"), padding) : photo;
  const parts = kernels.map((kernel) => filter2d(plane, kernel, padding));
  const exact = parts.length === 2 ? norm(...parts) : parts[0];
  const values = stored === "float" ? exact.values : toEightBits(exact.values, stored === "wrap");
  return { ...exact, photo, kernels, values, exact: exact.values, limits: limitsOf(name, stored, exact.values) };
}

// What the histogram spans: 0 to 255 where nothing lies outside.
function limitsOf(name, stored, exact) {
  if (stored !== "float") return [0, 256];
  const [min, max] = extremes(exact), reach = Math.max(1, Math.ceil(Math.max(-min, max)));
  if (name.endsWith("norm")) return [0, reach];
  return EDGES.includes(name) ? [-reach, reach] : [Math.min(0, Math.floor(min)), Math.max(256, Math.ceil(max))];
}

const percent = (share) => `${number(100 * share, share > 0 && share < 0.01 ? 2 : 1)} %`;

export function summary(values, exact) {
  const { mean, deviation } = statistics(values), outside = exact.filter((value) => value < -0.5 || value >= 255.5).length / exact.length;
  return { text: `mean ${number(mean, 1)}, standard deviation ${number(deviation, 1)}`, outside };
}

// The weights as a table of cells; with numbers while they can be read.
class KernelView {
  constructor() { this.box = element("div", { class: "weights", role: "img" }); }

  show(kernel) {
    const columns = kernel[0].length, weights = kernel.flat(), reach = Math.max(...weights.map(Math.abs));
    if (this.box.children.length !== weights.length || this.columns !== columns)
      this.box.replaceChildren(...weights.map(() => element("span")));
    this.columns = columns;
    this.box.style.setProperty("--columns", columns);
    this.box.classList.toggle("is-written", columns <= WRITTEN_OUT);
    weights.forEach((weight, i) => {
      const cell = this.box.children[i], [r, g, b] = signedColour(0.45 * weight / reach);
      cell.style.background = `rgb(${r}, ${g}, ${b})`;
      write(cell, columns <= WRITTEN_OUT ? number(weight, 3) : "");
    });
    const sum = weights.reduce((a, b) => a + b, 0);
    this.box.setAttribute("aria-label", `Kernel of ${kernel.length} by ${columns} weights from ${number(Math.min(...weights), 4)} to `
      + `${number(Math.max(...weights), 4)}, sum ${number(sum, 3)}`);
    return sum;
  }
}

function render({ model, el }) {
  const box = frameOf(el, "A photograph, a kernel, the response",
    "Choose a kernel and pull its sliders; point at a bar of a histogram to see which pixels it counts. "
    + "Which kernels leave the mean as it was? Which need numbers below 0 or above 255?");
  const slider = (name, label, settings) => range(label, { ...settings, onInput: (value) => put(model, { [name]: value }) });
  const names = model.get("names");
  const photographs = choice("photograph", names.map((name, i) => [i, name]), (value) => put(model, { chosen: Number(value) }));
  const padding = choice("border", PADDINGS, (value) => put(model, { padding: value }));
  const stored = choice("stored as", STORED, (value) => put(model, { stored: value }));
  const logarithmic = toggle("logarithmic counts", (value) => put(model, { logarithmic: value }));
  const buttons = KERNELS.map((name) => button(name, () => put(model, { kernel: name, bars: [-1, -1] }), { "aria-pressed": "false" }));
  const sliders = {
    size: slider("size", "size", { min: 1, max: 15 }),
    sigma: slider("sigma", "sigma", { min: 0.3, max: 5, step: 0.1 }),
    amount: slider("amount", "amount", { min: 0.2, max: 5, step: 0.2 }),
    smoothing: slider("smoothing", "smooth first: sigma", { min: 0, max: 4, step: 0.1 }),
  };
  const views = [new KernelView(), new KernelView()], kernelNote = element("p", { class: "exhibit-note" });
  const pictures = [new Picture(), new Picture()], notes = [0, 1].map(() => element("p", { class: "exhibit-note" }));
  const pickBar = (place) => (bar) => put(model, { bars: model.get("bars").map((old, i) => (i === place ? bar : old)) });
  const charts = ["Histogram of the photograph", "Histogram of the response"].map((name, i) => new Histogram(name, pickBar(i)));
  const captions = ["photograph", ""].map((text) => element("p", { class: "exhibit-caption" }, text));
  const announce = announcer();

  box.append(
    element("div", { class: "exhibit-buttons kernel-names", role: "group", "aria-label": "kernels" }, ...buttons),
    element("div", { class: "exhibit-panel response-controls" },
      element("div", { class: "weights-pair" }, ...views.map((view) => view.box)),
      element("div", {}, ...Object.values(sliders).map((part) => part.box), kernelNote)),
    element("div", { class: "response-choices" }, photographs.box, padding.box, stored.box),
    element("div", { class: "exhibit-pair" }, ...pictures.map((picture, i) => element("div", { class: "exhibit-figure" },
      captions[i], picture.canvas, charts[i].box, notes[i]))),
    logarithmic.box, announce.node);

  const compute = remember(model, TRAITS, () => {
    const now = responseOf(model);
    return { ...now, bars: [histogram(now.photo.values, BINS, 0, 256), histogram(now.values, BINS, ...now.limits)],
      said: [summary(now.photo.values, now.photo.values), summary(now.values, now.exact)] };
  });
  const drawing = redraw(() => {
    const now = compute(), name = model.get("kernel"), kind = model.get("stored");
    const signed = kind === "float" && EDGES.includes(name) && !name.endsWith("norm"), reach = 0.6 * now.limits[1];
    const shown = signed ? [-reach, reach] : name.endsWith("norm") && kind === "float" ? [0, reach] : [0, 255];
    const bars = model.get("bars"), highlight = HIGHLIGHT[isDark() ? "dark" : "light"];
    pictures[0].show(now.photo.values, now.photo.height, now.photo.width, palette("grey"), 0, 255);
    pictures[1].show(now.values, now.height, now.width, palette(signed ? "signed" : "grey"), ...shown);
    pictures.forEach((picture, i) => {
      if (bars[i] >= 0) picture.dye(now.bars[i].places, bars[i], highlight);
      picture.paint([]);
      charts[i].show(now.bars[i], i ? now.limits : [0, 256], bars[i], model.get("logarithmic"));
      write(notes[i], bars[i] < 0 ? now.said[i].text : charts[i].text);
    });
    const lost = now.said[1].outside;
    if (bars[1] < 0 && (lost > 0 || kind !== "float")) write(notes[1], `${now.said[1].text}; ${percent(lost)} of the pixels `
      + { float: "outside 0 to 255", clip: "lost by clipping", wrap: "wrapped to a wrong level" }[kind]);
    write(captions[1], `response, ${now.height} × ${now.width}`);
    pictures[0].describe(`Photograph of ${names[model.get("chosen")]}, ${now.photo.height} by ${now.photo.width} pixels; ${now.said[0].text}`);
    pictures[1].describe(`Response to ${name}, ${now.height} by ${now.width} pixels; ${notes[1].textContent}`);
    const sum = views.map((view, i) => {
      view.box.hidden = i >= now.kernels.length;
      return i < now.kernels.length ? view.show(now.kernels[i]) : 0;
    })[0];
    write(kernelNote, `${now.kernels.length > 1 ? "two kernels, and the norm of both responses" : `${now.kernels[0].length} × ${now.kernels[0][0].length}, `
      + `sum of the weights ${number(sum, 3)}`}${name.includes("Sobel") ? "; the weights of Sobel are divided by 8" : ""}`);
    const used = { box: ["size"], Gaussian: ["size", "sigma"], sharpen: ["size", "amount"] }[name] ?? ["smoothing"];
    for (const [key, part] of Object.entries(sliders)) {
      part.box.hidden = !used.includes(key);
      const value = model.get(key);
      part.set(value, key === "size" && name === "sharpen" ? number(value + 1 - value % 2) : number(value, 1));
    }
    buttons.forEach((item, i) => item.setAttribute("aria-pressed", KERNELS[i] === name));
    photographs.set(model.get("chosen")); padding.set(model.get("padding")); stored.set(kind); logarithmic.set(model.get("logarithmic"));
    if (bars.every((bar) => bar < 0)) announce.say(`Response to ${name}: ${notes[1].textContent}.`);
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
