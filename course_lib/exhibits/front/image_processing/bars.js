// A histogram whose bars can be pointed at, by mouse, touch and arrow keys.

import { element, number } from "../common/page.js";
import { drawn } from "./svg.js";

export const BINS = 64;

export class Histogram {
  // onPick gets the number of a bar, or -1 for none.
  constructor(name, onPick) {
    Object.assign(this, { name, onPick, bar: -1 });
    this.bars = drawn("path", { class: "bars" });
    this.picked = drawn("path", { class: "bar-picked" });
    this.zero = drawn("path", { class: "bar-zero" });
    this.svg = drawn("svg", { class: "histogram", viewBox: `0 0 ${BINS} 100`, preserveAspectRatio: "none", tabindex: 0,
      role: "slider", "aria-valuemin": -1, "aria-valuemax": BINS - 1, "aria-orientation": "horizontal" });
    this.svg.append(this.bars, this.picked, this.zero);
    this.ends = [0, 1, 2].map(() => element("span"));
    this.box = element("div", { class: "exhibit-scale histogram-box" }, this.svg, element("div", { class: "scale-ends" }, ...this.ends));
    this.listen();
  }

  show({ counts }, [low, high], bar, logarithmic) {
    const most = Math.max(1, ...counts), share = (count) => (logarithmic ? Math.log1p(count) / Math.log1p(most) : count / most);
    const box = (count, i) => (count ? `M${i} 100v${(-Math.max(1, 98 * share(count))).toFixed(2)}h1V100z` : "");
    this.bars.setAttribute("d", counts.map(box).join(""));
    this.picked.setAttribute("d", bar < 0 ? "" : `M${bar} 100v-100h1V100z`);
    this.zero.setAttribute("d", low < 0 ? `M${-low / (high - low) * BINS} 0V100` : "");
    [low, low < 0 ? 0 : null, high].forEach((value, i) => { this.ends[i].textContent = value === null ? "" : number(value, 0); });
    // The middle label belongs below the zero line, which is only in the middle of a symmetric range.
    this.ends[1].style.visibility = low < 0 && Math.abs(low + high) < 1e-9 ? "visible" : "hidden";
    this.bar = bar;
    this.say(counts, low, (high - low) / BINS);
  }

  say(counts, low, step) {
    const text = this.bar < 0 ? "no bar chosen"
      : `${number(low + this.bar * step, 1)} to ${number(low + (this.bar + 1) * step, 1)}: ${counts[this.bar]} pixel${counts[this.bar] === 1 ? "" : "s"}`;
    this.text = text;
    this.svg.setAttribute("aria-label", this.name);
    this.svg.setAttribute("aria-valuenow", this.bar);
    this.svg.setAttribute("aria-valuetext", text);
  }

  listen() {
    const pick = (event) => {
      const box = this.svg.getBoundingClientRect();
      this.onPick(Math.max(0, Math.min(BINS - 1, Math.floor((event.clientX - box.left) / box.width * BINS))));
    };
    this.svg.addEventListener("pointerdown", (event) => { this.svg.setPointerCapture(event.pointerId); pick(event); });
    this.svg.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" || event.buttons) pick(event); });
    this.svg.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") this.onPick(-1); });
    this.svg.addEventListener("blur", () => this.onPick(-1));  // a finger has no other way to let go
    this.svg.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 8 : 1, by = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step }[event.key];
      const to = { Home: 0, End: BINS - 1, Escape: -1 }[event.key] ?? (by && Math.max(0, Math.min(BINS - 1, this.bar + by)));
      if (to === undefined) return;
      event.preventDefault();
      this.bar = to;  // the next key may come before the next frame
      this.onPick(to);
    });
  }
}
