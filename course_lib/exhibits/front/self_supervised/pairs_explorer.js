// Pairs of embeddings on a circle, to be dragged: the loss, and which way it pushes each of them.

import { announcer, button, element, frameOf, number, put, range, redraw, write } from "../common/page.js";
import { contrast, partnerOf, stepDown, wrap } from "./circle.js";

const LETTERS = "ABCDEF", RADIUS = 100, DISCS = [16, 11.5], LONGEST = 62, STEPS = 240;
const PRESETS = {
  "scattered": [20, 200, 305, 140, 95, 265, 350, 60],
  "partners opposite": [0, 45, 90, 135, 180, 225, 270, 315],
  "all in one place": [86, 88, 90, 92, 94, 96, 98, 100],
  "pairs spread out": [0, 90, 180, 270, 0, 90, 180, 270],
};

const nameOf = (i, count) => LETTERS[i % (count / 2)] + (i < count / 2 ? "" : "′");
const percent = (share) => share > 0 && share < 0.0005 ? "< 0.1 %" : `${number(100 * share, 1)} %`;
const drawn = (tag, attributes = {}) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
const at = (angle, radius) => [radius * Math.cos(angle * Math.PI / 180), -radius * Math.sin(angle * Math.PI / 180)];
const text = (value) => value.toFixed(3);

// An arrow along the tangent, against the slope; "" where it would be too short to be seen.
export function arrowPath(angle, slope, disc = DISCS[0]) {
  const size = Math.abs(slope), long = LONGEST * size / (size + 0.12), side = slope > 0 ? -1 : 1;
  if (long < 1.5) return "";
  const [x, y] = at(angle, RADIUS), [dx, dy] = at(angle + 90 * side, 1), end = disc + long, head = Math.min(8, long);
  const point = (along, across) => `${(x + along * dx - across * dy).toFixed(1)} ${(y + along * dy + across * dx).toFixed(1)}`;
  return `M${point(disc, 0)}L${point(end, 0)}M${point(end - head, head * 0.55)}L${point(end, 0)}L${point(end - head, -head * 0.55)}`;
}

class Circle {
  // onMove gets a point's number and its new angle, onChoose its number.
  constructor(count, onMove, onChoose) {
    Object.assign(this, { count, onMove, onChoose, angles: [] });
    this.svg = drawn("svg", { viewBox: "-150 -150 300 300", class: "pairs-circle", role: "group", "aria-label": "embeddings on a circle" });
    this.chords = this.many("path", (i) => ({ class: `pairs-chord pairs-${LETTERS[i]}` }), count / 2);
    this.arrows = this.many("path", () => ({ class: "pairs-arrow" }));
    this.points = this.many("g", (i) => ({ class: `pairs-point pairs-${LETTERS[i % (count / 2)]} ${i < count / 2 ? "pairs-first" : "pairs-second"}`,
      role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuemax": 359 }));
    this.loss = drawn("text", { class: "pairs-loss", y: -2 });
    this.chance = drawn("text", { class: "pairs-chance", y: 20 });
    this.svg.append(drawn("circle", { r: RADIUS, class: "pairs-rim" }), ...this.chords, ...this.arrows, this.loss, this.chance, ...this.points);
    this.points.forEach((point, i) => this.dress(point, i));
  }

  many(tag, attributes, count = this.count) { return Array.from({ length: count }, (_, i) => drawn(tag, attributes(i))); }

  dress(point, i) {
    const letter = drawn("text", { y: 4.5 });
    letter.textContent = nameOf(i, this.count);
    point.append(drawn("circle", { r: 22, class: "pairs-grip" }), drawn("circle", { r: DISCS[i < this.count / 2 ? 0 : 1], class: "pairs-disc" }), letter);
    const place = (event) => {
      const box = this.svg.getBoundingClientRect();
      return wrap(Math.atan2(box.top + box.height / 2 - event.clientY, event.clientX - box.left - box.width / 2) * 180 / Math.PI);
    };
    let hand = null;
    point.addEventListener("pointerdown", (event) => {
      if (event.button || hand !== null) return;
      hand = event.pointerId;
      point.setPointerCapture(hand);
      point.focus({ preventScroll: true });
      this.onChoose(i);
      event.preventDefault();
    });
    point.addEventListener("pointermove", (event) => { if (event.pointerId === hand) this.onMove(i, place(event)); });
    for (const end of ["pointerup", "pointercancel"]) point.addEventListener(end, (event) => { if (event.pointerId === hand) hand = null; });
    point.addEventListener("focus", () => this.onChoose(i));
    point.addEventListener("keydown", (event) => {
      const ways = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }, way = ways[event.key];
      if (!way) return;
      event.preventDefault();
      this.angles = this.angles.with(i, wrap(this.angles[i] + way * (event.shiftKey ? 10 : 2)));
      this.onMove(i, this.angles[i]);  // the next key may come before the next frame
    });
  }

  draw(angles, result, chosen) {
    this.angles = angles;
    const half = this.count / 2;
    this.chords.forEach((chord, i) => chord.setAttribute("d", `M${at(angles[i], RADIUS).join(" ")}L${at(angles[i + half], RADIUS).join(" ")}`));
    angles.forEach((angle, i) => {
      this.arrows[i].setAttribute("d", arrowPath(angle, result.slopes[i], DISCS[i < half ? 0 : 1]));
      const point = this.points[i], [x, y] = at(angle, RADIUS), slope = result.slopes[i];
      point.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
      point.classList.toggle("pairs-chosen", i === chosen);
      point.setAttribute("aria-label", `${nameOf(i, this.count)}, ${i < half ? "first" : "second"} view of image ${LETTERS[i % half]}`);
      point.setAttribute("aria-valuenow", Math.round(angle) % 360);
      const push = Math.abs(slope) < 0.0005 ? "not pushed" : `pushed ${slope > 0 ? "clockwise" : "counterclockwise"}, slope ${text(Math.abs(slope))}`;
      point.setAttribute("aria-valuetext", `${Math.round(angle) % 360} degrees, loss ${text(result.choices[i].loss)}, ${push}`);
    });
    write(this.loss, `loss ${text(result.loss)}`);
    write(this.chance, `by chance ${text(Math.log(this.count - 1))}`);
  }
}

// The choice of one point among all others, a bar for each.
class Choice {
  constructor(count) {
    this.count = count;
    this.title = element("p", { class: "exhibit-caption" });
    this.lines = Array.from({ length: count - 1 }, () => {
      const name = element("span", { class: "pairs-name" }), fill = element("span", { class: "pairs-fill" }), share = element("span", { class: "pairs-share" });
      const track = element("span", { class: "pairs-track", "aria-hidden": "true" }, fill);
      return { name, fill, share, box: element("div", { class: "pairs-line" }, name, track, share) };
    });
    this.note = element("p", { class: "exhibit-note" });
    this.box = element("div", { class: "exhibit-figure" }, this.title, ...this.lines.map((line) => line.box), this.note);
  }

  draw(angles, result, chosen) {
    const { count } = this, partner = partnerOf(chosen, count), { shares, loss } = result.choices[chosen], name = nameOf(chosen, count);
    const others = angles.map((_, k) => k).filter((k) => k !== chosen && k !== partner);
    write(this.title, `Which of the others is ${name}’s partner?`);
    [partner, ...others].forEach((k, line) => {
      const cosine = Math.cos((angles[chosen] - angles[k]) * Math.PI / 180);
      write(this.lines[line].name, `${nameOf(k, count)}  cos ${number(cosine, 2)}`);
      write(this.lines[line].share, percent(shares[k]));
      this.lines[line].fill.style.width = `${(100 * shares[k]).toFixed(2)}%`;
      this.lines[line].fill.className = `pairs-fill ${k === partner ? "pairs-right" : "pairs-wrong"}`;
    });
    write(this.note, `${nameOf(partner, count)} is the partner: the loss of ${name} is −log ${text(shares[partner])} = ${text(loss)}. ${name} itself is not on the list.`);
  }
}

function render({ model, el }) {
  const count = model.get("angles").length;
  const box = frameOf(el, "Pull together, push apart",
    "Two views each of a few images, as points on a circle. Drag a point, or move it with the arrow keys. Arrows show where the loss pushes it: longer is stronger.");
  const move = (i, angle) => { stop(); put(model, { angles: model.get("angles").map((old, k) => k === i ? Math.round(10 * angle) / 10 : old), chosen: i }); };
  const circle = new Circle(count, move, (i) => { if (model.get("chosen") !== i) put(model, { chosen: i }); });
  const choice = new Choice(count), announce = announcer();
  const dial = range("temperature", { min: 0.05, max: 2, step: 0.05, onInput: (value) => put(model, { temperature: value }) });
  const usable = count === 8 ? Object.entries(PRESETS) : [];
  const presets = usable.map(([name, angles]) => button(name, () => { stop(); put(model, { angles }); }, { "aria-pressed": "false" }));
  const down = () => put(model, { angles: stepDown(model.get("angles"), model.get("temperature")) });
  let timer = 0, left = 0;
  const stop = () => { cancelAnimationFrame(timer); timer = left = 0; write(run, "let them go"); };
  const tick = () => { down(); left -= 1; if (left > 0) timer = requestAnimationFrame(tick); else stop(); };
  const one = button("one step", () => { stop(); down(); });
  const run = button("let them go", () => { if (left) stop(); else { left = STEPS; write(run, "stop"); tick(); } });

  box.append(
    element("div", { class: "exhibit-buttons", role: "group", "aria-label": "examples" }, ...presets),
    element("div", { class: "exhibit-pair pairs-pair" }, element("div", { class: "exhibit-figure" }, circle.svg),
      element("div", { class: "exhibit-panel" }, dial.box,
        element("div", { class: "exhibit-buttons pairs-steps", role: "group", "aria-label": "gradient descent" }, one, run), choice.box)),
    announce.node);

  const drawing = redraw(() => {
    const angles = model.get("angles"), temperature = model.get("temperature"), chosen = model.get("chosen");
    const result = contrast(angles, temperature);
    dial.set(temperature, number(temperature, 2));
    usable.forEach(([, values], i) => presets[i].setAttribute("aria-pressed", values.every((value, k) => value === angles[k])));
    circle.draw(angles, result, chosen);
    choice.draw(angles, result, chosen);
    announce.say(`Loss ${text(result.loss)}; by chance it would be ${text(Math.log(count - 1))}.`);
  });
  model.on("change", drawing.ask);
  drawing.ask();
  return () => { model.off("change", drawing.ask); stop(); drawing.stop(); announce.stop(); };
}

export default { render };
