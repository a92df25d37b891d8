// A pad to draw on: mouse, pen and finger, or a pen that arrow keys move and space puts down.

import { element, isDark } from "./page.js";

const STEP = 1 / 32, ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

export class Pad {
  // onDraw gets a point and whether a stroke begins there; onLift is told when the hand leaves.
  constructor(onDraw, onLift) {
    Object.assign(this, { onDraw, onLift, pen: [0.5, 0.25], isDown: false, usesKeys: false });
    this.canvas = element("canvas", { class: "exhibit-picture cnn-pad", role: "application", tabindex: 0 });
    this.observer = new ResizeObserver(([entry]) => { this.cssWidth = entry.contentRect.width; this.paint(); });
    this.observer.observe(this.canvas);
    this.listen();
  }

  stop() { this.observer.disconnect(); }

  describe(text) { if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text); }

  listen() {
    const { canvas } = this;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    let hand = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button || hand !== null) return;
      hand = event.pointerId;
      canvas.setPointerCapture(hand);
      this.isDown = this.usesKeys = false;
      this.onDraw(place(event), true);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== hand) return;
      const between = event.getCoalescedEvents?.() ?? [];
      for (const step of between.length ? between : [event]) this.onDraw(place(step), false);
    });
    const lift = (event) => { if (event.pointerId === hand) { hand = null; this.onLift(); } };
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => { if (this.usesKeys) { this.lower(false); this.usesKeys = false; this.paint(); } });
  }

  key(event) {
    const move = ARROWS[event.key], isSwitch = event.key === " " || event.key === "Enter";
    if (!move && !isSwitch && event.key !== "Escape") return;
    event.preventDefault();
    this.usesKeys = true;
    if (isSwitch && !event.repeat) this.lower(!this.isDown);
    if (event.key === "Escape") this.lower(false);
    if (move) {
      const far = event.shiftKey ? 4 * STEP : STEP;
      this.pen = this.pen.map((value, axis) => Math.min(1 - STEP, Math.max(STEP, value + move[axis] * far)));
      if (this.isDown) this.onDraw(this.pen, false);
    }
    this.paint();
    this.onLift();
  }

  lower(isDown) {
    if (isDown && !this.isDown) this.onDraw(this.pen, true);
    this.isDown = isDown;
  }

  where() { return `The pen is ${this.isDown ? "down" : "up"} at ${Math.round(32 * this.pen[0])} across and ${Math.round(32 * this.pen[1])} down of 32.`; }

  show(strokes, example) { Object.assign(this, { strokes, example }); this.paint(); }

  paint() {
    if (!this.cssWidth || !this.strokes) return;
    const ratio = globalThis.devicePixelRatio || 1, side = Math.round(this.cssWidth * ratio), { canvas } = this;
    if (canvas.width !== side || canvas.height !== side) Object.assign(canvas, { width: side, height: side });
    const context = canvas.getContext("2d"), [ground, ink, mark] = isDark() ? ["#0d1117", "#e6edf3", "#79b8ff"] : ["#ffffff", "#1f2328", "#0b5cad"];
    context.fillStyle = ground;
    context.fillRect(0, 0, side, side);
    if (this.example) this.blocks(context, side);
    Object.assign(context, { strokeStyle: ink, fillStyle: ink, lineWidth: side * 0.055, lineCap: "round", lineJoin: "round" });
    for (const stroke of this.strokes) this.line(context, stroke, side);
    if (this.usesKeys) this.cross(context, side, mark, 2 * ratio);
  }

  line(context, stroke, side) {
    context.beginPath();
    context.moveTo(stroke[0][0] * side, stroke[0][1] * side);
    for (const [x, y] of stroke) context.lineTo(x * side, y * side);
    context.stroke();
  }

  // An example of 8 x 8 pixels in the pad's own ink.
  blocks(context, side) {
    const cell = side / 8, bright = isDark();
    this.example.forEach((level, at) => {
      const grey = Math.round(bright ? 20 + 210 * level : 255 - 224 * level);
      context.fillStyle = `rgb(${grey}, ${grey}, ${grey})`;
      context.fillRect(Math.floor((at % 8) * cell), Math.floor(Math.floor(at / 8) * cell), Math.ceil(cell), Math.ceil(cell));
    });
  }

  cross(context, side, colour, line) {
    const [x, y] = this.pen.map((value) => value * side), reach = side * 0.06;
    Object.assign(context, { strokeStyle: colour, fillStyle: colour, lineWidth: line });
    context.beginPath();
    context.arc(x, y, reach, 0, 2 * Math.PI);
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) { context.moveTo(x + dx * reach * 0.5, y + dy * reach * 0.5); context.lineTo(x + dx * reach * 1.5, y + dy * reach * 1.5); }
    context.stroke();
    if (this.isDown) { context.beginPath(); context.arc(x, y, reach * 0.35, 0, 2 * Math.PI); context.fill(); }
  }
}
