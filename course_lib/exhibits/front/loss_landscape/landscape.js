// One landscape on a canvas: turned in space, or from above with lines of equal loss.

import { element, uniqueId } from "../common/page.js";
import { clamp } from "../common/picture.js";
import { HEIGHT, LEVELS, cellsFarFirst, contour, corners, groundDistances, project } from "./camera.js";

// Matplotlib's viridis at nine places: it grows lighter throughout, and the colour-blind see it too.
export const VIRIDIS = [[68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140],
  [40, 174, 128], [94, 201, 98], [173, 220, 48], [253, 231, 37]];

export function colourOf(share) {
  const at = clamp(share, 0, 1) * (VIRIDIS.length - 1), i = Math.min(Math.floor(at), VIRIDIS.length - 2);
  return VIRIDIS[i].map((value, k) => Math.round(value + (VIRIDIS[i + 1][k] - value) * (at - i)));
}

export const ramp = () => Uint32Array.from({ length: 256 }, (_, i) => {
  const [r, g, b] = colourOf(i / 255);
  return (255 << 24) | (b << 16) | (g << 8) | r;
});

export class Landscape {
  // onDrag gets pixels and whether the hand is new; onPinch a factor; onPick shares of the ground.
  constructor(hands) {
    this.canvas = element("canvas", { class: "exhibit-picture landscape", role: "img", tabindex: "0", id: uniqueId("landscape") });
    this.observer = new ResizeObserver(([entry]) => { this.cssWidth = entry.contentRect.width; this.draw(); });
    this.observer.observe(this.canvas);
    this.listen(hands);
  }

  stop() { this.observer.disconnect(); }

  describe(text) { if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text); }

  show(scene) { this.scene = scene; this.draw(); }

  draw() {
    if (!this.cssWidth || !this.scene) return;
    const ratio = Math.min(2, globalThis.devicePixelRatio || 1), side = Math.round(this.cssWidth * ratio);
    if (this.canvas.width !== side) Object.assign(this.canvas, { width: side, height: side });
    const context = this.canvas.getContext("2d"), style = getComputedStyle(this.canvas);
    this.ink = style.getPropertyValue("--ink").trim(); this.quiet = style.getPropertyValue("--quiet").trim();
    context.clearRect(0, 0, side, side);
    context.font = `${11 * ratio}px system-ui, sans-serif`;
    if (this.scene.view === "contours") this.drawFlat(context, side, ratio);
    else this.drawSpace(context, side, ratio);
  }

  drawSpace(context, side, ratio) {
    const { heights, points, turn, tilt, zoom, cursor, ends } = this.scene, unit = side / 3.1;
    const at = ([right, up]) => [side / 2 + unit * right, side / 2 - unit * up];
    const spots = corners(heights, points, turn, tilt, zoom).map(at);
    this.drawGround(context, at, ratio);
    context.lineWidth = 0.6 * ratio; context.lineJoin = "round";
    for (const { four } of cellsFarFirst(points, groundDistances(points, turn))) {
      const mean = four.reduce((sum, corner) => sum + heights[corner], 0) / 4, [r, g, b] = colourOf(mean);
      context.beginPath();
      four.forEach((corner, i) => (i ? context.lineTo(...spots[corner]) : context.moveTo(...spots[corner])));
      context.closePath();
      context.fillStyle = `rgb(${r},${g},${b})`; context.fill();
      context.strokeStyle = `rgb(${r * 0.7 | 0},${g * 0.7 | 0},${b * 0.7 | 0})`; context.stroke();
    }
    this.drawUpright(context, at, ratio, ends);
    this.dot(context, spots[cursor[0] * points + cursor[1]], ratio);
  }

  drawGround(context, at, ratio) {
    const { turn, tilt, zoom } = this.scene, spot = (x, y) => at(project([x, y, 0], turn, tilt, zoom));
    const square = [spot(-1, -1), spot(1, -1), spot(1, 1), spot(-1, 1)];
    context.strokeStyle = this.quiet; context.lineWidth = ratio; context.beginPath();
    square.forEach((corner, i) => (i ? context.lineTo(...corner) : context.moveTo(...corner)));
    context.closePath(); context.stroke();
    context.fillStyle = this.ink; context.textAlign = "center"; context.textBaseline = "middle";
    // Each axis is named at the edge that is nearer to the eye, where nothing hides the words.
    const near = (one, other) => (one[1] > other[1] ? one : other);
    const [first, second] = this.cssWidth < 280 ? ["1st", "2nd"] : ["first direction", "second direction"];
    context.fillText(first, ...near(spot(0, -1.28), spot(0, 1.28)));
    context.fillText(second, ...near(spot(-1.28, 0), spot(1.28, 0)));
  }

  drawUpright(context, at, ratio, [low, high]) {
    const { turn, tilt, zoom } = this.scene;
    const feet = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map((ground) => [ground, at(project([...ground, 0], turn, tilt, zoom))]);
    const [ground, foot] = feet.reduce((best, one) => (one[1][0] < best[1][0] ? one : best));
    const top = at(project([...ground, HEIGHT], turn, tilt, zoom));
    if (foot[1] - top[1] < 24 * ratio) return;  // seen from above it is a point
    context.strokeStyle = this.quiet; context.beginPath(); context.moveTo(...foot); context.lineTo(...top); context.stroke();
    context.fillStyle = this.ink; context.textAlign = "left"; context.textBaseline = "bottom";
    context.fillText(`loss ${high}`, Math.max(2, top[0] - 6 * ratio), top[1] - 2 * ratio);
    context.textBaseline = "top";
    context.fillText(low, Math.max(2, foot[0] - 10 * ratio), foot[1] + 3 * ratio);
  }

  drawFlat(context, side, ratio) {
    const { heights, points, cursor } = this.scene, edge = 22 * ratio, cell = (side - 2 * edge) / (points - 1);
    // Seen from above, the first direction runs down as the rows of the array do.
    for (let i = 0; i < points; i++) for (let j = 0; j < points; j++) {
      context.fillStyle = `rgb(${colourOf(heights[i * points + j])})`;
      const [top, left] = [i, j].map((k) => Math.round(edge + Math.max(0, k - 0.5) * cell));
      const [bottom, right] = [i, j].map((k) => Math.round(edge + Math.min(points - 1, k + 0.5) * cell));
      context.fillRect(left, top, right - left, bottom - top);
    }
    context.lineWidth = 1.1 * ratio;
    for (const level of LEVELS) {
      context.strokeStyle = level > 0.55 ? "rgba(0,0,0,0.75)" : "rgba(255,255,255,0.85)";
      context.beginPath();
      for (const [row, column, toRow, toColumn] of contour(heights, points, level)) {
        context.moveTo(edge + column * cell, edge + row * cell);
        context.lineTo(edge + toColumn * cell, edge + toRow * cell);
      }
      context.stroke();
    }
    context.fillStyle = this.ink; context.textAlign = "center"; context.textBaseline = "middle";
    const long = this.cssWidth >= 280 ? " direction" : "";
    context.fillText(`${long ? "second" : "2nd"}${long}, −1 to 1 →`, side / 2, edge / 2);
    context.save(); context.translate(edge / 2, side / 2); context.rotate(-Math.PI / 2);
    context.fillText(`← ${long ? "first" : "1st"}${long}, −1 to 1`, 0, 0); context.restore();
    this.dot(context, [edge + cursor[1] * cell, edge + cursor[0] * cell], ratio);
  }

  dot(context, [x, y], ratio) {
    for (const [radius, colour] of [[5.5, "#fff"], [4, "#000"], [2.2, "#ffb000"]]) {
      context.fillStyle = colour; context.beginPath(); context.arc(x, y, radius * ratio, 0, 7); context.fill();
    }
  }

  listen({ onDrag, onPinch, onPick, onKey }) {
    const { canvas } = this, down = new Map();
    const spread = () => { const [a, b] = [...down.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
    const pick = (event) => {
      const box = canvas.getBoundingClientRect(), edge = 22 / (box.width || 1);
      onPick(...[(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width]
        .map((share) => clamp((share - edge) / (1 - 2 * edge), 0, 1)));
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      down.set(event.pointerId, [event.clientX, event.clientY]);
      if (this.scene.view === "contours") pick(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      const flat = this.scene.view === "contours", before = down.get(event.pointerId);
      if (flat && (event.pointerType === "mouse" || before)) { pick(event); return; }
      if (!before) return;
      const apart = down.size === 2 ? spread() : 0;
      down.set(event.pointerId, [event.clientX, event.clientY]);
      if (apart) onPinch(spread() / apart);
      else onDrag(event.clientX - before[0], event.clientY - before[1]);
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => down.delete(event.pointerId));
    // A wheel scrolls the page; with Control, as a pinch on a touch pad is told, it zooms.
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey || this.scene.view === "contours") return;
      event.preventDefault(); onPinch(Math.exp(-event.deltaY / 200));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => { if (onKey(event.key, event.shiftKey)) event.preventDefault(); });
  }
}
