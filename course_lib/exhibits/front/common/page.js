// Elements, labelled native inputs, announcements and redrawing: what every exhibit is built from.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Each exhibit is a module of its own, so a counter in the module would give equal ids.
export function uniqueId(prefix = "exhibit") {
  globalThis.courseExhibitIds = (globalThis.courseExhibitIds ?? 0) + 1;
  return `${prefix}-${globalThis.courseExhibitIds}`;
}

export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A true minus sign, and no more digits than say something.
export function number(value, digits = 3) {
  const rounded = Number(value.toFixed(digits));
  return String(rounded === 0 ? 0 : rounded).replace("-", "−");
}

export const grouped = (value) => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

export function range(label, { min, max, step = 1, onInput }) {
  const id = uniqueId();
  const input = element("input", { type: "range", id, min, max, step });
  // Not an <output>: it would be read out at every step, and the slider tells its value itself.
  const shown = element("span", { class: "exhibit-value", "aria-hidden": "true" });
  const box = element("div", { class: "exhibit-range" },
    element("label", { for: id }, label), input, shown);
  input.addEventListener("input", () => onInput(Number(input.value)));
  const set = (value, text = number(value)) => {
    if (Number(input.value) !== value) input.value = value;
    write(shown, text);
  };
  const limit = (from, to) => { input.min = from; input.max = to; };
  return { box, input, set, limit };
}

export function toggle(label, onChange) {
  const id = uniqueId();
  const input = element("input", { type: "checkbox", id });
  input.addEventListener("change", () => onChange(input.checked));
  const box = element("div", { class: "exhibit-toggle" }, input, element("label", { for: id }, label));
  return { box, input, set: (value) => { input.checked = value; } };
}

export function choice(label, options, onChange) {
  const id = uniqueId();
  const select = element("select", { id },
    ...options.map(([value, text]) => element("option", { value }, text)));
  select.addEventListener("change", () => onChange(select.value));
  const box = element("div", { class: "exhibit-choice" }, element("label", { for: id }, label), select);
  return { box, input: select, set: (value) => { select.value = value; } };
}

export const button = (label, onClick, attributes = {}) =>
  element("button", { type: "button", onclick: onClick, ...attributes }, label);

// A screen reader would otherwise read out every step of a drag.
export function announcer(delay = 700) {
  const node = element("p", { class: "exhibit-hidden", role: "status", "aria-live": "polite" });
  let timer = null, first = true;
  const say = (text) => {
    clearTimeout(timer);
    if (first) { first = false; return; }  // what stands there at the start is no news
    timer = setTimeout(() => write(node, text), delay);
  };
  return { node, say, stop: () => clearTimeout(timer) };
}

// Several changes in one frame are drawn once.
export function redraw(draw) {
  let waiting = 0;
  const ask = () => { waiting ||= requestAnimationFrame(() => { waiting = 0; draw(); }); };
  return { ask, stop: () => cancelAnimationFrame(waiting) };
}

export const isDark = () => document.documentElement.dataset.theme === "dark"
  || document.body.dataset.jpThemeLight === "false";

export function onTheme(react) {
  const watcher = new MutationObserver(react);
  watcher.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  watcher.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  return () => watcher.disconnect();
}

// Traits are set together, so that a kernel hears of one change and not of three halves.
export function put(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

// Moving a cursor must not compute everything again: `value` stays until a trait of `names` changes.
export function remember(model, names, compute) {
  let seen = null, value;
  return () => {
    const now = names.map((name) => model.get(name));
    if (!seen || now.some((part, i) => part !== seen[i])) { seen = now; value = compute(); }
    return value;
  };
}

export function bytes(trait) {
  if (ArrayBuffer.isView(trait)) return new Uint8Array(trait.buffer, trait.byteOffset, trait.byteLength);
  return new Uint8Array(trait ?? 0);
}

export function frameOf(el, title, hint) {
  const id = uniqueId("exhibit-title");
  // Whoever jumps from region to region by name must be able to tell two of one title apart.
  const before = [...document.querySelectorAll(".exhibit-title")].filter((other) => other.firstChild.data === title).length;
  const count = before ? [element("span", { class: "exhibit-hidden" }, `, number ${before + 1}`)] : [];
  const box = element("section", { class: "exhibit-box", "aria-labelledby": id },
    element("p", { class: "exhibit-title", id }, title, ...count), element("p", { class: "exhibit-hint" }, hint));
  el.append(box);
  return box;
}
