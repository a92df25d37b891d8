// Standard and spatial dropout of the same feature maps, and what can be read off the neighbours.

import { announcer, button, bytes, element, frameOf, number, onTheme, put, range, redraw, remember, toggle, write } from "../common/page.js";
import { Picture, ScaleBar, clamp, palette } from "../common/picture.js";
import { dropped, maskOf, meansOf, mosaic, rebuild, survivors } from "./masks.js";

const ACROSS = 3, BRIGHTEST = 382.5;  // half as much again as the largest number, so that scaling shows
const KINDS = [["standard", "standard dropout"], ["spatial", "spatial dropout"]];
const TRAITS = ["maps", "names", "height", "width", "rate", "seed", "training"];

export function leakOf({ values, count, height, width, rate, seed, training }) {
  const size = height * width, means = meansOf(values, count, size), all = values.reduce((a, b) => a + b, 0) / values.length;
  const kinds = Object.fromEntries(KINDS.map(([kind]) => {
    const kept = maskOf(kind, seed, training ? rate : 0, count, size), output = dropped(values, kept, rate, training);
    return [kind, { kept, output, mean: output.reduce((a, b) => a + b, 0) / values.length, ...rebuild(values, kept, means, height, width) }];
  }));
  return { mean: all, ...kinds };
}

function stateOf(model) {
  const names = model.get("names"), now = { values: bytes(model.get("maps")), count: names.length, names,
    height: model.get("height"), width: model.get("width"), rate: model.get("rate"), seed: model.get("seed"), training: model.get("training") };
  return { ...now, ...leakOf(now) };
}

const level = (value) => number(value / 255, 2);

export function storyOf(now, [row, column]) {
  const map = Math.floor(row / now.height) * ACROSS + Math.floor(column / now.width);
  const y = row % now.height, x = column % now.width, at = (map * now.height + y) * now.width + x;
  const place = `Pixel (${y}, ${x}) of the map “${now.names[map]}” is ${level(now.values[at])}.`;
  if (!now.training) return `${place} At inference it passes as it is.`;
  const parts = KINDS.map(([kind]) => {
    const { kept, output } = now[kind], { count, mean } = survivors(now.values, kept, map, y, x, now.height, now.width);
    if (kept[at]) return `${kind} dropout keeps it and passes on ${level(output[at])}.`;
    return count ? `${kind} dropout drops it, but ${count} of its neighbours survive, and their mean is ${level(mean)}.`
      : `${kind} dropout drops it, and no neighbour survives to tell.`;
  });
  return [place, ...parts.map((part) => part[0].toUpperCase() + part.slice(1))].join(" ");
}

const share = (value) => (Number.isNaN(value) ? "nothing is dropped" : number(value, 2));

class Table {
  constructor() {
    this.cells = Array.from({ length: 3 }, () => KINDS.map(() => element("td")));
    const rows = ["numbers dropped", "mean of all numbers", "R² of the guesses"].map((name, i) =>
      element("tr", {}, element("th", { scope: "row" }, name), ...this.cells[i]));
    const head = element("tr", {}, element("td"), ...KINDS.map(([kind]) => element("th", { scope: "col" }, kind)));
    this.caption = element("caption");
    this.box = element("table", { class: "leak-table" }, this.caption, element("thead", {}, head), element("tbody", {}, ...rows));
  }

  show(now) {
    const factor = now.training ? `survivors × ${number(1 / (1 - now.rate), 2)}` : "nothing is scaled";
    write(this.caption, `${now.training ? "Training" : "Inference"}: ${factor}; the mean of the input is ${number(now.mean / 255, 3)}`);
    KINDS.forEach(([kind], column) => {
      const { missing, mean, explained } = now[kind];
      write(this.cells[0][column], `${number(100 * missing / now.values.length, 1)} %`);
      write(this.cells[1][column], number(mean / 255, 3));
      write(this.cells[2][column], share(explained));
    });
  }
}

function render({ model, el }) {
  const box = frameOf(el, "What do the neighbours give away?",
    "Six feature maps of a photograph. Change the rate, draw again, switch to inference. Point at a pixel, or use arrow keys.");
  const everything = remember(model, TRAITS, () => stateOf(model));
  const shape = () => { const { count, height, width } = everything(); return [Math.ceil(count / ACROSS) * height, ACROSS * width]; };
  const pick = (row, column, absolute) => {
    const [rows, columns] = shape(), [y, x] = model.get("cursor");
    put(model, { cursor: [clamp(absolute ? row : y + row, 0, rows - 1), clamp(absolute ? column : x + column, 0, columns - 1)] });
  };
  const rate = range("rate", { min: 0, max: 0.9, step: 0.05, onInput: (value) => put(model, { rate: value }) });
  const training = toggle("training", (on) => put(model, { training: on }));
  const again = button("draw again", () => put(model, { seed: (model.get("seed") + 1) % 1000 }));
  const sides = Object.fromEntries(KINDS.map(([kind]) => [kind, { seen: new Picture(pick), guessed: new Picture(pick) }]));
  const scale = new ScaleBar(), table = new Table(), story = element("p", { class: "leak-story" }), announce = announcer();
  const figure = (text, picture) => element("div", { class: "exhibit-figure" }, element("p", { class: "exhibit-caption" }, text), picture.canvas);

  box.append(
    element("div", { class: "leak-controls" }, rate.box, training.box, again),
    element("div", { class: "exhibit-pair" }, ...KINDS.map(([kind, name]) => figure(name, sides[kind].seen))),
    element("div", { class: "exhibit-pair" }, ...KINDS.map(([kind]) => figure("guessed from neighbours", sides[kind].guessed))),
    scale.box, table.box, story, announce.node);

  const drawing = redraw(() => {
    const now = everything(), grey = palette("grey"), [row, column] = model.get("cursor"), marks = [[row - 1, column - 1, 3, 3]];
    for (const [kind, name] of KINDS) {
      const { output, guesses, missing, explained } = now[kind], { seen, guessed } = sides[kind];
      for (const [picture, values] of [[seen, output], [guessed, guesses]]) {
        const { tiled, height, width } = mosaic(values, now.count, now.height, now.width, ACROSS);
        picture.show(tiled, height, width, grey, 0, BRIGHTEST);
        picture.paint(marks);
      }
      seen.describe(`Six feature maps after ${name}: ${number(100 * missing / now.values.length, 1)} % of the numbers are dropped. Arrow keys move the cursor.`);
      guessed.describe(`The same maps with each dropped number guessed from its surviving neighbours. R squared, ${kind}: ${share(explained)}. Arrow keys move the cursor.`);
    }
    scale.show(grey, ["0", "0.75", "≥ 1.5"]);
    rate.set(now.rate, number(now.rate, 2)); rate.input.disabled = !now.training;
    training.set(now.training); again.disabled = !now.training;
    table.show(now);
    const told = storyOf(now, [row, column]);
    write(story, told);
    announce.say(`${told} R squared: standard ${share(now.standard.explained)}, spatial ${share(now.spatial.explained)}.`);
  });
  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => {
    model.off("change", drawing.ask);
    forget(); drawing.stop(); announce.stop();
    for (const { seen, guessed } of Object.values(sides)) { seen.stop(); guessed.stop(); }
  };
}

export default { render };
