// A small line chart that scales with its box: axes, ticks, named lines with a dot each, a legend.
// It brings its own styles, since two exhibits use it and each has one style sheet.

import { element, write } from "../common/page.js";

const SVG_SPACE = "http://www.w3.org/2000/svg";
const WIDTH = 340, HEIGHT = 200, LEFT = 40, RIGHT = 16, TOP = 22, BOTTOM = 34;
const STROKES = [["var(--accent)", "solid", ""], ["var(--orange)", "dashed", "6 3"]];  // told apart without colour too
const WORDS = "font-size: 10px; fill: var(--quiet);";

const svgShape = (tag, attributes = {}, text = "", style = "") => {
  const made = document.createElementNS(SVG_SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  made.style.cssText = style;
  return made;
};

// Places on an axis are shares, 0 at its start and 1 at its end.
const across = (share) => LEFT + share * (WIDTH - LEFT - RIGHT);
const down = (share) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);

export class Chart {
  // ticks: pairs of a share and its words; lines: names for the legend; rules: as ticks, across the chart.
  constructor({ xTicks, yTicks, xLabel, yLabel, lines, rules = [] }) {
    this.svg = svgShape("svg", { role: "img", viewBox: `0 0 ${WIDTH} ${HEIGHT}` }, "", "display: block; width: 100%; height: auto;");
    const level = (share, style) => this.svg.append(
      svgShape("path", { d: `M${LEFT} ${down(share)}H${WIDTH - RIGHT}` }, "", `fill: none; ${style}`));
    const words = (x, y, text, style) => this.svg.append(svgShape("text", { x, y }, text, WORDS + style));
    for (const [share, text] of yTicks) {
      level(share, "stroke: var(--line); stroke-width: 0.8;");
      words(LEFT - 5, down(share) + 3.5, text, "text-anchor: end;");
    }
    for (const [share, text] of xTicks) words(across(share), HEIGHT - BOTTOM + 13, text, "text-anchor: middle;");
    for (const [share, text] of rules) {
      level(share, "stroke: var(--purple); stroke-width: 1.2; stroke-dasharray: 2 3;");
      words(LEFT + 5, down(share) - 4, text, "fill: var(--purple);");
    }
    words(across(0.5), HEIGHT - 5, xLabel, "text-anchor: middle;");
    words(2, 10, yLabel, "");
    this.here = svgShape("path", {}, "", "fill: none; stroke: var(--edge); stroke-width: 0.8; stroke-dasharray: 3 3;");
    this.svg.append(this.here);
    this.parts = lines.map((name, i) => this.part(name, ...STROKES[i]));
    this.box = element("div", {}, this.svg, element("ul", { class: "chart-legend" }, ...this.parts.map(({ entry }) => entry)));
    this.box.lastChild.style.cssText = "display: flex; flex-wrap: wrap; gap: 0.1rem 1.3rem; list-style: none; margin: 0.2rem 0 0; padding: 0; font-size: 0.84rem;";
  }

  part(name, colour, stroke, dashes) {
    const line = svgShape("path", {}, "", `fill: none; stroke: ${colour}; stroke-width: 2.4; stroke-linejoin: round; stroke-dasharray: ${dashes || "none"};`);
    const dot = svgShape("circle", { r: 4 }, "", `fill: ${colour}; stroke: var(--ground); stroke-width: 1.5;`);
    this.svg.append(line, dot);
    const key = element("span"), value = element("strong");
    key.style.cssText = `display: inline-block; width: 1.6rem; margin-right: 0.45rem; border-top: 3px ${stroke} ${colour}; vertical-align: middle;`;
    return { line, dot, value, entry: element("li", {}, key, `${name} `, value) };
  }

  describe(words) { this.svg.setAttribute("aria-label", words); }

  line(index, points) {
    const path = points.map(([x, y], i) => `${i ? "L" : "M"}${across(x).toFixed(1)} ${down(y).toFixed(1)}`);
    this.parts[index].line.setAttribute("d", path.join(""));
  }

  // One height and one value in words for each line.
  mark(x, heights, values) {
    this.here.setAttribute("d", `M${across(x)} ${TOP}V${HEIGHT - BOTTOM}`);
    this.parts.forEach(({ dot, value }, i) => {
      dot.setAttribute("cx", across(x));
      dot.setAttribute("cy", down(heights[i]));
      write(value, values[i]);
    });
  }
}
