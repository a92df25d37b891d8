// Two tasks pull at two shared weights. How much each may pull, how alike they are, and how many
// labels each has, is the reader's choice.

import { announcer, button, element, frameOf, number, onTheme, put, range, redraw, remember, write } from "../common/page.js";
import { clamp } from "../common/picture.js";
import { Plane, REACH, gridOf, legend } from "./plane.js";
import { cosine, examplesOf, minimum, scoresOf, taskLosses, weighted } from "./tasks.js";

const SHARES = Array.from({ length: 21 }, (_, i) => i / 20);

// Everything that does not depend on where the hand is.
export function sharingOf(points, apart, kinds, quantities, share) {
  const examples = examplesOf(points, apart, kinds, quantities);
  const minima = { kind: minimum(examples, 1), quantity: minimum(examples, 0), both: minimum(examples, share) };
  const scores = Object.fromEntries(Object.entries(minima).map(([name, w]) => [name, scoresOf(w, apart)]));
  return { examples, minima, scores };
}

// The three ways downhill at a place, each as it enters the sum, and the cosine between the tasks' own.
export function pullsAt(examples, share, w) {
  const tasks = taskLosses(examples, w), minus = (g, by = 1) => g.map((value) => -by * value);
  return {
    kind: minus(tasks.kind.gradient, share), quantity: minus(tasks.quantity.gradient, 1 - share),
    both: minus(weighted(tasks, share, w).gradient),
    losses: [tasks.kind.loss, tasks.quantity.loss], cosine: cosine(tasks.kind.gradient, tasks.quantity.gradient),
  };
}

const percent = (value) => `${number(100 * value, 1)} %`;

class Table {
  constructor() {
    const rows = [["kind", "the kind alone"], ["quantity", "the quantity alone"], ["both", "the weighted sum"]];
    this.cells = Object.fromEntries(rows.map(([name]) => [name, [element("td"), element("td")]]));
    this.box = element("table", { class: "sharing-table" },
      element("caption", {}, "What the best weights make of new pictures"),
      element("thead", {}, element("tr", {}, ...["trained for", "wrong kinds", "error of quantity"].map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...rows.map(([name, text]) => element("tr", {}, element("th", { scope: "row", class: name }, text), ...this.cells[name]))));
  }

  show(scores) {
    for (const [name, { wrong, off }] of Object.entries(scores)) {
      write(this.cells[name][0], name === "quantity" ? "–" : percent(wrong));
      write(this.cells[name][1], name === "kind" ? "–" : number(off, 2));
    }
  }
}

export function storyOf({ scores }, pulls, kinds, quantities) {
  const told = pulls.cosine === null ? "One of the tasks has no gradient here."
    : `Here the tasks' gradients have a cosine of ${number(pulls.cosine, 2)}: ${pulls.cosine > 0.1 ? "a step for one helps the other" : pulls.cosine < -0.1 ? "a step for one harms the other" : "neither minds the other"}.`;
  const gain = scores.kind.wrong - scores.both.wrong;
  const sharing = kinds === 0 ? "No kind is known: all that is learnt comes from the quantity."
    : quantities === 0 ? "No quantity is known: all that is learnt comes from the kinds."
      : Math.abs(gain) < 0.005 ? "For the kind, sharing makes no difference."
        : `For the kind, sharing ${gain > 0 ? "helps" : "costs"}: ${percent(scores.both.wrong)} wrong instead of ${percent(scores.kind.wrong)}.`;
  return `${sharing} ${told}`;
}

function render({ model, el }) {
  const box = frameOf(el, "Two tasks, two shared weights",
    "Turn the tasks apart, take labels away, shift the weight of the losses. Drag the white dot, or use arrow keys.");
  const points = () => model.get("draws")[model.get("draw")];
  const names = ["draws", "draw", "apart", "kinds", "quantities"];
  const sharing = remember(model, [...names, "share"], () =>
    sharingOf(points(), ...["apart", "kinds", "quantities", "share"].map((name) => model.get(name))));
  const lines = remember(model, names, () => {
    const examples = examplesOf(points(), ...["apart", "kinds", "quantities"].map((name) => model.get(name)));
    const grid = (task) => gridOf((w) => taskLosses(examples, w)[task].loss);
    return {
      grids: { kind: model.get("kinds") ? grid("kind") : null, quantity: model.get("quantities") ? grid("quantity") : null },
      path: SHARES.map((share) => minimum(examples, share)),
    };
  });
  const plane = new Plane((to, absolute) => {
    const at = model.get("place");
    put(model, { place: [0, 1].map((i) => Number(clamp(absolute ? to[i] : at[i] + to[i], -REACH, REACH).toFixed(3))) });
  });
  const slider = (label, name, limits) => range(label, { ...limits, onInput: (value) => put(model, { [name]: value }) });
  const most = points().length;
  const share = slider("weight of the kind's loss", "share", { min: 0, max: 1, step: 0.05 });
  const apart = slider("degrees between the tasks", "apart", { min: 0, max: 180, step: 5 });
  const kinds = slider("pictures with a kind", "kinds", { min: 0, max: most });
  const quantities = slider("pictures with a quantity", "quantities", { min: 0, max: most });
  const again = button("Other pictures", () => put(model, { draw: (model.get("draw") + 1) % model.get("draws").length }));
  const table = new Table(), story = element("p", { class: "sharing-story" }), announce = announcer();

  box.append(element("div", { class: "sharing-layout" }, element("div", { class: "exhibit-figure" }, plane.svg, legend()),
    element("div", { class: "sharing-side" }, share.box, apart.box, kinds.box, quantities.box, again, table.box, story)), announce.node);

  let drawnLines = null;
  const drawing = redraw(() => {
    const now = sharing(), still = lines(), place = model.get("place"), part = model.get("share");
    const pulls = pullsAt(now.examples, part, place);
    if (drawnLines !== still) { plane.showLevels(still.grids); plane.showPath(still.path); drawnLines = still; }
    const { kind, quantity, both } = pulls;
    plane.showTop({ minima: now.minima, here: place, downhill: { kind, quantity, both } });
    const told = storyOf(now, pulls, model.get("kinds"), model.get("quantities"));
    plane.describe(`The plane of two shared weights, with lines of equal loss of both tasks. The dot is at ${place.map((v) => number(v, 2)).join(", ")}. ${told} Arrow keys move the dot.`);
    share.set(part, number(part, 2)); apart.set(model.get("apart"), `${model.get("apart")}°`);
    kinds.set(model.get("kinds")); quantities.set(model.get("quantities"));
    table.show(now.scores);
    write(story, told);
    announce.say(told);
  });
  model.on("change", drawing.ask);
  const forget = onTheme(drawing.ask);
  drawing.ask();
  return () => { model.off("change", drawing.ask); forget(); drawing.stop(); announce.stop(); };
}

export default { render };
