// Draw a shape: a small UNet finds it in noise, and each of its skips can be switched off.

import { announcer, bytes, button, element, frameOf, number, onTheme, put, range, redraw, remember, toggle, write } from "../common/page.js";
import { Picture, extremes, palette } from "../common/picture.js";
import { MapSheet } from "../common/map_sheet.js";
import { layersOf } from "../common/network.js";
import { extend } from "../common/strokes.js";
import { decode, encode } from "./segment.js";
import { ShapePad } from "./shape_pad.js";
import { maskOf, nearBorder, pictureOf, scoresOf } from "./shapes.js";

const SEEN = ["strokes", "filled", "noise", "shade", "draw", "weights", "shapes"];
const RIGHT = 0, MISSED = 1, INVENTED = 2;
const packed = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
const COLOURS = [packed([255, 255, 255]), packed([230, 120, 20]), packed([140, 90, 210])];

// Two, four or eight maps in a row.
class StageSheet extends MapSheet {
  arrange() {
    if (!this.planes) return;
    this.columns = Math.min(8, this.planes.length);
    this.canvas.style.aspectRatio = `${this.columns} / ${Math.ceil(this.planes.length / this.columns)}`;
  }
}

export const listed = (names) => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);

export function verdictOf(isEmpty, off, now, full) {
  if (isEmpty) return now.invented ? `Nothing is drawn. The network finds ${now.invented} pixels even so.` : "Nothing is drawn, and the network finds nothing.";
  const tell = (value) => value.toFixed(2);
  if (!off.length) return `With all skips: IoU ${tell(now.iou)}; within two pixels of a border ${tell(now.near)}.`;
  const which = off.length === 1 ? "the skip" : "the skips";
  return `Without ${which} at ${listed(off)}: IoU ${tell(now.iou)} (with all ${tell(full.iou)}); within two pixels of a border ${tell(now.near)} (${tell(full.near)}).`;
}

function render({ model, el }) {
  const box = frameOf(el, "What each skip carries",
    "Draw the outline of a shape with mouse or finger; it closes by itself. By keys: arrows move the pen, space puts it down and lifts it. The network gets only the noisy picture, and marks the pixels of the shape. Then switch its skips off.");
  const network = remember(model, ["weights", "shapes"], () =>
    layersOf(model.get("shapes"), new Float32Array(bytes(model.get("weights")).slice().buffer)));
  const grain = remember(model, ["grain"], () => new Int8Array(bytes(model.get("grain")).slice().buffer));
  const drawn = remember(model, SEEN, () => {
    const mask = maskOf(model.get("strokes"), model.get("filled")), side = Math.sqrt(mask.length);
    const picture = pictureOf(mask, grain(), { noise: model.get("noise"), shade: model.get("shade"), draw: model.get("draw") });
    return { mask, side, picture, band: nearBorder(mask), ...encode(network(), picture, side) };
  });
  const whole = remember(model, SEEN, () => decode(network(), drawn(), model.get("switches").map(() => true)));
  const sizes = model.get("switches").map((_, level) => drawn().side / 2 ** level), named = (size) => `${size} × ${size}`;

  const pad = new ShapePad((point, isNew) => {
    const strokes = model.get("strokes"), count = strokes.reduce((sum, stroke) => sum + stroke.length, 0);
    model.set("strokes", extend(strokes, point, isNew, 0.012 * (1 + count / 100)));
  }, () => { model.save_changes(); drawing.ask(); });
  const undo = button("undo", () => put(model, { strokes: model.get("strokes").slice(0, -1) }));
  const clear = button("clear", () => put(model, { strokes: [] }));
  const examples = model.get("examples").map(({ name, strokes, filled }) => button(name, () => put(model, { strokes, filled })));
  const input = new Picture(null, { class: "exhibit-picture unet-still" }), answer = new Picture(null, { class: "exhibit-picture unet-still" }), wrong = new Picture(null, { class: "exhibit-picture unet-still" });
  const filled = toggle("fill what is drawn", (value) => put(model, { filled: value }));
  const noise = range("noise", { min: 0, max: 0.3, step: 0.01, onInput: (value) => put(model, { noise: value }) });
  const shade = range("uneven light", { min: 0, max: 0.8, step: 0.05, onInput: (value) => put(model, { shade: value }) });
  const again = button("other noise", () => put(model, { draw: model.get("draw") + 1 }));
  const story = element("p", { class: "unet-verdict" }), announce = announcer();
  const levels = sizes.map((size, level) => ({
    size, left: new StageSheet(), right: new StageSheet(),
    skip: toggle(`skip at ${named(size)}`, (value) => put(model, { switches: model.get("switches").map((on, at) => (at === level ? value : on)) })),
  }));
  const code = new StageSheet();
  const part = (caption, ...nodes) => element("div", {}, element("p", { class: "exhibit-caption" }, caption), ...nodes);
  const key = (kind, words) => element("span", { class: `unet-key unet-${kind}` }, words);

  box.append(
    element("div", { class: "unet-top" },
      part("draw here", pad.canvas), part("what it gets", input.canvas),
      part("what it answers", answer.canvas), part("where it is wrong", wrong.canvas)),
    element("div", { class: "exhibit-row unet-under" }, undo, clear, filled.box,
      element("div", { class: "exhibit-row unet-examples", role: "group", "aria-label": "examples" }, ...examples),
      element("p", { class: "unet-legend" }, key("missed", "missed"), key("invented", "invented"))),
    element("div", { class: "unet-settings" }, noise.box, shade.box, again),
    story,
    element("div", { class: "unet-levels" },
      element("p", { class: "exhibit-caption" }, "encoder"), element("p", { class: "exhibit-caption" }, "skips"), element("p", { class: "exhibit-caption" }, "decoder"),
      ...levels.flatMap(({ left, right, skip }) => [left.canvas, element("div", { class: "unet-skip" }, skip.box, element("div", { class: "unet-arrow", "aria-hidden": "true" })), right.canvas]),
      element("div", { class: "unet-code" }, element("p", { class: "exhibit-note" }, ""), code.canvas)),
    announce.node);
  const codeNote = box.querySelector(".unet-code p"), arrows = [...box.querySelectorAll(".unet-skip")];

  const drawing = redraw(() => {
    const now = drawn(), switches = model.get("switches"), isWhole = switches.every(Boolean), strokes = model.get("strokes");
    const full = whole(), shown = isWhole ? full : decode(network(), now, switches, full), grey = palette("grey");
    const scores = scoresOf(now.mask, shown.mask, now.band), best = isWhole ? scores : scoresOf(now.mask, full.mask, now.band);
    pad.display(strokes, model.get("filled"));
    pad.describe(`Pad to draw on. ${strokes.length === 1 ? "1 stroke" : `${strokes.length} strokes`}. ${pad.where()} Arrow keys move it, space puts it down or lifts it.`);
    undo.disabled = clear.disabled = !strokes.length;
    filled.set(model.get("filled")); noise.set(model.get("noise"), number(model.get("noise"), 2)); shade.set(model.get("shade"), number(model.get("shade"), 2));
    picturesOf(now, shown, scores, grey);
    const told = verdictOf(!now.mask.includes(1), sizes.filter((_, level) => !switches[level]).map(named), scores, best);
    write(story, told);
    levels.forEach(({ size, left, right, skip }, level) => {
      skip.set(switches[level]);
      arrows[level].classList.toggle("is-off", !switches[level]);
      sheetOf(left, now.encoder[level], `Encoder at ${named(size)}`, grey);
      sheetOf(right, shown.decoder[level], `Decoder at ${named(size)}`, grey);
    });
    sheetOf(code, now.code, `Code at ${named(now.code[0].height)}`, grey);
    write(codeNote, `code: ${now.code.length} maps of ${named(now.code[0].height)}`);
    announce.say(told);
  });

  function picturesOf({ mask, side, picture }, { mask: probabilities }, scores, grey) {
    input.show(picture, side, side, grey, 0, 1); input.paint([]);
    input.describe(`The network's input: ${named(side)} pixels, the shape a little brighter than the ground, in noise.`);
    answer.show(probabilities, side, side, grey, 0, 1); answer.paint([]);
    answer.describe("The network's answer: the probability of each pixel to belong to the shape, white for 1.");
    const kinds = mask.map((inside, at) => (inside === (probabilities[at] > 0.5 ? 1 : 0) ? RIGHT : inside ? MISSED : INVENTED));
    wrong.show(mask, side, side, grey, 0, 1.6);
    for (const kind of [MISSED, INVENTED]) wrong.dye(kinds, kind, COLOURS[kind]);
    wrong.paint([]);
    wrong.describe(`Where it is wrong: ${scores.missed} pixels of the shape are missed, ${scores.invented} are invented.`);
  }

  function sheetOf(sheet, planes, name, grey) {
    const tops = planes.map(({ values }) => extremes(values)[1]);
    sheet.show(planes, grey, tops.map(() => 0), tops);
    sheet.describe(`${name}: ${planes.length} feature maps.`);
  }

  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => {
    model.off("change", drawing.ask);
    forget(); drawing.stop(); announce.stop();
    for (const one of [pad, input, answer, wrong, code, ...levels.flatMap(({ left, right }) => [left, right])]) one.stop();
  };
}

export default { render };
