// Batch normalisation of one channel, as course_lib.batch_normalization computes it. Image 0 is the
// marked one: it stands first in the batch that is shown, and takes no part in the training.

// The images of batch number `step`, as places in the store; the others come round and round.
export function imagesOf(step, size, count, marked) {
  const images = Array.from({ length: size }, (_, i) => 1 + (step * size + i) % (count - 1));
  if (marked) images[0] = 0;
  return images;
}

// All numbers of one channel: one an image after a dense layer, one a position after a convolution.
export function valuesOf(store, images, positions) {
  const values = new Float64Array(images.length * positions);
  images.forEach((image, i) => {
    for (let p = 0; p < positions; p++) values[i * positions + p] = store[image * positions + p];
  });
  return values;
}

// The biased variance: the sum of squares over the count.
export function statisticsOf(values) {
  let mean = 0, variance = 0;
  for (const value of values) mean += value;
  mean /= values.length;
  for (const value of values) variance += (value - mean) ** 2;
  return { mean, variance: variance / values.length };
}

// From mean 0 and variance 1, as Keras starts; momentum is the share that stays.
export function movingAverages(statistics, momentum) {
  let mean = 0, variance = 1;
  for (const step of statistics) {
    mean = momentum * mean + (1 - momentum) * step.mean;
    variance = momentum * variance + (1 - momentum) * step.variance;
  }
  return { mean, variance };
}

// Both steps are one line: value * scale + shift.
export function lineOf({ mean, variance }, gamma, beta, epsilon) {
  const scale = gamma / Math.sqrt(variance + epsilon);
  return { scale, shift: beta - mean * scale };
}

// The gamma and beta with which inference gives back what came in.
export const undoing = ({ mean, variance }, epsilon) => ({ gamma: Math.sqrt(variance + epsilon), beta: mean });

export function above(values, { scale, shift }) {
  let count = 0;
  for (const value of values) if (value * scale + shift > 0) count++;
  return count / values.length;
}
