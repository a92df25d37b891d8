"""What is found out of a frozen model, of a new head and of a training: what moves, what stays.

A frozen model gets one step of training here, and then each layer is asked whether it moved. A
training is asked the same. The answers are whole numbers, equal for all that are right.
"""

import warnings
from collections import OrderedDict

import numpy as np

from course_lib.checks import networks
from course_lib.checks.compare import describe
from course_lib.checks.core import Unfit

CLASSES = 4
SIZE = (6, 5, 2)
STATISTICS = ("moving_mean", "moving_variance")

BEFORE = "number of layers before the one named that move in a training step"
ITSELF = "number of layers that move of the one named"
AFTER = "number of layers after the one named that do not move in a training step"
NORMS = "number of frozen batch normalisations that move, or whose statistics do"
SAME = "what comes back (1: the given model, 0: with other weights, 2: another one, 3: none)"
FREEZE = (BEFORE, ITSELF, AFTER, NORMS, SAME)

SHAPE = "shape of the output"
SUMS = "sums of the probabilities of each image"
FEATURES = "what the head reads"
PLACES = "whether the softmax is taken of the mean of all places"
CARRIED = "number of layers whose weights are not the given model's"
MOVING = "number of batch normalisations whose statistics are not the given model's"
FRESH = "number of the new head's weights that are the old head's"
GIVEN = "number of layers that are frozen now, in the given model and in the new one"
HEAD = (SHAPE, SUMS, FEATURES, PLACES, CARRIED, MOVING, FRESH, GIVEN)

HISTORY = "numbers of losses and accuracies"
EMPTY = "numbers of losses and accuracies where the second stage has no epochs"
ALONE = "number of layers but the head that move in the first stage"
STILL = "number of batch normalisations whose statistics move in the first stage"
FIRST = "whether the head's steps in the first stage have the size of its learning rate"
FALLS = "whether the first stage makes the loss smaller"
FROZEN = "number of layers up to `until` that move"
LEARNS = "number of convolutions after `until` that do not move in the second stage"
ALL = "number of layers that do not move where until is None"
SECOND = "whether the second stage goes as far as its learning rate and number of steps make it"
ONCE = "number of calls of preprocess, and of those that get all images as they came"
SEEN = "whether the second stage has seen the last image"
USED = "whether the layers that learn have seen preprocessed images"
AGAIN = "whether equal seeds and weights give equal weights"
TUNE = (HISTORY, EMPTY, ALONE, STILL, FIRST, FALLS, FROZEN, LEARNS, ALL, SECOND, SEEN, ONCE, USED)
TUNE += (AGAIN,)

_KEPT = OrderedDict()
_SHARED = {}


def _kept(answer, make, *arguments):
    """Return what is made of an answer, or raise what it raised; it is made once in a run."""
    key = make.__name__ + repr(arguments)
    recall = getattr(answer, "recall", None)
    if getattr(getattr(answer, "function", None), "__module__", None) == "student":
        # In the grader the hidden check follows the visible one at once, and trainings take long.
        answer.kept = _SHARED.setdefault(answer.function, {})
    kept = recall(key) if recall else _KEPT.get((answer, key))
    if kept is None:
        kept = _made(answer, make, arguments)
        if recall:
            answer.keep(key, kept)
        else:
            _KEPT[answer, key] = kept
            if len(_KEPT) > 500:
                _KEPT.popitem(last=False)
    found, error, raised = kept
    if error is not None:
        if raised:  # an error that is due must be the answer's own
            answer.raised = error
        raise error
    return found


def _made(answer, make, arguments):
    try:
        return make(answer, *arguments), None, False
    except Exception as error:  # the answer's, or what cannot be measured
        return None, error, error is getattr(answer, "raised", None)


def _only(look, names, found):
    """One entry for each name, and zeros for those that were not asked for."""
    return tuple(found() if name == look else 0 for name in names)


# --- models --------------------------------------------------------------------------------------


def small_model(nested=False):
    """Return a classifier with injected weights: convolution, batch norm and ReLU, three times.

    Args:
        nested: whether all but the last level are one layer, a model called `"backbone"`.
    """
    import keras
    from keras import layers

    tensor = images = networks.placeholder(SIZE, name="images")
    inner = None
    for level in (1, 2, 3):
        if nested and level == 3:
            inner = keras.Model(images, tensor, name="backbone")
            images = networks.placeholder(SIZE, name="images")
            tensor = inner(images)
        tensor = layers.Conv2D(level + 3, 3, padding="same", name=f"conv_{level}")(tensor)
        tensor = layers.BatchNormalization(momentum=0.9, name=f"norm_{level}")(tensor)
        tensor = layers.ReLU(name=f"relu_{level}")(tensor)
    tensor = layers.GlobalAveragePooling2D(name="mean")(tensor)
    model = keras.Model(images, layers.Dense(CLASSES, "softmax", name="scores")(tensor))
    networks.inject(model, 0)
    return model


def examples(count):
    """Return images of noise, each channel bright or dark as the class says, and their labels."""
    rng = np.random.default_rng(7)
    labels = rng.permutation(np.arange(count) % CLASSES)
    channels = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)])[labels]
    images = channels[:, None, None] + rng.normal(0, 0.5, (count, *SIZE))
    # In steps of 1/64, so that what is multiplied and moved comes back to the last bit.
    return (np.round(images * 64) / 64).astype(np.float32), labels.astype(np.int64)


def step(model, images, labels, optimizer=None):
    """Train one step by hand; return its mean loss and what was predicted.

    `compile` and `fit` prepare for a second before they train for the first time.
    """
    import keras
    import tensorflow as tf

    optimizer = optimizer or keras.optimizers.SGD(0.1)
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        predicted = model(images, training=True)
        losses = keras.losses.sparse_categorical_crossentropy(labels, predicted)
        loss = keras.ops.mean(losses)
    if variables:
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        pairs = zip(gradients, variables, strict=True)
        pairs = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        optimizer.apply(*(list(one) for one in zip(*pairs, strict=True)))
    return float(loss), np.asarray(predicted)


class Weights:
    """The weights of a model's layers, layer by layer, as they were at some time."""

    def __init__(self, model):
        self.model = model
        self.arrays = {one.layer.name: self._roles(one) for one in networks.weighted(model)}
        self.order = self._names()

    def _names(self):
        """Names of layers with weights in the model's order; nested models are opened."""
        layers = self.model._flatten_layers(include_self=False)
        return [layer.name for layer in layers if layer.name in self.arrays]

    @staticmethod
    def _roles(one):
        weights = one.layer.get_weights()
        return dict(zip(one.roles, weights, strict=True))

    def changes(self):
        """Return the largest change by layer: of what is trained, and of the statistics."""
        now = Weights(self.model).arrays
        trained, moving = {}, {}
        for name, roles in self.arrays.items():
            by_role = {r: float(np.max(np.abs(now[name][r] - old))) for r, old in roles.items()}
            trained[name] = max(v for r, v in by_role.items() if r not in STATISTICS)
            if any(role in STATISTICS for role in roles):
                moving[name] = max(v for r, v in by_role.items() if r in STATISTICS)
        return trained, moving


# --- freezing ------------------------------------------------------------------------------------


def measure_freeze(answer, last, look, before=None, whole=False, nested=False):
    """Freeze a model up to a layer, train it one step, and find out one of `FREEZE`.

    Args:
        answer: the function that freezes.
        last: the name of the layer.
        look: what to find out; the others come back as zeros.
        before: a layer up to which it was frozen before.
        whole: whether it was frozen as a whole before.
        nested: see `small_model`.
    """
    found = _kept(answer, _frozen, last, before, whole, nested)
    return _only(look, FREEZE, lambda: found[FREEZE.index(look)])


def _frozen(answer, last, before, whole, nested):
    model = small_model(nested)
    names = [layer.name for layer in model.layers]
    if before:
        for layer in model.layers[: names.index(before) + 1]:
            layer.trainable = False
    if whole:
        model.trainable = False
    flags, given = _flags(model), Weights(model)
    result = answer(model, last)
    chosen = _chosen(result, model, flags)
    same = int(max((*given.changes()[0].values(), 0)) == 0)
    if result is not model:
        same = 2 if chosen is result else 3
    _flags_alone(chosen)
    now = Weights(chosen)
    step(chosen, *examples(8))
    trained, moving = now.changes()
    first = _inside(chosen, names[: names.index(last)] if last in names else [])
    itself = _inside(chosen, [last])
    after = [name for name in now.order if name not in (*first, *itself)]
    frozen_norms = [name for name in moving if name in (*first, *itself)]
    return (
        sum(trained[n] > 0 for n in first if n in trained and n not in moving),
        sum(trained[n] > 0 for n in itself if n in trained and n not in moving),
        sum(trained[n] == 0 for n in after),
        sum(max(trained[n], moving[n]) > 0 for n in frozen_norms),
        same,
    )


def _inside(model, names):
    """Names of these layers and of all that is inside of them."""
    chosen = [layer for layer in model.layers if layer.name in names]
    return [one.name for layer in chosen for one in layer._flatten_layers()]


def _flags(model):
    return [bool(layer.trainable) for layer in model._flatten_layers()]


def _flags_alone(model):
    """Undo what was said of single variables, which does not cross to the grader either."""
    for layer, flag in zip(list(model._flatten_layers()), _flags(model), strict=True):
        layer.trainable = not flag  # what is so already would be left as it is
        layer.trainable = flag


def _chosen(result, model, flags):
    """The model that came back; the given one where none did and it was frozen in place."""
    import keras

    if isinstance(result, keras.Model):
        networks._refuse_strange_layers(result)
        return result
    if _flags(model) == flags:
        wanted = "the model, with its layers' trainable set: the function must end with return"
        raise Unfit(f"{describe(result)} instead of the model, and nothing changed", wanted)
    return model


# --- the new head --------------------------------------------------------------------------------


def measure_head(answer, last, classes, look):
    """Put a new head on a model and find out one of `HEAD`.

    Args:
        answer: the function that does so.
        last: the name of the layer that the head reads.
        classes: of the new head.
        look: what to find out; the others come back as zeros.
    """
    found = _kept(answer, _headed, last, classes)
    return _only(look, HEAD, lambda: found[HEAD.index(look)])


def _headed(answer, last, classes):
    import keras

    model, pristine = small_model(), small_model()
    new = answer(model, last, classes)
    if isinstance(new, keras.KerasTensor):
        raise Unfit(describe(new), "a model: keras.Model(model.inputs, that tensor)")
    if not isinstance(new, keras.Model):
        raise Unfit(f"{describe(new)} instead of a model", "a keras.Model, at the end with return")
    networks._refuse_strange_layers(new)
    if not hasattr(new, "outputs"):  # of a class of its own, or not built
        wanted = "keras.Model(model.input, tensor), or a Sequential that begins with keras.Input"
        raise Unfit(f"a model, {type(new).__name__}, that does not say what it computes", wanted)
    frozen = len({one.layer.name for m in (model, new) for one in _still(m)})
    old = {one.position: one for one in networks.weighted(pristine)}
    pairs = [
        (Weights._roles(one), Weights._roles(old[one.position]))
        for one in networks.weighted(new)
        if one.position in old and one.layer is not _head_of(new).layer
    ]
    other = [_differing(*pair, statistics=False) for pair in pairs]
    # Where the weights are others, so are the statistics: that is one mistake.
    alike = [pair for o, pair in zip(other, pairs, strict=True) if not o]
    moving = [_differing(*pair, statistics=True) for pair in alike]
    head, scores = _head_of(new).layer.get_weights(), _head_of(pristine).layer.get_weights()
    fresh = [int(np.sum(a == b)) for a, b in zip(head, scores, strict=False) if a.shape == b.shape]
    shape, sums, features, places = _computed(new, pristine, last)
    # Of the head's weights the kernel: a bias of zeros is as it should be.
    return shape, sums, features, places, sum(other), sum(moving), (fresh or [0])[0], frozen


def _still(model):
    trained = {id(variable) for variable in model.trainable_variables}
    return [o for o in networks.weighted(model) if not trained & {id(v) for v in o.layer.weights}]


def _head_of(model):
    found = networks.weighted(model)
    if not found:
        raise Unfit("a model without weights", "the layers of the given model and a dense head")
    return found[-1]


def _differing(now, before, statistics):
    """Whether weights differ, 1 or 0: those that are trained, or the moving statistics."""
    roles = [role for role in before if (role in STATISTICS) == statistics]
    return int(any(not np.array_equal(now[role], before[role]) for role in roles))


def _computed(new, pristine, last):
    """With injected weights: shape and sums of a new model's output, and what its head reads."""
    import keras

    images = examples(2)[0]
    for model in (new, pristine):
        networks.inject(model, 1)
    expected = keras.Model(pristine.input, pristine.get_layer(last).output)
    expected = np.asarray(expected(images))
    expected = expected if expected.ndim == 2 else expected.mean(axis=(1, 2))
    seen = []
    head = _head_of(new).layer
    call = head.call

    def spy(tensor, *args, **kwargs):
        seen.append(np.asarray(tensor))
        return call(tensor, *args, **kwargs)

    object.__setattr__(head, "call", spy)
    try:
        with warnings.catch_warnings():  # of a list of one input, which does no harm
            warnings.simplefilter("ignore", UserWarning)
            output = networks.outputs(new, images)
    finally:
        object.__delattr__(head, "call")
    read = seen[0] if seen else np.zeros((2, 0))
    # A dense layer on all places, averaged behind it, is the same function.
    read = read.mean(axis=(1, 2)) if read.ndim == 4 else read
    sums = output.sum(axis=-1).reshape(len(output), -1).mean(axis=1)
    return np.array(output.shape[1:]), sums, read, _of_the_mean(head, read, output, sums)


def _of_the_mean(head, read, output, sums):
    """Whether what comes out is the softmax of what is read; 1 where it is no softmax at all."""
    kernel, *bias = head.get_weights()
    scores = read @ kernel.reshape(-1, kernel.shape[-1]) + sum(bias)
    if scores.shape != output.shape or not np.allclose(sums, 1, atol=1e-4):
        return 1
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return int(np.allclose(output, powers / powers.sum(axis=-1, keepdims=True), atol=1e-3))


# --- the training --------------------------------------------------------------------------------

COUNT = 32
RATES = (0.1, 0.00001)  # whoever mixes them up is off by a factor of thousands
EPOCHS = {"first": (4, 0), "both": (4, 1), "second": (0, 1)}
BATCH = {"first": 16, "both": 16, "second": 2}
CALL = {
    HISTORY: "both",
    EMPTY: "first",
    ALONE: "first",
    STILL: "first",
    FIRST: "first",
    FALLS: "first",
    FROZEN: "both",
    LEARNS: "both",
    ALL: "second",
    SECOND: "second",
    SEEN: "second",
    ONCE: "both",
    USED: "both",
}
OFFSET, SCALE = 512.0, 8.0  # what sees images that are not preprocessed cannot hide it
LOUD = 256.0  # an image so much larger than the others is heard in the moving variance
PROBLEMS = ("until", "count", "label")


def measure_tuning(answer, look=None, problem=None):
    """Train a small model and find out one of `TUNE`.

    Args:
        answer: the function that trains.
        look: what to find out; the others come back as zeros.
        problem: one of `PROBLEMS`, what is wrong with the arguments and should be refused.
    """
    if problem:
        return _refused(answer, problem)
    if look == AGAIN:
        return _only(look, TUNE, lambda: _repeats(answer))
    found = _kept(answer, _tuned, CALL[look])[look]
    if isinstance(found, Exception):
        raise found
    return _only(look, TUNE, lambda: found)


def tuned_model():
    """Return a classifier of two convolutions, one of them normalised, with injected weights."""
    import keras
    from keras import layers

    tensor = images = networks.placeholder(SIZE, name="images")
    tensor = layers.Conv2D(4, 3, padding="same", name="conv_1")(tensor)
    tensor = layers.BatchNormalization(momentum=0.9, name="norm_1")(tensor)
    tensor = layers.ReLU(name="relu_1")(tensor)
    tensor = layers.Conv2D(6, 3, padding="same", activation="relu", name="conv_2")(tensor)
    tensor = layers.GlobalAveragePooling2D(name="mean")(tensor)
    model = keras.Model(images, layers.Dense(CLASSES, "softmax", name="scores")(tensor))
    networks.inject(model, 0)
    return model


def _refused(answer, problem):
    """Call with nothing to train and something that is wrong."""
    model, (images, labels) = tuned_model(), examples(8)
    settings = {"epochs": (0, 0), "until": "conv_9" if problem == "until" else None}
    if problem == "count":
        labels = labels[:-1]
    if problem == "label":
        labels = labels + 1
    result = answer(model, images, labels, **settings)
    if result is None or result is ...:
        raise Unfit(f"{result}, and no error", "a ValueError that says what is wrong")
    return (0,) * len(TUNE)  # no error came, whatever else did


def _tuned(answer, call):
    """Return what one training shows: an entry for each of `TUNE` that it is made for."""
    model, (images, labels) = tuned_model(), examples(COUNT)
    before, weights, calls = Weights(model), model.get_weights(), []
    settings = {"epochs": EPOCHS[call], "batch_size": BATCH[call]}
    settings |= {"learning_rates": RATES, "seed": 3}
    given = images
    if call == "both":
        given = images * SCALE + OFFSET
        settings |= {"until": "conv_1", "preprocess": Preprocess(calls)}
    if call == "second":
        given = images.copy()
        given[-1] *= LOUD
    try:
        result = answer(model, given.copy(), labels, **settings)
    except Exception as error:  # after a training, what it did counts, and what it gave is lost
        if call != "first" or not before.changes()[0]["scores"]:
            raise
        result = error
    pairs = zip(weights, model.get_weights(), strict=True)
    if (result is None or result is ...) and all(np.array_equal(*pair) for pair in pairs):
        wanted = "a trained model, and its history: the function must end with return"
        raise Unfit(f"{result}, and the model is as it was", wanted)
    moved, moving = before.changes()
    return {"head": model.get_weights()[-2:], **_LOOKS[call](model, moved, moving, result, calls)}


def _of_first(model, moved, moving, result, calls):
    images, labels = examples(COUNT)
    convolutions = [moved["conv_1"], moved["conv_2"]]
    alone = sum(change > 0 for change in convolutions)
    still = int(max(moved["norm_1"], moving["norm_1"]) > 0)
    if moved["scores"] == 0:  # where nothing learns, what stays proves nothing
        idle = Unfit("a head that does not move in the first stage either", "a head that learns")
        alone, still = alone or idle, still or idle
    return {
        EMPTY: _lengths(result),
        ALONE: alone,
        STILL: still,
        FIRST: _magnitude(moved["scores"], 0, "first"),
        FALLS: int(_loss(model, images, labels) < 0.54 * _loss(tuned_model(), images, labels)),
    }


def _of_both(model, moved, moving, result, calls):
    given = examples(COUNT)[0] * SCALE + OFFSET
    whole = [one for one in calls if one.shape == given.shape and np.array_equal(one, given)]
    idle = Unfit("a model in which nothing moves at all", "a model that learns")
    return {
        HISTORY: _lengths(result),
        FROZEN: int(moved["conv_1"] > 0) if max(moved.values()) > 0 else idle,
        LEARNS: int(moved["conv_2"] == 0),
        ONCE: np.array([len(calls), len(whole)]),
        USED: int(np.abs(Weights(model).arrays["norm_1"]["moving_mean"]).max() < 20),
    }


def _of_second(model, moved, moving, result, calls):
    return {
        ALL: sum(change == 0 for change in moved.values()),
        SECOND: _magnitude(moved["scores"], 1, "second"),
        # Whoever lets no statistics move has another mistake.
        SEEN: int(moving["norm_1"] == 0 or _variance(model) > 64),
    }


def _variance(model):
    return Weights(model).arrays["norm_1"]["moving_variance"].max()


_LOOKS = {"first": _of_first, "both": _of_both, "second": _of_second}


def _repeats(answer):
    """Whether two calls with one seed agree: steps as small as the second stage's do not count.

    Where both stages are not as they should be, the two cannot be compared: that costs its part.
    """
    first, both, second = (_kept(answer, _tuned, call) for call in ("first", "both", "second"))
    if isinstance(both[FROZEN], Unfit):
        raise both[FROZEN]
    right = first[ALONE] == 0 and second[SECOND] == 1 and tuple(both[ONCE]) == (1, 1)
    same = all(map(lambda a, b: np.allclose(a, b, 0, 1e-3), first["head"], both["head"]))
    return int(same or not (right and both[USED]))


def _magnitude(moved, stage, call):
    """1 if as far as Adam's steps of a stage, 0 or 1, go; else 0, or the power of ten."""
    steps = EPOCHS[call][stage] * COUNT / BATCH[call]
    ratio = moved / RATES[stage] / steps
    if 0.2 < ratio < 1.3:
        return 1
    return 0 if ratio == 0 else 10.0 ** round(np.log10(ratio))


def _loss(model, images, labels):
    predicted = networks.outputs(model, images, training=False)
    return float(-np.log(predicted[np.arange(len(labels)), labels] + 1e-7).mean())


def _lengths(history):
    wanted = "a dictionary with lists 'loss' and 'accuracy', of both stages"
    if isinstance(history, Exception):
        return history
    if not isinstance(history, dict):
        kinds = {tuple: "a list", list: "a list", type(None): "None"}
        came = kinds.get(type(history), f"a {type(history).__name__}")
        return Unfit(f"{came} as history", wanted)
    if not history:  # what fit leaves after no epochs
        return np.zeros(2, int)
    missing = [name for name in ("loss", "accuracy") if name not in history]
    if missing:
        return Unfit(f"a history with {sorted(history, key=repr)[:5]}", wanted)
    for name in ("loss", "accuracy"):
        if not _is_flat(history[name]):
            came = f"history[{name!r}] of {describe(history[name])}"
            return Unfit(came, "one number for each epoch: join the stages' lists with +")
    return np.array([np.size(history[name]) for name in ("loss", "accuracy")])


def _is_flat(values):
    """Whether values are numbers, and no lists within a list, of which NumPy makes no array."""
    try:
        return np.ndim(np.asarray(values, dtype=float)) < 2
    except (TypeError, ValueError):
        return False


class Preprocess:
    """Undoes what was done to the images, and notes what it is called with."""

    def __init__(self, calls):
        self.calls = calls

    def __repr__(self):
        return "preprocess"

    def __call__(self, images):
        images = np.asarray(images)
        self.calls.append(images.copy())
        return ((images - OFFSET) / SCALE).astype(np.float32)
