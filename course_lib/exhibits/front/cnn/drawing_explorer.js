// Draw a digit: the trained network answers, and shows what each of its layers found.

import { announcer, button, bytes, choice, element, frameOf, number, onTheme, put, redraw, remember, toggle, write } from "../common/page.js";
import { Picture, clamp, extremes, palette } from "../common/picture.js";
import { MapSheet } from "../common/map_sheet.js";
import { evidence, forward, layersOf, sourcesOf } from "../common/network.js";
import { Pad } from "../common/pad.js";
import { SourcesView } from "./sources.js";
import { enlarge, extend, pictureFrom } from "../common/strokes.js";

const INPUT = 16, PASS = ["strokes", "example", "weights", "shapes"];
const percent = (share) => `${number(100 * share, share > 0.9995 || share < 0.0005 ? 0 : 1)} %`;

// The names of the lecture's listing.
export function namesOf(kinds) {
  const counts = { conv: 0, pool: 0 }, words = { conv: "conv", pool: "downsample" };
  return kinds.map((kind) => (kind in counts ? `${words[kind]}_${++counts[kind]}` : kind));
}

export function pictureOf(strokes, example, examples) {
  if (example >= 0) return enlarge(Float64Array.from(examples.subarray(64 * example, 64 * example + 64), (level) => level / 16));
  return pictureFrom(strokes);
}

export function verdict(probabilities, isEmpty) {
  if (isEmpty) return "Nothing is drawn yet. The network answers even so: its probabilities always add up to 1.";
  const order = probabilities.map((_, digit) => digit).sort((a, b) => probabilities[b] - probabilities[a]), [first, second] = order;
  const doubt = probabilities[first] < 0.9 ? ` It might also be a ${second} (${percent(probabilities[second])}).` : "";
  return `The network reads a ${first} (${percent(probabilities[first])}).${doubt}`;
}

// Where one number came from: a sentence, and what the view of sources draws.
export function originOf(state, place, map, row, column) {
  const { layers, outputs, picture, names } = state, { kind, planes } = outputs[place], value = planes[map].values[row * planes[map].width + column];
  const before = place ? outputs[place - 1].planes : [{ values: picture, height: INPUT, width: INPUT }];
  const head = `${names[place]}, map ${map}, row ${row}, column ${column}: `, source = place ? names[place - 1] : "the picture";
  const brightest = Math.max(...before.map((plane) => extremes(plane.values)[1]), 1e-9);
  if (kind === "pool") {
    const plane = before[map], window = [0, 1].map((i) => [0, 1].map((j) => plane.values[(2 * row + i) * plane.width + 2 * column + j]));
    return { text: `${head}the largest of the four numbers that ${source} has there in its map ${map}. It is ${number(value, 2)}; the other three are forgotten.`,
      parts: [{ window, sum: value }], brightest };
  }
  const { parts, bias, sum } = sourcesOf(layers[place], before, map, row, column);
  const windows = parts.length === 1 ? "one window" : `${parts.length} windows`, after = sum > 0 ? "ReLU lets it pass." : "below zero, so ReLU makes it 0.";
  return { text: `${head}${windows} of ${source} times the kernel give ${number(sum - bias, 2)}; with the bias ${number(bias, 2)} that is ${number(sum, 2)}; ${after}`, parts, brightest };
}

function render({ model, el }) {
  const box = frameOf(el, "What the network sees in your drawing",
    "Draw a digit with mouse or finger. By keys: arrows move the pen, space puts it down and lifts it. Then choose any feature map to enlarge it, and any pixel in it to see where its number came from.");
  const network = remember(model, ["weights", "shapes"], () => {
    const raw = bytes(model.get("weights")), shapes = model.get("shapes");
    return { layers: layersOf(shapes, new Float32Array(raw.slice().buffer)), names: namesOf(shapes.map(({ kind }) => kind)) };
  });
  const state = remember(model, PASS, () => {
    const strokes = model.get("strokes"), example = model.get("example"), picture = pictureOf(strokes, example, bytes(model.get("examples")));
    return { ...network(), picture, ...forward(network().layers, picture, INPUT), isEmpty: example < 0 && !strokes.length };
  });
  const shown = network().layers.map(({ kind }, place) => ({ kind, place })).filter(({ kind }) => kind === "conv" || kind === "pool");
  const lastPlace = shown.at(-1).place;
  const digits = state().probabilities.map((_, digit) => digit);

  const draw = (point, isNew) => {
    const strokes = model.get("example") >= 0 ? [] : model.get("strokes");
    const count = strokes.reduce((sum, stroke) => sum + stroke.length, 0);
    model.set("strokes", extend(strokes, point, isNew, 0.012 * (1 + count / 100)));
    model.set("example", -1);
  };
  // The kernel, where there is one, hears of a stroke when it is done.
  const pad = new Pad(draw, () => { model.save_changes(); drawing.ask(); });
  const undo = button("undo", () => put(model, { strokes: model.get("strokes").slice(0, -1), example: -1 }));
  const clear = button("clear", () => put(model, { strokes: [], example: -1 }));
  const examples = digits.slice(0, bytes(model.get("examples")).length / 64).map((digit) =>
    button(String(digit), () => put(model, { strokes: [], example: digit }), { "aria-label": `example ${digit}`, "aria-pressed": "false" }));
  const input = new Picture(null, { class: "exhibit-picture cnn-input" });
  const bars = digits.map((digit) => {
    const fill = element("div", { class: "cnn-fill" }), share = element("td");
    return { fill, share, row: element("tr", {}, element("th", { scope: "row" }, String(digit)), element("td", {}, element("div", { class: "cnn-track" }, fill)), share) };
  });
  const story = element("p", { class: "cnn-verdict" }), announce = announcer();
  const pick = (layer, map) => put(model, { layer, map });
  const sheets = shown.map(({ place }) => new MapSheet((map) => pick(place, map)));
  const about = new MapSheet(), total = element("p", { class: "cnn-evidence-sum" });
  const asked = choice("evidence for", [["-1", "the most probable digit"], ...digits.map((digit) => [String(digit), `a ${digit}`])], (value) => put(model, { asked: Number(value) }));
  const large = new Picture((row, column, absolute) => {
    const { planes } = state().outputs[model.get("layer")], [{ height, width }] = planes, [y, x] = absolute ? [0, 0] : cursorIn(height, width);
    put(model, { cursor: [clamp(y + row, 0, height - 1), clamp(x + column, 0, width - 1)] });
  });
  const cursorIn = (height, width) => model.get("cursor").map((at, axis) => clamp(at, 0, (axis ? width : height) - 1));
  const origin = element("p", { class: "cnn-story" }), sources = new SourcesView(), largeTitle = element("p", { class: "exhibit-caption" });
  const alone = toggle("each map on its own scale of brightness", (value) => put(model, { alone: value }));
  const layerRow = (name, note, sheet) => element("div", { class: "cnn-layer" }, element("p", {}, element("code", {}, name), " ", element("span", {}, note)), sheet.canvas);

  box.append(
    element("div", { class: "cnn-top" },
      element("div", {}, element("p", { class: "exhibit-caption" }, "draw here"), pad.canvas, element("div", { class: "exhibit-row cnn-pad-buttons" }, undo, clear)),
      element("div", {}, element("p", { class: "exhibit-caption" }, "what comes in"), input.canvas, element("p", { class: "exhibit-caption" }, "examples"), element("div", { class: "cnn-examples", role: "group", "aria-label": "examples" }, ...examples)),
      element("div", { class: "cnn-result" }, element("p", { class: "exhibit-caption" }, "probability of each digit"), element("table", { class: "cnn-bars" }, element("tbody", {}, ...bars.map(({ row }) => row))))),
    story, alone.box,
    ...shown.map(({ place, kind }, i) => layerRow(network().names[place], noteOf(kind, state().outputs[place].planes), sheets[i])),
    element("div", { class: "cnn-chosen" },
      element("div", { class: "cnn-enlarged" }, largeTitle, large.canvas),
      element("div", {}, element("p", { class: "exhibit-caption" }, "where this number came from"), origin, sources.canvas)),
    element("div", { class: "exhibit-row cnn-asked" }, asked.box),
    layerRow("dense", "each number of the last maps times its weight", about), total,
    announce.node);

  const drawing = redraw(() => {
    const now = state(), grey = palette("grey"), signed = palette("signed"), layer = model.get("layer"), map = model.get("map");
    const example = model.get("example"), strokes = model.get("strokes"), told = verdict(now.probabilities, now.isEmpty);
    pad.show(strokes, example >= 0 ? [...bytes(model.get("examples")).subarray(64 * example, 64 * example + 64)].map((level) => level / 16) : null);
    pad.describe(`Pad to draw on. ${strokes.length === 1 ? "1 stroke" : `${strokes.length} strokes`}${example >= 0 ? `, an example of a ${example}` : ""}. ${pad.where()} Arrow keys move it, space puts it down or lifts it.`);
    undo.disabled = !strokes.length; clear.disabled = now.isEmpty;
    examples.forEach((one, digit) => one.setAttribute("aria-pressed", String(digit === example)));
    input.show(now.picture, INPUT, INPUT, grey, 0, 1); input.paint([]);
    input.describe(`The network's input: the drawing, centred and scaled, on ${INPUT} by ${INPUT} pixels.`);
    const best = now.probabilities.indexOf(Math.max(...now.probabilities));
    bars.forEach(({ fill, share, row }, digit) => {
      fill.style.width = `${100 * now.probabilities[digit]}%`;
      write(share, percent(now.probabilities[digit]));
      row.classList.toggle("is-first", digit === best);
    });
    write(story, told);
    shown.forEach(({ place }, i) => {
      const { planes } = now.outputs[place], each = planes.map((plane) => extremes(plane.values)[1]), most = Math.max(...each);
      const tops = model.get("alone") ? each : each.map(() => most), brightest = tops[map];
      sheets[i].show(planes, grey, tops.map(() => 0), tops, place === layer ? map : -1);
      sheets[i].describe(`${now.names[place]}: ${planes.length} feature maps of ${planes[0].height} by ${planes[0].width}. ${place === layer ? `Map ${map} is chosen.` : "Arrow keys choose a map."}`);
      if (place === layer) enlarged(now, planes, map, brightest, grey);
    });
    speak(now, best, signed);
    asked.set(String(model.get("asked"))); alone.set(model.get("alone"));
    announce.say(told);
  });

  function enlarged(now, planes, map, brightest, grey) {
    const { height, width, values } = planes[map], [row, column] = cursorIn(height, width), layer = model.get("layer"), told = originOf(now, layer, map, row, column);
    write(largeTitle, `${now.names[layer]}, map ${map}`);
    large.show(values, height, width, grey, 0, brightest);
    large.paint([[row, column, 1, 1]]);
    large.describe(`Map ${map} of ${now.names[layer]}, enlarged. ${told.text} Arrow keys move the mark.`);
    write(origin, told.text);
    const reach = told.parts[0].kernel && Math.max(...told.parts.map(({ kernel }) => Math.max(...kernel.flat().map(Math.abs))));
    sources.show(told.parts, told.brightest, reach);
    sources.describe(told.parts[0].kernel ? `Windows, kernels, and the sums of their products: ${told.parts.map(({ sum }) => number(sum, 2)).join(", ")}.` : told.text);
  }

  function speak(now, best, signed) {
    const digit = model.get("asked") < 0 ? best : model.get("asked"), dense = now.layers.at(-1);
    const parts = evidence(dense, now.layers[lastPlace + 1].kind, now.outputs[lastPlace].planes, digit);
    const reach = Math.max(...parts.map(({ values }) => Math.max(...extremes(values).map(Math.abs)))) || 1, score = now.outputs.at(-1).planes[0].values[digit];
    about.show(parts, signed, parts.map(() => -reach), parts.map(() => reach));
    const words = `Evidence for a ${digit} is orange, evidence against it purple. All of it and the bias ${number(dense.bias[digit], 2)} add up to the score ${number(score, 2)}; softmax makes it ${percent(now.probabilities[digit])}.`;
    write(total, words);
    about.describe(words);
  }

  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => {
    model.off("change", drawing.ask);
    forget(); drawing.stop(); announce.stop();
    for (const part of [pad, input, large, sources, about, ...sheets]) part.stop();
  };
}

const noteOf = (kind, planes) => `${planes.length} maps of ${planes[0].height} × ${planes[0].width}`;

export default { render };
