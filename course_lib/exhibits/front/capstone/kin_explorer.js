// Point at a place: three pages light up where they look like it, to two encoders.

import { announcer, bytes, element, frameOf, put, range, redraw, remember, write } from "../common/page.js";
import { CELLS, PAGES, SIDE, cellOf, colourOf, kinShare, similarities } from "./kin.js";

const ENCODERS = { pretrained: "pretrained encoder", untrained: "untrained encoder" };
const LIMITS = { page: PAGES, row: SIDE, column: SIDE };
const percent = (share) => `${Math.round(100 * share)} %`;

const canvas = (side, label, name = "") => element("canvas", { width: side, height: side, role: "img", "aria-label": label, class: `kin-map ${name}` });

function paint(target, side, colourAt) {
  const context = target.getContext("2d"), image = context.createImageData(side, side);
  for (let i = 0; i < side * side; i += 1) image.data.set([...colourAt(i), 255], 4 * i);
  context.putImageData(image, 0, 0);
}

function render({ model, el }) {
  const box = frameOf(el, "What looks alike?",
    "Point at a place of a page, or move the dials. Below, every place of all three pages is as bright as its features are like those of the place.");
  const pages = Array.from({ length: PAGES }, (_, i) => canvas(SIDE, `page ${i + 1}`, "kin-page"));
  const marks = pages.map(() => element("span", { class: "kin-mark", "aria-hidden": "true" }));
  const maps = Object.entries(ENCODERS).map(([, title]) => pages.map((_, i) => canvas(CELLS, `likeness on page ${i + 1}, ${title}`)));
  const notes = Object.keys(ENCODERS).map(() => element("span", { class: "kin-share" }));
  const dials = Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name,
    range(name, { min: name === "page" ? 1 : 0, max: name === "page" ? limit : limit - 1, onInput: (value) => put(model, { [name]: name === "page" ? value - 1 : value }) })]));
  const story = element("p", { class: "exhibit-note" }), announce = announcer();
  const row = (title, ...cells) => element("div", { class: "exhibit-figure" }, element("p", { class: "exhibit-caption" }, ...title), element("div", { class: "kin-row" }, ...cells));

  box.append(row(["three pages"], ...pages.map((page, i) => element("div", { class: "kin-frame" }, page, marks[i]))),
    ...Object.values(ENCODERS).map((title, i) => row([`${title}: `, notes[i]], ...maps[i])),
    element("div", { class: "kin-dials" }, ...Object.values(dials).map((dial) => dial.box)), story, announce.node);

  pages.forEach((page, i) => {
    const point = (event) => {
      const { left, top, width, height } = page.getBoundingClientRect();
      const at = (part) => Math.min(SIDE - 1, Math.max(0, Math.floor(SIDE * part)));
      put(model, { page: i, row: at((event.clientY - top) / height), column: at((event.clientX - left) / width) });
    };
    page.addEventListener("pointerdown", point);
    page.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" || event.buttons) point(event); });
  });

  const classes = bytes(model.get("cells")), gray = bytes(model.get("pages"));
  const rows = Object.keys(ENCODERS).map((name) => { const raw = bytes(model.get(name)); return new Int8Array(raw.buffer, raw.byteOffset, raw.byteLength); });
  pages.forEach((page, i) => paint(page, SIDE, (j) => Array(3).fill(gray[i * SIDE * SIDE + j])));
  const cell = () => cellOf(model.get("page"), model.get("row"), model.get("column"));
  const found = remember(model, ["page", "row", "column"], () => rows.map((of) => {
    const alike = similarities(of, cell());
    return { alike, share: kinShare(alike, classes, cell()) };
  }));

  const drawing = redraw(() => {
    for (const [name, dial] of Object.entries(dials)) dial.set(model.get(name) + (name === "page"));
    marks.forEach((mark, i) => {
      mark.hidden = i !== model.get("page");
      mark.style.left = `${100 * (model.get("column") + 0.5) / SIDE}%`;
      mark.style.top = `${100 * (model.get("row") + 0.5) / SIDE}%`;
    });
    found().forEach(({ alike, share }, i) => {
      maps[i].forEach((map, j) => paint(map, CELLS, (k) => colourOf(alike[j * CELLS * CELLS + k])));
      write(notes[i], `${percent(share)} of the likest are kin`);
    });
    const [trained, raw] = found().map(({ share }) => percent(share)), mine = classes[cell()];
    const count = classes.reduce((sum, one) => sum + (one === mine), 0);
    write(story, `${count} of the ${classes.length} places are of the class of this one. Of the ${count} that look most like it, ${trained} really are with the pretrained encoder, and ${raw} with the untrained one. Neither was ever told a class.`);
    announce.say(`Kin among what looks alike: pretrained ${trained}, untrained ${raw}.`);
  });
  model.on("change", drawing.ask);
  drawing.ask();
  return () => { model.off("change", drawing.ask); drawing.stop(); announce.stop(); };
}

export default { render };
