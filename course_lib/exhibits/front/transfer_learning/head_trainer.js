// A new head on pixels or on a layer of a network that has seen letters alone, fitted in the page.

import { announcer, button, bytes, element, frameOf, number, put, range, redraw, remember, write } from "../common/page.js";
import { Picture, palette } from "../common/picture.js";
import { answersOf, CLASSES, labelledPlaces, LABELLED, nearestPlaces, ridgeScores, TESTS } from "./ridge.js";

const SIDE = 16, COLUMNS = 10, GAP = 2, NEAREST = 5, MOST = 10;

// Pages as one picture, `columns` in a row, on a ground of 255.
export function sheetOf(pages, places, columns) {
  const rows = Math.ceil(places.length / columns), width = columns * (SIDE + GAP) - GAP, height = rows * (SIDE + GAP) - GAP;
  const values = new Float64Array(width * height).fill(128);
  places.forEach((place, i) => {
    const top = Math.floor(i / columns) * (SIDE + GAP), left = (i % columns) * (SIDE + GAP);
    for (let r = 0; r < SIDE; r += 1) for (let c = 0; c < SIDE; c += 1) values[(top + r) * width + left + c] = pages[(place * SIDE + r) * SIDE + c];
  });
  return { values, height, width };
}

// Features by name; pixels are the pages themselves.
export function featureSets(names, widths, held, pages, count) {
  const sets = { [names[0]]: { values: Float64Array.from(pages), width: pages.length / count } };
  let start = 0;
  widths.forEach((width, i) => {
    sets[names[i + 1]] = { values: Float64Array.from(held.subarray(start, start + width * count)), width };
    start += width * count;
  });
  return sets;
}

class Small {
  constructor(label) {
    this.picture = new Picture(null, { "aria-hidden": "true" });
    this.text = element("figcaption", { class: "head-word" });
    this.box = element("figure", { class: "head-small" }, this.picture.canvas, this.text);
    write(this.text, label);
  }

  show(pages, place, colours, text) {
    this.picture.show(pages.subarray(place * SIDE * SIDE, (place + 1) * SIDE * SIDE), SIDE, SIDE, colours, 0, 255);
    this.picture.paint();
    write(this.text, text);
  }
}

function render({ model, el }) {
  const box = frameOf(el, "How far do a few labels go?",
    "A linear head is fitted to a few labelled pages, and reads 100 others. It gets pixels, or what a layer makes of them, in a network that has seen letters and never a digit.");
  const names = model.get("names"), labels = model.get("labels"), all = labels.length, first = all - TESTS;
  const pages = bytes(model.get("pages")), sets = featureSets(names, model.get("widths"), bytes(model.get("held")), pages, all);
  const colours = palette("gray");
  const count = range("labels of each digit", { min: 1, max: MOST, onInput: (value) => put(model, { count: value }) });
  const other = button("label other pages", () => put(model, { draw: (model.get("draw") + 1) % LABELLED }));
  const bars = names.map((name) => {
    const fill = element("span", { class: "head-fill" }), shown = element("span", { class: "head-number" });
    const chosen = button(name, () => put(model, { features: name }), { "aria-pressed": "false" });
    return { name, fill, shown, chosen, line: element("div", { class: "head-line" }, chosen, element("span", { class: "head-track", "aria-hidden": "true" }, fill), shown) };
  });
  const pick = (row, column, absolute) => {
    const old = model.get("test"), tile = SIDE + GAP;
    const at = absolute ? [Math.floor(row / tile), Math.floor(column / tile)]
      : [Math.floor(old / COLUMNS) + Math.sign(row), old % COLUMNS + Math.sign(column)];
    const [down, right] = at.map((place) => Math.max(0, Math.min(COLUMNS - 1, place)));
    if (down * COLUMNS + right !== old) put(model, { test: down * COLUMNS + right });
  };
  const sheet = new Picture(pick, { class: "exhibit-picture head-sheet" });
  const seen = new Small("the page"), near = Array.from({ length: NEAREST }, () => new Small(""));
  const columns = Array.from({ length: CLASSES }, (_, digit) => {
    const fill = element("span", { class: "head-column" });
    return { fill, box: element("span", { class: "head-digit" }, element("span", { class: "head-well" }, fill), element("span", {}, String(digit))) };
  });
  const scoreBox = element("div", { class: "head-scores", role: "img" }, ...columns.map((one) => one.box));
  const story = element("p", { class: "exhibit-note" }), note = element("p", { class: "exhibit-note" }), announce = announcer();

  box.append(
    element("div", { class: "head-dials" }, count.box, other),
    element("div", { class: "exhibit-pair head-pair" },
      element("div", { class: "exhibit-figure" },
        element("p", { class: "exhibit-caption" }, "of 100 pages read right, by a head on"), element("div", { role: "group", "aria-label": "features" }, ...bars.map((bar) => bar.line)), note,
        element("p", { class: "exhibit-caption head-gap" }, "the page that you point at, and the labelled ones nearest to it"),
        element("div", { class: "head-row" }, seen.box, ...near.map((one) => one.box)),
        element("p", { class: "exhibit-caption head-gap" }, "the head’s scores of it"), scoreBox, story),
      element("div", { class: "exhibit-figure" }, element("p", { class: "exhibit-caption" }, "the 100 pages; those misread are framed"), sheet.canvas)),
    announce.node);

  const fitted = remember(model, ["count", "draw"], () => {
    const places = labelledPlaces(model.get("count"), model.get("draw"));
    return { places, heads: Object.fromEntries(names.map((name) => {
      const scores = ridgeScores(sets[name].values, sets[name].width, labels, places), answers = answersOf(scores);
      return [name, { scores, answers, right: answers.filter((answer, test) => answer === labels[first + test]).length }];
    })) };
  });
  const drawing = redraw(() => {
    const { places, heads } = fitted(), name = model.get("features"), test = model.get("test");
    const { scores, answers, right } = heads[name], truth = labels[first + test];
    count.set(model.get("count"));
    bars.forEach((bar) => {
      bar.chosen.setAttribute("aria-pressed", String(bar.name === name));
      bar.line.classList.toggle("head-chosen", bar.name === name);
      bar.fill.style.width = `${heads[bar.name].right}%`;
      write(bar.shown, String(heads[bar.name].right));
    });
    write(note, `${places.length} labelled ${places.length === 1 ? "page" : "pages"} in all. By chance 10 of 100 would be right.`);
    const drawn = sheetOf(pages, Array.from({ length: TESTS }, (_, i) => first + i), COLUMNS);
    sheet.show(drawn.values, drawn.height, drawn.width, colours, 0, 255);
    sheet.paint(markOf(test));
    frames(sheet, answers, labels, first, test);
    sheet.describe(`100 pages with digits; ${100 - right} are misread. Page ${test + 1} shows a ${truth} and is read as ${answers[test]}. Arrow keys choose another.`);
    seen.show(pages, first + test, colours, `a ${truth}`);
    nearestPlaces(sets[name].values, sets[name].width, places, test, NEAREST).forEach((place, i) => near[i].show(pages, place, colours, String(labels[place])));
    near.forEach((one, i) => { one.box.hidden = i >= places.length; });
    const row = scores.subarray(test * CLASSES, (test + 1) * CLASSES), low = Math.min(...row), high = Math.max(...row);
    columns.forEach(({ fill, box: column }, digit) => {
      fill.style.height = `${(100 * (row[digit] - low) / (high - low || 1)).toFixed(1)}%`;
      column.classList.toggle("head-right", digit === truth);
    });
    scoreBox.setAttribute("aria-label", `Highest score: ${answers[test]}, ${number(high, 2)}. The page shows a ${truth}.`);
    write(story, answers[test] === truth ? `Read as ${truth}, rightly.` : `Read as ${answers[test]}. It is a ${truth} (orange).`);
    announce.say(`On ${name}, ${right} of 100 are read right.`);
  });
  const repaint = new ResizeObserver(() => drawing.ask());
  repaint.observe(sheet.canvas);
  model.on("change", drawing.ask);
  drawing.ask();
  return () => {
    model.off("change", drawing.ask);
    for (const one of [sheet, seen.picture, ...near.map((small) => small.picture)]) one.stop();
    repaint.disconnect(); drawing.stop(); announce.stop();
  };
}

const markOf = (test) => [[Math.floor(test / COLUMNS) * (SIDE + GAP), (test % COLUMNS) * (SIDE + GAP), SIDE, SIDE]];

// Misread pages get a frame of the exhibit's orange, on top of what the picture has painted.
function frames(sheet, answers, labels, first, test) {
  const { canvas } = sheet;
  if (!sheet.cssWidth) return;
  const context = canvas.getContext("2d"), unit = canvas.width / sheet.width;
  context.strokeStyle = getComputedStyle(canvas).getPropertyValue("--orange");
  context.lineWidth = Math.max(2, 1.4 * unit);
  answers.forEach((answer, i) => {
    if (answer === labels[first + i] || i === test) return;
    const [row, column] = markOf(i)[0];
    context.strokeRect(column * unit, row * unit, SIDE * unit, SIDE * unit);
  });
}

export default { render };
