// A linear head by ridge regression; course_lib.transfer_learning_probe in the page.

export const CLASSES = 10, LABELLED = 20, TESTS = 100, STRENGTH = 0.1;

// The places of the labelled pages, digit by digit.
export function labelledPlaces(count, draw) {
  const places = [];
  for (let digit = 0; digit < CLASSES; digit += 1) for (let i = 0; i < count; i += 1) places.push(LABELLED * digit + (draw * count + i) % LABELLED);
  return places;
}

// Solves a symmetric, positive system for several right sides in place, by Cholesky's way.
function solve(matrix, sides, size, columns) {
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = matrix[i * size + j];
      for (let k = 0; k < j; k += 1) sum -= matrix[i * size + k] * matrix[j * size + k];
      matrix[i * size + j] = i === j ? Math.sqrt(sum) : sum / matrix[j * size + j];
    }
  }
  for (let c = 0; c < columns; c += 1) {
    for (let i = 0; i < size; i += 1) {
      let sum = sides[i * columns + c];
      for (let k = 0; k < i; k += 1) sum -= matrix[i * size + k] * sides[k * columns + c];
      sides[i * columns + c] = sum / matrix[i * size + i];
    }
    for (let i = size - 1; i >= 0; i -= 1) {
      let sum = sides[i * columns + c];
      for (let k = i + 1; k < size; k += 1) sum -= matrix[k * size + i] * sides[k * columns + c];
      sides[i * columns + c] = sum / matrix[i * size + i];
    }
  }
}

// Features are rows of `width` numbers; the last TESTS rows are scored. Returns TESTS x CLASSES.
export function ridgeScores(features, width, labels, places) {
  const size = places.length, rows = features.length / width, middle = new Float64Array(width);
  for (const place of places) for (let k = 0; k < width; k += 1) middle[k] += features[place * width + k] / size;
  const centred = new Float64Array(size * width), products = new Float64Array(size * size);
  places.forEach((place, i) => { for (let k = 0; k < width; k += 1) centred[i * width + k] = features[place * width + k] - middle[k]; });
  let trace = 0;
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = 0;
      for (let k = 0; k < width; k += 1) sum += centred[i * width + k] * centred[j * width + k];
      products[i * size + j] = products[j * size + i] = sum;
    }
    trace += products[i * size + i];
  }
  const penalty = STRENGTH * Math.max(trace / size, 1e-12), weights = new Float64Array(size * CLASSES).fill(-1 / CLASSES);
  for (let i = 0; i < size; i += 1) {
    products[i * size + i] += penalty;
    weights[i * CLASSES + labels[places[i]]] += 1;
  }
  solve(products, weights, size, CLASSES);
  const head = new Float64Array(width * CLASSES), scores = new Float64Array(TESTS * CLASSES);
  for (let i = 0; i < size; i += 1) for (let k = 0; k < width; k += 1) for (let c = 0; c < CLASSES; c += 1) head[k * CLASSES + c] += centred[i * width + k] * weights[i * CLASSES + c];
  for (let test = 0; test < TESTS; test += 1) {
    const row = rows - TESTS + test;
    for (let k = 0; k < width; k += 1) {
      const value = features[row * width + k] - middle[k];
      for (let c = 0; c < CLASSES; c += 1) scores[test * CLASSES + c] += value * head[k * CLASSES + c];
    }
  }
  return scores;
}

export function answersOf(scores) {
  return Array.from({ length: TESTS }, (_, test) => {
    let best = 0;
    for (let c = 1; c < CLASSES; c += 1) if (scores[test * CLASSES + c] > scores[test * CLASSES + best]) best = c;
    return best;
  });
}

// The labelled pages that are nearest to a test, by its features.
export function nearestPlaces(features, width, places, test, most) {
  const row = features.length / width - TESTS + test;
  const away = places.map((place) => {
    let sum = 0;
    for (let k = 0; k < width; k += 1) sum += (features[place * width + k] - features[row * width + k]) ** 2;
    return [sum, place];
  });
  return away.sort((a, b) => a[0] - b[0]).slice(0, most).map(([, place]) => place);
}
