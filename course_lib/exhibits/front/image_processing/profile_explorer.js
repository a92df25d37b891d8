// A line across a photograph, the intensities along it, and their change: edges in one dimension.

import { announcer, choice, element, frameOf, number, onTheme, put, range, redraw, remember, write } from "../common/page.js";
import { Picture, clamp, extremes, palette } from "../common/picture.js";
import { smooth } from "./filters.js";
import { LineChart } from "./line_chart.js";
import { PHOTOGRAPH_TRAITS, photographOf } from "./photographs.js";
import { addNoise, derivative, edges, normals, placesOn, pointOn, profile } from "./profile.js";
import { drawn } from "./svg.js";

const ENDS = ["start", "end"];
const REACHES = [10, 20, 40, 80, 160, 320, 640];  // a scale that followed every drag would hide what changes

// The line, two handles that are buttons, and the edges' places, over a picture.
class Line {
  // endOf tells where an end is now: keys may come faster than frames, in which `show` would.
  constructor(picture, onMove, endOf) {
    Object.assign(this, { picture, onMove, endOf });
    this.paths = ["line-under", "line-over", "line-marks-under", "line-marks", "line-here-under", "line-here"]
      .map((name) => drawn("path", { class: name }));
    this.svg = drawn("svg", { class: "profile-line", "aria-hidden": "true" }, ...this.paths);
    this.handles = ENDS.map((name) => element("button", { type: "button", class: "profile-handle", "data-end": name }));
    this.box = element("div", { class: "profile-picture" }, picture.canvas, this.svg, ...this.handles);
    this.handles.forEach((handle, i) => this.listen(handle, i));
    // Beside the handles, a press takes the nearer end along; a finger may still scroll the page here.
    picture.canvas.addEventListener("pointerdown", (event) => {
      const [row, column] = this.placeOf(event), gap = (end) => Math.hypot(end[0] - row, end[1] - column);
      const nearer = gap(this.ends[0]) <= gap(this.ends[1]) ? 0 : 1;
      this.onMove(nearer, [row, column]);
      if (event.pointerType === "mouse") this.grab(picture.canvas, event, nearer);
    });
  }

  placeOf(event) {
    const box = this.picture.canvas.getBoundingClientRect(), { height, width } = this.picture;
    return [clamp(Math.floor((event.clientY - box.top) / box.height * height), 0, height - 1),
      clamp(Math.floor((event.clientX - box.left) / box.width * width), 0, width - 1)];
  }

  grab(node, event, end) {
    node.setPointerCapture(event.pointerId);
    const follow = (moved) => this.onMove(end, this.placeOf(moved));
    const release = () => {
      node.removeEventListener("pointermove", follow);
      for (const name of ["pointerup", "pointercancel"]) node.removeEventListener(name, release);
    };
    node.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) node.addEventListener(name, release);
  }

  listen(handle, end) {
    handle.addEventListener("pointerdown", (event) => this.grab(handle, event, end));
    handle.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 8 : 1;
      const by = { ArrowUp: [-step, 0], ArrowDown: [step, 0], ArrowLeft: [0, -step], ArrowRight: [0, step] }[event.key];
      if (!by) return;
      event.preventDefault();
      this.onMove(end, this.endOf(end).map((value, axis) => value + by[axis]));
    });
  }

  show(ends, { height, width }, marks, here) {
    this.ends = ends;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const at = ([row, column]) => `${(column + 0.5).toFixed(2)} ${(row + 0.5).toFixed(2)}`, dots = marks.map((mark) => `M${at(mark)}h0`).join("");
    const line = `M${at(ends[0])}L${at(ends[1])}`, dot = `M${at(here)}h0`;
    [line, line, dots, dots, dot, dot].forEach((path, i) => this.paths[i].setAttribute("d", path));
    this.handles.forEach((handle, i) => {
      const [row, column] = ends[i];
      handle.style.left = `${100 * (column + 0.5) / width}%`;
      handle.style.top = `${100 * (row + 0.5) / height}%`;
      handle.setAttribute("aria-label", `${ENDS[i]} of the line: row ${row}, column ${column}. Arrow keys move it.`);
    });
  }
}

// Photograph with noise, then smoothed: nothing of it depends on the line.
export function planeOf(model, noise) {
  const photo = photographOf(model), strength = model.get("noise");
  return smooth(strength ? addNoise(photo, strength, noise) : photo, model.get("smoothing"));
}

export function measure(plane, start, end, threshold) {
  const count = placesOn(start, end), intensities = profile(plane, start, end, count);
  const spacing = Math.hypot(end[0] - start[0], end[1] - start[1]) / (count - 1) || 1;
  const changes = derivative(intensities, spacing);
  return { count, intensities, changes, found: edges(changes, threshold) };
}

function render({ model, el }) {
  const box = frameOf(el, "A line across a photograph",
    "Drag the ends of the line, or focus one and press the arrow keys (with Shift: 8 pixels). Each orange dot is a place "
    + "where the intensity changes by more than the threshold. Add noise, and then smooth: which dots are real?");
  const limits = () => [model.get("height") - 1, model.get("width") - 1];
  const move = (end, place) => {
    const kept = place.map((value, axis) => clamp(value, 0, limits()[axis])), other = model.get(ENDS[1 - end]);
    if (kept.every((value, axis) => value === other[axis])) return;  // a line of no length has no profile
    put(model, { [ENDS[end]]: kept });
  };
  const slider = (name, label, settings) => range(label, { ...settings, onInput: (value) => put(model, { [name]: value }) });
  const noise = slider("noise", "noise", { min: 0, max: 40 }), smoothing = slider("smoothing", "smoothing: sigma", { min: 0, max: 5, step: 0.1 });
  const threshold = slider("threshold", "threshold", { min: 1, max: 60 });
  const lastPlace = () => placesOn(model.get("start"), model.get("end")) - 1;
  const toPlace = (share) => put(model, { place: Math.round(share * lastPlace()) });
  const place = range("place on the line", { min: 0, max: 1, onInput: (value) => put(model, { place: value }) });
  const names = model.get("names");
  const photographs = choice("photograph", names.map((name, i) => [i, name]), (value) => put(model, { chosen: Number(value) }));
  const picture = new Picture(), line = new Line(picture, move, (end) => model.get(ENDS[end])), note = element("p", { class: "exhibit-note" });
  const charts = [new LineChart("intensity along the line", toPlace), new LineChart("its change from one pixel to the next", toPlace)];
  const said = element("p", { class: "profile-said" }), announce = announcer();
  photographs.box.hidden = names.length < 2;

  box.append(
    element("div", { class: "profile-panels" },
      element("div", { class: "exhibit-figure" }, line.box, note),
      element("div", {}, ...charts.map((chart) => chart.box), said, place.box)),
    element("div", { class: "exhibit-panel profile-controls" }, photographs.box, noise.box, threshold.box, smoothing.box), announce.node);

  let painted = null;
  const normal = remember(model, ["height", "width"], () => normals(model.get("height") * model.get("width")));
  const plane = remember(model, [...PHOTOGRAPH_TRAITS, "noise", "smoothing"], () => planeOf(model, normal()));
  const measured = remember(model, [...PHOTOGRAPH_TRAITS, "noise", "smoothing", "threshold", "start", "end"],
    () => measure(plane(), model.get("start"), model.get("end"), model.get("threshold")));
  const drawing = redraw(() => {
    const shown = plane(), now = measured(), [start, end] = ENDS.map((name) => model.get(name)), last = now.count - 1;
    const here = clamp(model.get("place"), 0, last), change = Math.min(here, last - 1);
    if (shown !== painted) { picture.show(shown.values, shown.height, shown.width, palette("grey"), 0, 255); picture.paint([]); painted = shown; }
    line.show([start, end], shown, now.found.map((i) => pointOn(start, end, (i + 0.5) / last)), pointOn(start, end, here / last));
    const [min, max] = extremes(now.intensities), steepest = Math.max(...extremes(now.changes).map(Math.abs));
    const reach = REACHES.find((value) => value >= steepest) ?? REACHES.at(-1), many = `${now.found.length} edge${now.found.length === 1 ? "" : "s"}`;
    charts[0].show(now.intensities, { offset: 0, last, low: Math.min(0, min), high: Math.max(255, max), here,
      text: `Intensities along the line, from ${number(min, 0)} to ${number(max, 0)}.` });
    charts[1].show(now.changes, { offset: 0.5, last, low: -reach, high: reach, here: change, marks: now.found, threshold: model.get("threshold"),
      text: `Changes along the line, at most ${number(steepest, 1)} levels a pixel; ${many} above the threshold of ${model.get("threshold")}.` });
    const value = number(now.intensities[here], 1), step = number(now.changes[change], 1);
    write(said, `place ${here} of ${last}: intensity ${value}, change ${step} a pixel. ${many[0].toUpperCase() + many.slice(1)} found.`);
    write(note, `${names[model.get("chosen")]}, from (${start.join(", ")}) to (${end.join(", ")})`);
    picture.describe(`Photograph of ${names[model.get("chosen")]} with a line from row ${start[0]}, column ${start[1]} to row ${end[0]}, column ${end[1]}.`);
    noise.set(model.get("noise")); smoothing.set(model.get("smoothing"), number(model.get("smoothing"), 1)); threshold.set(model.get("threshold"));
    place.limit(0, last); place.set(here); photographs.set(model.get("chosen"));
    announce.say(`${many} found. At place ${here}: intensity ${value}, change ${step} a pixel.`);
  });
  model.on("change", drawing.ask);
  const forget = onTheme(() => { painted = null; drawing.ask(); });
  drawing.ask();
  return () => {
    model.off("change", drawing.ask);
    forget(); drawing.stop(); announce.stop(); picture.stop();
  };
}

export default { render };
