// Move the camera, and compare: the layer of the moved view, and the moved output of the first.

import { announcer, bytes, choice, element, frameOf, number, onTheme, put, range, redraw, remember, write } from "../common/page.js";
import { Picture, ScaleBar, clamp, extremes, palette } from "../common/picture.js";
import { compare, crop, layerOutput, moveOutput } from "./shifts.js";

const FARTHEST = 8;
const TRAITS = ["image", "height", "width", "kernel", "shift", "strides", "padding", "layer"];

export function shiftsOf(model) {
  const height = model.get("height"), width = model.get("width"), [down, right] = model.get("shift");
  const settings = { strides: model.get("strides"), padding: model.get("padding"), layer: model.get("layer") };
  const plane = bytes(model.get("image")), size = Math.min(height, width) - FARTHEST, kernel = model.get("kernel");
  const [first, second] = [[0, 0], [down, right]].map(([top, left]) => layerOutput(crop(plane, width, top, left, size), size, kernel, settings));
  const moved = moveOutput(first, [down, right], settings.strides), difference = compare(second, moved);
  const strongest = Math.max(...extremes(first.values).map(Math.abs)) || 1;
  return { plane, height, width, size, first, second, moved, difference, strongest, down, right, ...settings };
}

export function verdict({ down, right, strides, padding, layer, difference, strongest }) {
  if (!down && !right) return "Nothing has moved yet: drag the frame on the photograph, or a slider.";
  const largest = 100 * difference.largest / strongest;
  const found = difference.share === 0 ? "The two outputs agree at every position."
    : `They differ at ${number(100 * difference.share, 1)} % of the positions, by up to ${number(largest, 1)} % of the strongest response.`;
  const reasons = [];
  if (difference.share > 0 && (down % strides || right % strides)) reasons.push(`A stride of ${strides} does not divide the shift: windows stand on other pixels than before.`);
  if (difference.share > 0 && padding === "same") reasons.push("At the border the zeros of the padding did not move with the picture.");
  if (difference.share > 0 && layer === "locally connected") reasons.push("Each position has weights of its own, so what moves meets other weights.");
  return [found, ...reasons].join(" ");
}

function render({ model, el }) {
  const box = frameOf(el, "Does the output move with the picture?",
    "Drag the second frame over the photograph, or use sliders or arrow keys. When do “move, then layer” and “layer, then move” agree?");
  const everything = remember(model, TRAITS, () => shiftsOf(model));
  const move = (down, right) => put(model, { shift: [clamp(down, 0, FARTHEST), clamp(right, 0, FARTHEST)] });
  const scene = new Picture((row, column, absolute) => {
    const { size, down, right } = everything(), middle = Math.floor(size / 2);
    if (absolute) move(row - middle, column - middle); else move(down + row, right + column);
  });
  const pictures = { difference: new Picture(), second: new Picture(), moved: new Picture() };
  const sliders = [["right", 1], ["down", 0]].map(([label, axis]) => [axis, range(label, { min: 0, max: FARTHEST,
    onInput: (value) => { const shift = [...model.get("shift")]; shift[axis] = value; move(...shift); } })]);
  const strides = range("stride", { min: 1, max: 4, onInput: (value) => put(model, { strides: value }) });
  const padding = choice("padding", [["valid", "valid"], ["same", "same"]], (value) => put(model, { padding: value }));
  const layer = choice("layer", [["convolutional", "convolutional"], ["locally connected", "locally connected"]], (value) => put(model, { layer: value }));
  const scale = new ScaleBar(), story = element("p", { class: "shift-story" }), announce = announcer();
  const figure = (name, picture, ...more) => element("div", { class: "exhibit-figure" }, element("p", { class: "exhibit-caption" }, name), picture.canvas, ...more);

  box.append(
    element("div", { class: "shift-controls" }, ...sliders.map(([, slider]) => slider.box), strides.box, padding.box, layer.box),
    element("div", { class: "exhibit-pair" }, figure("two views of a photograph", scene), figure("difference of the outputs", pictures.difference, scale.box)),
    element("div", { class: "exhibit-pair" }, figure("move, then layer", pictures.second), figure("layer, then move", pictures.moved)),
    story, announce.node);

  const drawing = redraw(() => {
    const now = everything(), { size, second, moved, difference, strongest } = now, signed = palette("signed"), grey = palette("grey");
    scene.show(now.plane, now.height, now.width, grey, 0, 255);
    scene.paint([[0, 0, size, size], [now.down, now.right, size, size]]);
    const reach = 0.6 * strongest, whole = moved.rows === second.height && moved.columns === second.width,
      compared = whole ? [] : [[0, 0, moved.rows, moved.columns]];
    pictures.second.show(second.values, second.height, second.width, signed, -reach, reach);
    pictures.moved.show(moved.values.map((value) => (Number.isNaN(value) ? 0 : value)), moved.height, moved.width, signed, -reach, reach);
    for (const name of ["second", "moved"]) pictures[name].paint(compared);
    const limit = 0.4 * strongest;
    pictures.difference.show(difference.values, second.height, second.width, grey, 0, limit);
    pictures.difference.paint(compared);
    scale.show(grey, ["0: they agree", "", "≥ 40 % of the strongest"]);
    for (const [axis, slider] of sliders) slider.set(model.get("shift")[axis]);
    strides.set(now.strides); padding.set(now.padding); layer.set(now.layer);
    const told = verdict(now), place = `${now.down} down and ${now.right} right`;
    write(story, told);
    scene.describe(`Photograph of ${now.height} by ${now.width} pixels with two views of ${size} by ${size}, the second moved by ${place}. Arrow keys move it.`);
    pictures.difference.describe(`Difference of the two outputs. ${told}`);
    pictures.second.describe(`The layer's output for the view that moved by ${place}, ${second.height} by ${second.width}.`);
    pictures.moved.describe("The output of the first view, moved by as many whole positions.");
    announce.say(told);
  });
  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => {
    model.off("change", drawing.ask);
    forget(); drawing.stop(); announce.stop(); scene.stop();
    for (const picture of Object.values(pictures)) picture.stop();
  };
}

export default { render };
