// Several photographs of one size in one trait; the chosen one as a plane.

import { bytes } from "../common/page.js";

export const PHOTOGRAPH_TRAITS = ["photographs", "height", "width", "chosen"];

export function photographOf(model) {
  const height = model.get("height"), width = model.get("width"), size = height * width;
  return { height, width, values: bytes(model.get("photographs")).subarray(model.get("chosen") * size, (model.get("chosen") + 1) * size) };
}

export function statistics(values) {
  let sum = 0, squares = 0;
  for (const value of values) { sum += value; squares += value * value; }
  const mean = sum / values.length;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / values.length - mean * mean)) };
}
