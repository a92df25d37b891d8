// The pad of the exhibit that reads digits, for shapes: a stroke is an outline to be filled, or a line.

import { Pad } from "../common/pad.js";

const LINE = 3 / 64;

export class ShapePad extends Pad {
  display(strokes, filled) { this.filled = filled; this.show(strokes, null); }

  line(context, stroke, side) {
    context.beginPath();
    context.moveTo(stroke[0][0] * side, stroke[0][1] * side);
    for (const [x, y] of stroke) context.lineTo(x * side, y * side);
    context.lineWidth = side * (this.filled ? 0.008 : LINE);
    if (this.filled) { context.closePath(); context.fill("nonzero"); }
    context.stroke();
  }
}
