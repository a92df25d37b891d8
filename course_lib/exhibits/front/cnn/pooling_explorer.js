// Pool a table of digits: which numbers a window sees, which one it keeps, where its gradient goes.

import { announcer, button, choice, element, frameOf, number, onTheme, put, range, redraw, remember, write } from "../common/page.js";
import { clamp, signedColour } from "../common/picture.js";
import { NumberTable } from "./number_table.js";
import { gradientOf, pool2d } from "./pooling.js";

const TRAITS = ["values", "size", "kind", "pool_size", "strides", "padding"];

const rgb = (parts) => `rgb(${parts.join(", ")})`;
const listed = (numbers) => numbers.map((value) => number(value, 2)).join(", ");

export function told(values, { windows, winners, output, count }, kind, at) {
  const pixels = windows[at], numbers = pixels.map((pixel) => values[pixel]);
  const head = `Window (${Math.floor(at / count)}, ${at % count}) sees ${pixels.length} ${pixels.length === 1 ? "number" : "numbers"}: ${listed(numbers)}. `;
  if (kind === "mean") return `${head}Their sum, ${number(numbers.reduce((sum, value) => sum + value, 0), 2)}, over ${pixels.length} is ${number(output[at], 2)}. Each of them gets 1/${pixels.length} of this window's gradient.`;
  const ties = numbers.filter((value) => value === output[at]).length;
  const won = winners.filter((winner) => winner === winners[at]).length;
  return `${head}The largest is ${number(output[at], 2)}, and gets this window's whole gradient${ties > 1 ? `; of ${ties} that tie, the first` : ""}.${won > 1 ? ` It wins ${won} windows, so ${won} gradients add up in it.` : ""}`;
}

function render({ model, el }) {
  const box = frameOf(el, "Pooling, window by window",
    "Point at a number of the output, or move through it with arrow keys: its window lights up. Click a number of the picture, or press a digit on it, to change it.");
  const result = remember(model, TRAITS, () => {
    const values = model.get("values"), size = model.get("size"), kind = model.get("kind"), settings = [model.get("pool_size"), model.get("strides"), model.get("padding")];
    const pooling = pool2d(values, size, kind, ...settings);
    return { values, size, kind, ...pooling, gradient: gradientOf(size, kind, pooling), poolSize: settings[0], strides: settings[1] };
  });
  const chosen = () => { const { count } = result(); return model.get("cursor").map((at) => clamp(at, 0, count - 1)); };
  const point = (row, column, absolute) => {
    const { count } = result(), [y, x] = absolute ? [0, 0] : chosen();
    put(model, { cursor: [clamp(y + row, 0, count - 1), clamp(x + column, 0, count - 1)] });
  };
  let mark = [0, 0];
  const change = (value) => { const { values, size } = result(), next = [...values]; next[mark[0] * size + mark[1]] = value; put(model, { values: next }); };
  // The first window that holds the pixel, so that pointing at the picture leads somewhere.
  const visit = (row, column, absolute) => {
    const { size, windows, count } = result();
    mark = absolute ? [row, column] : [clamp(mark[0] + row, 0, size - 1), clamp(mark[1] + column, 0, size - 1)];
    const at = windows.findIndex((pixels) => pixels.includes(mark[0] * size + mark[1]));
    if (at >= 0) put(model, { cursor: [Math.floor(at / count), at % count] });
    drawing.ask();
  };
  const picture = new NumberTable(visit), output = new NumberTable(point), gradient = new NumberTable(visit);
  picture.canvas.addEventListener("keydown", (event) => { if (/^\d$/.test(event.key)) { event.preventDefault(); change(Number(event.key)); } });
  picture.canvas.addEventListener("pointerup", () => { const { values, size } = result(); change((values[mark[0] * size + mark[1]] + 1) % 10); });
  const kind = choice("keep the", [["maximum", "maximum"], ["mean", "mean"]], (value) => put(model, { kind: value }));
  const padding = choice("padding", [["valid", "valid"], ["same", "same"]], (value) => put(model, { padding: value }));
  const poolSize = range("window", { min: 1, max: 4, onInput: (value) => put(model, { pool_size: value }) });
  const strides = range("step", { min: 1, max: 4, onInput: (value) => put(model, { strides: value }) });
  const start = [...model.get("values")], reset = button("the lecture's numbers", () => put(model, { values: start }));
  const story = element("p", { class: "pool-story" }), announce = announcer();
  const figure = (name, table) => element("div", { class: "exhibit-figure" }, name, table.canvas);
  const titles = ["the picture", "output", "gradient, 1 a window"].map((text) => element("p", { class: "exhibit-caption" }, text));
  box.append(element("div", { class: "pool-controls" }, kind.box, padding.box, poolSize.box, strides.box),
    element("div", { class: "pool-tables" }, figure(titles[0], picture), figure(titles[1], output), figure(titles[2], gradient)),
    story, element("div", { class: "exhibit-row pool-reset" }, reset), announce.node);

  const drawing = redraw(() => {
    const now = result(), [row, column] = chosen(), at = row * now.count + column, frame = [row * now.strides - now.before, column * now.strides - now.before, now.poolSize, now.poolSize, "--accent"];
    const used = new Set(now.windows.flat()), after = Math.max(0, (now.count - 1) * now.strides + now.poolSize - now.before - now.size);
    const winner = now.winners[at], gold = [Math.floor(winner / now.size), winner % now.size, 1, 1, "--orange"];
    picture.show({ values: now.values, size: now.size, before: now.before, after, digits: 0, dim: now.values.map((_, pixel) => !used.has(pixel)),
      colours: now.values.map((_, pixel) => (now.windows[at].includes(pixel) ? tint(0.35) : null)),
      frames: now.kind === "maximum" ? [frame, gold] : [frame] });
    output.show({ values: now.output, size: now.count, digits: 1, frames: [[row, column, 1, 1, "--accent"]] });
    const most = Math.max(...now.gradient);
    gradient.show({ values: now.gradient, size: now.size, dim: now.gradient.map((value) => value === 0), colours: now.gradient.map((value) => rgb(signedColour(0.45 * value / most))) });
    const words = told(now.values, now, now.kind, at);
    write(story, words);
    write(titles[1], `output, ${now.count} × ${now.count}`);
    const dropped = now.values.length - used.size;
    picture.describe(`The picture, ${now.size} by ${now.size}. ${dropped ? `${dropped} numbers are in no window. ` : ""}The mark is at row ${mark[0]}, column ${mark[1]}: ${now.values[mark[0] * now.size + mark[1]]}. Arrow keys move it, a digit changes it.`);
    output.describe(`The output, ${now.count} by ${now.count}. ${words} Arrow keys choose a window.`);
    gradient.describe(`The gradient at the picture: it is largest, ${number(most, 2)}, at ${now.gradient.filter((value) => value === most).length} numbers, and zero at ${now.gradient.filter((value) => value === 0).length}.`);
    kind.set(now.kind); padding.set(model.get("padding")); poolSize.set(now.poolSize); strides.set(now.strides);
    announce.say(words);
  });
  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => { model.off("change", drawing.ask); forget(); drawing.stop(); announce.stop(); for (const table of [picture, output, gradient]) table.stop(); };
}

const tint = (share) => rgb(signedColour(-share));

export default { render };
