// How many numbers a layer holds, and how much memory they fill.

export const FLOAT32 = 4, ADAM = 4;  // bytes a number; weights, gradients and two running means

export const denseCount = (height, width, channels, units) => (height * width * channels + 1) * units;
export const convolutionCount = (kernelSize, channels, filters) => (kernelSize * kernelSize * channels + 1) * filters;
// A dense layer with as many outputs as the convolution, padding "same".
export const denseLike = (height, width, channels, filters) => denseCount(height, width, channels, height * width * filters);

// Three digits, in units of a thousand.
export function memory(size) {
  const units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
  let place = 0;
  while (size >= 999.5 && place < units.length - 1) { size /= 1000; place += 1; }
  return `${place ? size.toPrecision(3) : size} ${units[place]}`;
}
