// Two landscapes, a plain and a residual network's, at one scale and under one camera.

import { announcer, button, bytes, choice, element, frameOf, number, onTheme, put, range, redraw, remember, toggle, write } from "../common/page.js";
import { ScaleBar, clamp, extremes } from "../common/picture.js";
import { LIMITS, shares } from "./camera.js";
import { Landscape, ramp } from "./landscape.js";

const KIND_NAMES = ["plain", "residual"];
const CHOSEN = ["depth", "seed", "statistics", "log"];
export const START = { turn: -35, tilt: 32, zoom: 1 };

// Short, and never more digits than say something.
export function lossText(value) {
  if (value === 0 || (value >= 0.01 && value < 1000)) return number(value, value < 10 ? 2 : value < 100 ? 1 : 0);
  const power = Math.floor(Math.log10(value)), signs = String(power).replace("-", "⁻");
  return `${number(value / 10 ** power, 1)}·10${signs.replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])}`;
}

// The landscapes that are chosen, and the scale that they share.
export function chosenOf(model) {
  const points = model.get("points"), size = points * points, view = bytes(model.get("losses"));
  const all = new Float32Array(view.slice().buffer);
  const [depth, seed, way] = [["depths", "depth"], ["seeds", "seed"], ["ways", "statistics"]]
    .map(([names, name]) => model.get(names).indexOf(model.get(name)));
  const counts = [model.get("seeds").length, model.get("ways").length];
  const first = ((depth * counts[0] + seed) * counts[1] + way) * 2;
  const pair = [0, 1].map((kind) => all.subarray((first + kind) * size, (first + kind + 1) * size));
  const [low, high] = extremes([...pair[0], ...pair[1]]);
  const heights = pair.map((losses) => shares(losses, low, high, model.get("log")));
  return { pair, heights, low, high, points, facts: [0, 1].map((kind) => model.get("facts")[first + kind]) };
}

export function middleOf(low, high, log) { return log ? Math.sqrt(low * high) : (low + high) / 2; }

function factsTable() {
  const cells = KIND_NAMES.map(() => Array.from({ length: 5 }, () => element("td")));
  const head = ["network", "accuracy in training", "loss in the middle", "highest loss", "local minima on the grid", "share not convex"];
  const table = element("table", { class: "landscape-facts" },
    element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...KIND_NAMES.map((name, i) => element("tr", {}, element("th", { scope: "row" }, name), ...cells[i]))));
  const show = ({ facts, pair, points }) => facts.forEach(([accuracy, minima, share], i) => {
    const texts = [`${number(100 * accuracy, 0)} %`, lossText(pair[i][(points * points - 1) / 2]), lossText(extremes(pair[i])[1]),
      String(minima), `${number(100 * share, 0)} %`];
    texts.forEach((text, k) => write(cells[i][k], text));
  });
  return { box: element("div", { class: "landscape-scroll", tabindex: "0", role: "group", "aria-label": "The two landscapes in numbers" }, table), show };
}

function render({ model, el }) {
  const box = frameOf(el, model.get("title"),
    "Drag to turn both landscapes, or use sliders and arrow keys. They share one scale and one camera: which of the two would you rather walk down?");
  const everything = remember(model, CHOSEN, () => chosenOf(model));
  const look = (values) => put(model, Object.fromEntries(Object.entries(values).map(([name, value]) => {
    if (name === "turn") value = ((value + 180) % 360 + 360) % 360 - 180;
    return [name, clamp(value, ...LIMITS[name])];
  })));
  const go = (row, column) => { const last = model.get("points") - 1; put(model, { cursor: [clamp(row, 0, last), clamp(column, 0, last)] }); };
  const hands = {
    onDrag: (right, down) => look({ turn: model.get("turn") - 0.5 * right, tilt: model.get("tilt") + 0.4 * down }),
    onPinch: (factor) => look({ zoom: model.get("zoom") * factor }),
    onPick: (row, column) => { const last = model.get("points") - 1; go(Math.round(row * last), Math.round(column * last)); },
    onKey: (key, shift) => {
      const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
      const [row, column] = model.get("cursor"), step = shift ? 15 : 5;
      if (move && (model.get("view") === "contours" )) go(row + move[0], column + move[1]);
      else if (move) look({ turn: model.get("turn") - step * move[1], tilt: model.get("tilt") - step * move[0] });
      else if (key === "+" || key === "=") look({ zoom: model.get("zoom") * 1.15 });
      else if (key === "-") look({ zoom: model.get("zoom") / 1.15 });
      else if (key === "Home") look(START);
      else return false;
      return true;
    },
  };
  const landscapes = KIND_NAMES.map(() => new Landscape(hands));
  const degrees = (value) => `${number(value, 0)}°`;
  const turn = range("turn", { min: -180, max: 180, onInput: (value) => look({ turn: value }) });
  const tilt = range("tilt", { min: 0, max: 90, onInput: (value) => look({ tilt: value }) });
  const zoom = range("zoom", { min: 0.6, max: 3, step: 0.05, onInput: (value) => look({ zoom: value }) });
  const select = (label, name, options) => [name, choice(label, options.map((value) => [String(value), String(value)]),
    (value) => put(model, { [name]: typeof options[0] === "number" ? Number(value) : value }))];
  const choices = [select("layers", "depth", model.get("depths")), select("training run", "seed", model.get("seeds")),
    select("batch norm's statistics", "statistics", model.get("ways")), select("view", "view", ["surface", "contours"])];
  const log = toggle("logarithmic scale", (value) => put(model, { log: value }));
  const back = button("Turn back", () => look(START));
  const scale = new ScaleBar(), table = factsTable(), story = element("p", { class: "landscape-story" }), announce = announcer();
  const figure = (i) => element("div", { class: "exhibit-figure" }, element("p", { class: "exhibit-caption" }, `${KIND_NAMES[i]} network`), landscapes[i].canvas);
  const camera = element("div", { class: "landscape-controls" }, turn.box, tilt.box, zoom.box, back);

  box.append(element("div", { class: "exhibit-row" }, ...choices.map(([, one]) => one.box), log.box),
    element("div", { class: "exhibit-pair" }, figure(0), figure(1)), scale.box, camera, story, table.box, announce.node);

  const drawing = redraw(() => {
    const now = everything(), [row, column] = model.get("cursor"), logarithmic = model.get("log"), last = now.points - 1;
    const camera = { turn: model.get("turn"), tilt: model.get("tilt"), zoom: model.get("zoom"), view: model.get("view"), cursor: [row, column] };
    const ends = [lossText(now.low), lossText(now.high)], at = row * now.points + column;
    const place = [row, column].map((k) => number(model.get("reach") * (2 * k / last - 1), 2));
    const values = now.pair.map((losses) => lossText(losses[at]));
    landscapes.forEach((one, i) => {
      one.show({ ...camera, heights: now.heights[i], points: now.points, ends });
      one.describe(`Loss of the ${KIND_NAMES[i]} network of ${model.get("depth")} layers, from ${lossText(extremes(now.pair[i])[0])} to ${lossText(extremes(now.pair[i])[1])}. ${camera.view === "surface" ? "Arrow keys turn it, plus and minus zoom, Home turns back." : "Arrow keys move the dot."}`);
    });
    scale.show(ramp(), [`loss ${ends[0]}`, lossText(middleOf(now.low, now.high, logarithmic)), ends[1]]);
    turn.set(Math.round(camera.turn), degrees(camera.turn)); tilt.set(Math.round(camera.tilt), degrees(camera.tilt)); zoom.set(camera.zoom, `${number(camera.zoom, 2)}×`);
    for (const [name, one] of choices) one.set(String(model.get(name)));
    log.set(logarithmic); table.show(now);
    for (const slider of [turn, tilt, zoom]) slider.input.disabled = camera.view === "contours";
    back.disabled = camera.view === "contours";
    const told = `The dot: ${place[0]} along the first direction, ${place[1]} along the second. Loss of the plain network ${values[0]}, of the residual network ${values[1]}.`;
    write(story, told);
    announce.say(camera.view === "contours" ? told : `Turned by ${degrees(camera.turn)}, tilted by ${degrees(camera.tilt)}. Losses from ${ends[0]} to ${ends[1]}.`);
  });
  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => {
    model.off("change", drawing.ask);
    forget(); drawing.stop(); announce.stop();
    for (const one of landscapes) one.stop();
  };
}

export default { render };
