"""What is found out of a UNet, a loss and a training: by interventions, in whole numbers.

Two right networks need not compute the same numbers: one joins skip and decoder in another order,
one has batch normalisation, one does not. So a network is asked questions whose answers are the
same for all that are right, and for all that share a mistake.
"""

from collections import OrderedDict

import numpy as np

from course_lib.checks import networks
from course_lib.checks.core import Unfit
from course_lib.checks.unet.graph import Levels

SHAPE = "shape of the output"
KERNELS = "numbers in the kernels, level by level"
PROBABILITIES = "probabilities of a pixel whose scores run from -1.5 to 0.7"
REPEATS = "share of pixels that differ when the same image is shown again"
RELU = "number of 3x3 convolutions that no ReLU follows, level by level"
POOLED = "whether what is pooled is the largest of each four numbers, level by level"
JOINED = "number of skips that move the output, level by level"
FEATURES = "share of a skip that is what is pooled, level by level"
PATCH = "side of what one pixel of a skip moves, rounded down to a power of 2, level by level"
LINEAR = "factors of what comes up if what goes up is taken twice, and negated, level by level"
NETWORK = (SHAPE, KERNELS, PROBABILITIES, REPEATS, RELU, POOLED, JOINED, FEATURES, PATCH, LINEAR)


def measure_network(answer, shape, filters, classes=1, skips=True, look=SHAPE, seed=0):
    """Build the network for images of a shape, and find out one of `NETWORK`.

    Args:
        answer: the function that builds it.
        shape: of an image.
        filters: of each level.
        classes: of the output.
        skips: whether there are skips.
        look: what to find out; the others come back as zeros.
        seed: of weights and images.

    Returns:
        A tuple with one entry for each name of `NETWORK`.
    """
    settings = {"classes": classes, "skips": skips}
    defaults = {"classes": 1, "skips": True}
    settings = {name: value for name, value in settings.items() if value != defaults[name]}
    model = networks.built(answer, shape, filters, **settings)
    return tuple(
        _LOOKS[name](model, shape, filters, seed) if name == look else 0 for name in NETWORK
    )


def _shape(model, shape, filters, seed):
    known = tuple(model.output_shape[1:])
    return np.array(
        networks.outputs(model, _images(shape, seed)).shape[1:] if None in known else known
    )


def _kernels(model, shape, filters, seed):
    graph = Levels(model, _images(shape, seed))
    return np.array([graph.kernels(level) for level in range(len(filters))])


def _probabilities(model, shape, filters, seed):
    """Let the last layer give the same scores everywhere, and look what becomes of them."""
    _calm(model, seed)
    scores = None
    for one in networks.weighted(model)[-1:]:
        for role, variable in zip(one.roles, one.layer.weights, strict=True):
            if role in ("bias", "beta"):
                scores = _scores(variable.shape[0])
                variable.assign(scores)
            elif role in ("kernel", "gamma"):
                variable.assign(np.zeros(variable.shape, np.float32))
    output = networks.outputs(model, _images(shape, seed))
    if output.ndim != 4:
        raise Unfit(f"an output of shape {output.shape}", "(batch, height, width, classes)")
    due = _scores(output.shape[-1])
    # Without a bias the scores are zero; what then comes too much stands on what would be right.
    given = due if scores is not None and len(scores) == len(due) else 0 * due
    pixel = output[0, output.shape[1] // 2, output.shape[2] // 2]
    return _activated(due) + pixel - _activated(given)


def _scores(count):
    return np.linspace(-1.5, 0.7, count).astype(np.float32)


def _activated(scores):
    """A sigmoid of one score, a softmax of several."""
    powers = np.exp(scores)
    return powers / powers.sum() if len(scores) > 1 else powers / (1 + powers)


def _repeats(model, shape, filters, seed):
    _calm(model, seed)
    images = _images(shape, seed)
    one, two = (networks.outputs(model, images) for _ in range(2))
    return float(np.abs(one - two).max() > 1e-6)


def _relu(model, shape, filters, seed):
    _calm(model, seed)
    graph = Levels(model, _images(shape, seed))
    there, without = (
        [graph.level[graph.steps[place].outputs[0]] for place in places]
        for places in (graph.plain(), graph.unrectified())
    )
    # Where there is none at all, none has its ReLU.
    levels = range(len(filters))
    return np.array([without.count(level) if level in there else -1 for level in levels])


def _pooled(model, shape, filters, seed):
    _calm(model, seed)
    graph = Levels(model, _images(shape, seed))
    largest = np.zeros(len(filters) - 1, int)
    for level in range(len(largest)):
        came = graph.entering(level + 1)
        for number in graph.pooled(level)[:1]:
            batch, height, width, maps = graph.values[number].shape
            fours = graph.values[number].reshape(batch, height // 2, 2, width // 2, 2, maps)
            due = fours.max(axis=(2, 4))
            largest[level] = np.shape(came) == due.shape and np.allclose(came, due, 0.01, 1e-4)
    return largest


def _joined(model, shape, filters, seed):
    graph, rng = _positive_graph(model, shape, seed), np.random.default_rng(seed)
    moving = np.zeros(len(filters) - 1, int)
    for join in graph.joins():
        value = graph.values[join.value]
        other = graph.rerun(join.step, join.value, value + rng.uniform(1, 9, value.shape))
        if join.level < len(moving):
            moving[join.level] += np.abs(other - graph.values[graph.output]).max() > 1e-6
    return np.minimum(moving, 1)


def _features(model, shape, filters, seed):
    """Whether a skip brings just what the next level is made of."""
    graph = _positive_graph(model, shape, seed)
    equal = np.zeros(len(filters) - 1)
    for join in graph.joins():
        brought = graph.values[join.value]
        pooled = [graph.values[number] for number in graph.pooled(join.level)]
        if any(one.shape == brought.shape and np.allclose(one, brought) for one in pooled):
            equal[join.level] = 1
    return equal


def _patch(model, shape, filters, seed):
    """Raise one pixel of a skip by far, and see how wide the output moves."""
    graph = _positive_graph(model, shape, seed)
    sides = np.zeros((len(filters) - 1, 2), int)
    for join in graph.joins():
        value = np.array(graph.values[join.value])
        value[:, value.shape[1] // 2, value.shape[2] // 2] += 1000
        other = graph.rerun(join.step, join.value, value)
        moved = np.abs(other - graph.values[graph.output]) > 1e-6
        for axis in (1, 2):
            away = tuple(other for other in range(moved.ndim) if other != axis)
            places = np.flatnonzero(moved.any(axis=away))
            if places.size and join.level < len(sides):
                extent = places[-1] - places[0] + 1
                sides[join.level, axis - 1] = 2 ** int(np.log2(extent))
    return sides


def _linear(model, shape, filters, seed):
    """Let twice the numbers go up, and their negatives, and see whether the same arrive."""
    _calm(model, seed)
    graph = Levels(model, _images(shape, seed))
    factors = np.zeros((len(filters) - 1, 2))
    for place in graph.ups():
        level, number = graph.level[graph.steps[place].outputs[0]], graph.steps[place].inputs[0]
        end = graph.after(place)
        for column, factor in enumerate((2, -1)):
            changed = {(place, number): factor * graph.values[number]}
            came = graph.run(changed, graph.values, place)[end]
            same = np.allclose(came, factor * graph.values[end], 1e-3, 1e-4)
            if level < len(factors):
                factors[level, column] = factor if same else 0
    return factors


_LOOKS = {
    SHAPE: _shape,
    KERNELS: _kernels,
    PROBABILITIES: _probabilities,
    REPEATS: _repeats,
    RELU: _relu,
    POOLED: _pooled,
    JOINED: _joined,
    FEATURES: _features,
    PATCH: _patch,
    LINEAR: _linear,
}


def _images(shape, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (2, *shape)).astype(np.float32)


def _positive_graph(model, shape, seed):
    """A graph of weights and images above zero, where no ReLU hides a change."""
    _calm(model, seed)
    for one in networks.weighted(model):
        for role, variable in zip(one.roles, one.layer.weights, strict=True):
            if "kernel" in role:
                kernel = 0.2 + np.abs(np.asarray(variable))
                variable.assign(kernel / kernel.mean() / np.prod(kernel.shape[:-1]))
    return Levels(model, 0.2 + np.abs(_images(shape, seed)[:1]))


def _calm(model, seed):
    """Draw kernels, and leave out all that a network may have besides: biases, normalisation."""
    networks.inject(model, seed)
    neutral = {"bias": 0, "beta": 0, "gamma": 1, "moving_mean": 0, "moving_variance": 1}
    for one in networks.weighted(model):
        for role, variable in zip(one.roles, one.layer.weights, strict=True):
            if role in neutral:
                variable.assign(np.full(variable.shape, neutral[role], np.float32))


# --- masks and the loss --------------------------------------------------------------------------


def measure_iou(answer, truth, prediction, **settings):
    """Return how many results are NaN, and the results, in which 0 stands for those.

    NaN equals nothing, not even itself: only as a number can it be told which mistake made it.
    """
    result = _for_each(truth, answer(truth, prediction, **settings))
    if result is None:  # as a float it would be NaN
        return 0, result
    try:
        missing = np.isnan(np.asarray(result, float))
    except (TypeError, ValueError):  # no numbers: the comparison says so
        return 0, result
    return int(missing.sum()), np.where(missing, 0, result) if missing.any() else result


def measure_loss(answer, truth, prediction, smooth=None, symbolic=False):
    """Return the loss of each image.

    Args:
        answer: the loss.
        truth: an array, zeros and ones.
        prediction: an array of probabilities.
        smooth: its argument, if any is given.
        symbolic: call it where `fit` does, on tensors without numbers.
    """
    settings = {} if smooth is None else {"smooth": smooth}
    if not symbolic:
        return _for_each(truth, answer(truth, prediction, **settings))
    given = truth.astype(np.float32), prediction
    return _for_each(truth, networks.in_training(answer, *given, learns=[1], **settings)[0])


def _for_each(batch, result):
    """A number for a batch of one image is the number of that image."""
    alone = len(batch) == 1 and np.ndim(result) == 0 and result is not None and result is not ...
    return np.reshape(result, 1) if alone else result


# --- the training --------------------------------------------------------------------------------

EPOCHS = "number of losses in history['loss']"
FALLS = "whether the loss falls"
IMPROVES = "whether the model's predictions for other images improve"
AGAIN = "whether equal seeds and weights give equal weights"
TRAINING = (EPOCHS, FALLS, IMPROVES, AGAIN)

_TRAININGS = OrderedDict()


def measure_training(answer, epochs, seed, twice=False):
    """Train a small model and find out what `TRAINING` names.

    Args:
        answer: the function that trains.
        epochs: how many.
        seed: of the data, the weights, and the training.
        twice: whether to train again from the same weights.

    Returns:
        A tuple of whole numbers; the last one is 0 unless it is trained twice.
    """
    key = repr(("training", epochs, seed, twice))
    recall = getattr(answer, "recall", None)
    found = recall(key) if recall else _TRAININGS.get((answer, key))
    if found is None:
        found = _trained(answer, epochs, seed, twice)
        if recall:
            answer.keep(key, found)
        else:
            _TRAININGS[answer, key] = found
            if len(_TRAININGS) > 50:
                _TRAININGS.popitem(last=False)
    return found


def _trained(answer, epochs, seed, twice):
    images, masks = blobs(32, seed)
    others, truth = blobs(24, seed + 500)
    model = small_model(seed)
    before, error = model.get_weights(), _error(model, others, truth)
    settings = {"epochs": epochs, "batch_size": 16, "learning_rate": 0.03, "seed": seed}
    losses = _losses(answer(model, images, masks, **settings))
    falls = int(len(losses) > 0 and losses[-1] < losses[0] - 0.1 * abs(losses[0]))
    improves, again = int(_error(model, others, truth) < 0.6 * error), 0
    if twice:
        after = model.get_weights()
        model = small_model(seed)
        model.set_weights(before)
        answer(model, images, masks, **settings)
        pairs = zip(model.get_weights(), after, strict=True)
        same = all(np.allclose(one, two, 1e-2, 1e-4) for one, two in pairs)
        again = int(same and any(not np.array_equal(*p) for p in zip(before, after, strict=True)))
    return len(losses), falls, improves, again


def _losses(history):
    if not isinstance(history, dict) or "loss" not in history:
        came = type(history).__name__ if not isinstance(history, dict) else sorted(history)[:5]
        raise Unfit(f"{came} as history", "a dictionary with the key 'loss': fit(...).history")
    return np.asarray(history["loss"], float).ravel()


def _error(model, images, masks):
    """Mean absolute error where half of the weight is on the objects: 0.5 for a constant."""
    predictions = networks.outputs(model, images)[..., 0]
    wrong = np.abs(predictions - masks)
    return float(wrong[masks > 0].mean() + wrong[masks == 0].mean()) / 2


def small_model(seed):
    """Return a network of three convolutions with injected weights, for images of one channel."""
    from keras import layers

    tensor = images = networks.placeholder((12, 10, 1))
    for filters in (4, 4):
        tensor = layers.Conv2D(filters, 3, padding="same", activation="relu")(tensor)
    tensor = layers.Conv2D(1, 1, activation="sigmoid")(tensor)
    model = networks.model_of(images, tensor)
    networks.inject(model, seed, biases=False)
    return model


def blobs(count, seed):
    """Return standardised images of bright rectangles in noise, and masks of them."""
    rng = np.random.default_rng([seed, 77])
    masks = np.zeros((count, 12, 10), np.uint8)
    for mask in masks:
        (top, left), (height, width) = rng.integers(0, 6, 2), rng.integers(3, 7, 2)
        mask[top : top + height, left : left + width] = 1
    images = masks + rng.normal(0, 0.3, masks.shape)
    images = (images - images.mean()) / images.std()
    return images[..., np.newaxis].astype(np.float32), masks
