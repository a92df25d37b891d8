// Weights and multiply-adds of three blocks, step by step; course_lib.mobile_costs in the page.

export const BLOCKS = ["ordinary", "separable", "inverted"];

// Every weight of a convolution is used once at every position.
const step = (name, parameters, reads, positions, maps) => {
  const multiplyAdds = parameters * positions, writes = positions * maps;
  return { name, parameters, multiplyAdds, reads, writes, intensity: multiplyAdds / (parameters + reads + writes) };
};

export function blockCosts(block, { size, channels, filters, kernelSize, multiplier, expansion, strides }) {
  const taps = kernelSize * kernelSize, before = size * size, after = Math.ceil(size / strides) ** 2;
  if (block === "ordinary") return [step("convolve", taps * channels * filters, before * channels, after, filters)];
  const inverted = block === "inverted";
  const wide = channels * (inverted ? expansion : multiplier), reads = inverted ? wide : channels;
  return [
    ...(inverted && expansion > 1 ? [step("expand", channels * wide, before * channels, before, wide)] : []),
    step("depthwise", taps * wide, before * reads, after, wide),
    step(inverted ? "project" : "pointwise", wide * filters, after * wide, after, filters),
  ];
}

export const sum = (steps, what) => steps.reduce((total, one) => total + one[what], 0);

// Which columns of maps a block has, how many maps in each, and what runs between two of them.
export function wiring(block, { channels, filters, multiplier, expansion }) {
  const mixed = (large) => ({ mixes: true, large });
  if (block === "ordinary") return { maps: [channels, filters], between: [mixed(true)] };
  const alone = { mixes: false, large: true };
  if (block === "separable") return { maps: [channels, channels * multiplier, filters], between: [alone, mixed(false)] };
  const wide = channels * expansion;
  return expansion > 1
    ? { maps: [channels, wide, wide, filters], between: [mixed(false), alone, mixed(false)] }
    : { maps: [channels, wide, filters], between: [alone, mixed(false)] };
}

// A dot stands for so many maps that the input and the output have no more than `most`.
export const mapsPerDot = ({ channels, filters }, most = 16) => Math.ceil(Math.max(channels, filters) / most);
