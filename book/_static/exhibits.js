"use strict";
// A host for exhibits on a page without a kernel: it gives each anywidget module its model and its
// place, and nothing else of Jupyter. The build writes the data (book/_ext/exhibit_pages.py).
(() => {
  const equal = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);

  class Model {
    constructor(state) {
      this.state = state;
      this.handlers = new Map();
    }
    get(name) { return this.state[name]; }
    set(name, value) {
      const given = typeof name === "object" ? name : { [name]: value };
      const changed = [];
      for (const [key, next] of Object.entries(given)) {
        if (!equal(this.state[key], next)) changed.push(key);
        this.state[key] = next;
      }
      for (const key of changed) this.emit(`change:${key}`, this, this.state[key]);
      if (changed.length) this.emit("change", this);
    }
    save_changes() {}
    send() {}
    on(names, handler) {
      for (const name of names.split(/\s+/)) {
        if (!this.handlers.has(name)) this.handlers.set(name, new Set());
        this.handlers.get(name).add(handler);
      }
    }
    off(names, handler) {
      if (names == null) { this.handlers.clear(); return; }
      for (const name of names.split(/\s+/)) {
        if (handler) this.handlers.get(name)?.delete(handler);
        else this.handlers.delete(name);
      }
    }
    emit(name, ...given) {
      for (const handler of [...(this.handlers.get(name) ?? [])]) handler(...given);
    }
  }

  // Bytes are saved apart from the other traits, in base64; anywidget hands them over as DataView.
  const restore = ({ state, buffers }) => {
    for (const { path, data } of buffers) {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      const owner = path.slice(0, -1).reduce((inner, key) => inner[key], state);
      owner[path.at(-1)] = new DataView(bytes.buffer);
    }
    return state;
  };

  const load = async (text) => {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    try {
      const { default: widget } = await import(url);
      return typeof widget === "function" ? await widget() : widget;
    } finally {
      URL.revokeObjectURL(url);
    }
  };

  const start = async (place, entry, texts, style) => {
    style(entry.style);
    const widget = await load(texts[entry.module]);
    const given = {
      model: new Model(restore(entry)),
      signal: new AbortController().signal,
      experimental: { invoke: () => Promise.reject(new Error("this page has no kernel")) },
    };
    const el = document.createElement("div");
    el.className = "exhibit-live";
    place.append(el);
    try {
      await widget.initialize?.(given);
      await widget.render?.({ ...given, el });
      place.dataset.state = "live"; // hides the still picture, except in print
    } catch (error) {
      el.remove();
      throw error;
    }
  };

  const data = document.getElementById("exhibit-data");
  if (!data) return;
  const { texts, exhibits } = JSON.parse(data.textContent);
  const styled = new Set();
  const style = (key) => {
    if (styled.has(key) || !texts[key]) return;
    styled.add(key);
    document.head.append(Object.assign(document.createElement("style"), { textContent: texts[key] }));
  };
  for (const place of document.querySelectorAll("[data-exhibit]")) {
    const entry = exhibits[place.dataset.exhibit];
    start(place, structuredClone(entry), texts, style).catch((error) => {
      place.dataset.state = "still";
      console.error("An exhibit could not start; its still picture stays.", error);
    });
  }
})();
