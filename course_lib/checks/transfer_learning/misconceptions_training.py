"""Mistakes that are planted in `fine_tune`, with the hints that name them.

They train by a plain loop: `compile` and `fit` prepare for a second before the first step.
"""

import keras
import numpy as np
from keras import layers

from course_lib.checks.transfer_learning.cases import fine_tune
from course_lib.checks.transfer_learning.measures import step

DEFAULTS = {
    "until": None,
    "preprocess": None,
    "epochs": (20, 20),
    "learning_rates": (0.01, 0.001),
    "batch_size": 16,
    "seed": 0,
}
PROBLEMS = ("until", "count", "label")


def _train(model, images, labels, given, refused=PROBLEMS, prepare=None, starts=None, norms=None):
    """Train in two stages, each with something changed.

    Args:
        model: the model.
        images: an array.
        labels: an array.
        given: what the call gives else.
        refused: which of `PROBLEMS` are looked for.
        prepare: `prepare(preprocess, images)` in place of a single call.
        starts: numbers of the first layers that learn, in both stages.
        norms: whether batch normalisation always learns, or never does; else as its stage says.

    Returns:
        A list of two dictionaries.
    """
    given = DEFAULTS | given
    _refuse(model, images, labels, given["until"], refused)
    preprocess = given["preprocess"]
    if preprocess is not None:
        images = prepare(preprocess, images) if prepare else preprocess(images)
    rng, found = np.random.default_rng(given["seed"]), []
    starts = starts or (len(model.layers) - 1, end(model, given["until"]))
    for start, epochs, rate in zip(starts, given["epochs"], given["learning_rates"], strict=True):
        model.trainable = True
        for place, layer in enumerate(model.layers):
            layer.trainable = place >= start
            if norms is not None and isinstance(layer, layers.BatchNormalization):
                layer.trainable = norms
        adam = keras.optimizers.Adam(rate)
        found.append(_epochs(model, images, labels, adam, epochs, given["batch_size"], rng))
    return found


def _epochs(model, images, labels, optimizer, epochs, batch_size, rng):
    history = {"loss": [], "accuracy": []}
    for _ in range(epochs):
        order, losses, right = rng.permutation(len(images)), [], []
        for begin in range(0, len(images), batch_size):
            chosen = order[begin : begin + batch_size]
            loss, predicted = step(model, images[chosen], labels[chosen], optimizer)
            losses.append(loss)
            right.append(np.mean(predicted.argmax(axis=-1) == labels[chosen]))
        history["loss"].append(float(np.mean(losses)))
        history["accuracy"].append(float(np.mean(right)))
    return history


def _refuse(model, images, labels, until, refused):
    if "until" in refused and until is not None:
        model.get_layer(until)
    if "count" in refused and len(images) != len(labels):
        raise ValueError("as many labels as images")
    if "label" in refused and max(labels) >= model.output_shape[-1]:
        raise ValueError("a label beyond the classes")


def _joined(found):
    return {name: [*found[0][name], *found[1][name]] for name in found[0]}


def end(model, until):
    """How many layers stand up to the one named, itself included; 0 for a name that none has."""
    names = [layer.name for layer in model.layers]
    return names.index(until) + 1 if until in names else 0


# --- freezing ------------------------------------------------------------------------------------


@fine_tune.misconception(
    "the backbone learns in the first stage as well. Freeze all layers but the last one there, "
    "whatever until says: until is for the second stage."
)
def backbone_learns_at_once(model, images, labels, **given):
    start = end(model, given.get("until"))
    return _joined(_train(model, images, labels, given, starts=(start, start)))


@fine_tune.misconception(
    "the backbone learns in the first stage, and in the second what stands up to until. Set "
    "layer.trainable = False: of all layers but the last for the first stage, and up to until for "
    "the second."
)
def never_frozen(model, images, labels, **given):
    return _joined(_train(model, images, labels, given, starts=(0, 0)))


@fine_tune.misconception(
    "in the first stage nothing learns, and the head should. The last layer's trainable must be "
    "True, and the model's own as well."
)
def head_frozen_too(model, images, labels, **given):
    starts = len(model.layers), end(model, given.get("until"))
    return _joined(_train(model, images, labels, given, starts=starts))


@fine_tune.misconception(
    "batch normalisation is not frozen in the first stage: it normalises by the batch, and its "
    "moving statistics drift to the new images while the rest stands still. Its layers' trainable "
    "must be False as well."
)
def batch_norm_not_frozen(model, images, labels, **given):
    given = DEFAULTS | given
    both = given["epochs"]
    first = _train(model, images, labels, given | {"epochs": (both[0], 0)}, norms=True)
    again = {"epochs": (0, both[1]), "preprocess": None}
    if given["preprocess"]:
        images = _undone(given["preprocess"], images)
    second = _train(model, images, labels, given | again)
    return _joined([first[0], second[1]])


def _undone(preprocess, images):
    """The preprocessed images once more, without a further call that would be counted."""
    result = preprocess(images)
    getattr(preprocess, "calls", [0]).pop()
    return result


@fine_tune.misconception(
    "batch normalisation stays frozen in the second stage. Behind until, and without until "
    "everywhere, all layers learn."
)
def batch_norm_never_learns(model, images, labels, **given):
    return _joined(_train(model, images, labels, given, norms=False))


@fine_tune.misconception(
    "what until names learns in the second stage. Up to there all layers stay frozen, the one that "
    "is named among them."
)
def until_ignored(model, images, labels, **given):
    starts = len(model.layers) - 1, 0
    return _joined(_train(model, images, labels, given, starts=starts))


@fine_tune.misconception(
    "the backbone is never unfrozen: in the second stage the head learns alone once more. Set "
    "trainable = True of the layers behind until, and compile again."
)
def never_unfrozen(model, images, labels, **given):
    starts = (len(model.layers) - 1,) * 2
    return _joined(_train(model, images, labels, given, starts=starts))


@fine_tune.misconception(
    "without until the second stage unfreezes nothing. None stands for no frozen layer at all."
)
def none_unfreezes_nothing(model, images, labels, **given):
    head = len(model.layers) - 1
    starts = head, end(model, given.get("until")) or head
    return _joined(_train(model, images, labels, given, starts=starts))


@fine_tune.misconception(
    "the model is compiled once, before the first stage. What is trainable is looked up when "
    "training begins, and kept: after a change, compile again. The second learning rate belongs "
    "there too."
)
def compiled_once(model, images, labels, **given):
    given = DEFAULTS | given
    first, second = given["learning_rates"][0], given["epochs"][1]
    given = given | {"learning_rates": (first, first)}
    head = len(model.layers) - 1
    starts = (head, head) if given["epochs"][0] and second else None
    return _joined(_train(model, images, labels, given, starts=starts))


@fine_tune.misconception(
    "the second stage is not compiled anew: its learning rate is set, and what is trainable is "
    "still what it was in the first stage. Call compile after each change of trainable."
)
def rate_set_without_compiling(model, images, labels, **given):
    head = len(model.layers) - 1
    starts = (head, head) if given["epochs"][0] else None
    return _joined(_train(model, images, labels, given, starts=starts))


@fine_tune.misconception(
    "the model that was given stays as it was: nothing is trained, or a copy is. Train the model "
    "itself."
)
def a_copy_trained(model, images, labels, **given):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return _joined(_train(copy, images, labels, given))


@fine_tune.misconception(
    "there is no second stage: only the head is trained. epochs[1] is the number of its epochs."
)
def first_stage_only(model, images, labels, **given):
    given = DEFAULTS | given
    return _train(model, images, labels, given | {"epochs": (given["epochs"][0], 0)})[0]


@fine_tune.misconception(
    "there is no first stage: training begins with the second. epochs[0] is the number of epochs "
    "in which the head learns alone."
)
def second_stage_only(model, images, labels, **given):
    given = DEFAULTS | given
    return _train(model, images, labels, given | {"epochs": (0, given["epochs"][1])})[1]


@fine_tune.misconception(
    "there is one stage: all layers learn together from the beginning, for as many epochs as both "
    "stages have. The new head's first, large gradients then go through the backbone."
)
def one_stage(model, images, labels, **given):
    given = DEFAULTS | given
    together = {"epochs": (0, sum(given["epochs"]))}
    return _joined(_train(model, images, labels, given | together))


# --- rates, images, results ----------------------------------------------------------------------


@fine_tune.misconception(
    "the second stage takes the first one's learning rate. It is too large for weights that are "
    "good already: use learning_rates[1]."
)
def same_rate(model, images, labels, **given):
    rates = (given["learning_rates"][0],) * 2 if "learning_rates" in given else (0.01, 0.01)
    return _joined(_train(model, images, labels, given | {"learning_rates": rates}))


@fine_tune.misconception(
    "the first stage takes the second one's learning rate. The head begins with random weights, "
    "and has far to go: use learning_rates[0]."
)
def small_rate_for_both(model, images, labels, **given):
    rates = (given["learning_rates"][1],) * 2 if "learning_rates" in given else (0.001, 0.001)
    return _joined(_train(model, images, labels, given | {"learning_rates": rates}))


@fine_tune.misconception(
    "the learning rates are swapped: the head takes the small one, the backbone the large one."
)
def rates_swapped(model, images, labels, **given):
    rates = given.get("learning_rates", (0.01, 0.001))[::-1]
    return _joined(_train(model, images, labels, given | {"learning_rates": rates}))


@fine_tune.misconception(
    'learning_rates is not used: "adam" alone stands for a rate of 0.001. Write '
    "keras.optimizers.Adam(rate)."
)
def default_rates(model, images, labels, **given):
    return _joined(_train(model, images, labels, given | {"learning_rates": (0.001, 0.001)}))


@fine_tune.misconception(
    "preprocess is not used: the backbone gets images of another range than those it has learnt "
    "from. Call it once, on all images."
)
def not_preprocessed(model, images, labels, **given):
    return _joined(_train(model, images, labels, given, prepare=lambda f, x: x))


@fine_tune.misconception(
    "preprocess is applied to what is preprocessed already. Once is right, twice is another range "
    "of numbers."
)
def preprocessed_twice(model, images, labels, **given):
    return _joined(_train(model, images, labels, given, prepare=lambda f, x: f(f(x))))


@fine_tune.misconception("preprocess is called in each stage. Call it once, before both.")
def preprocessed_in_each_stage(model, images, labels, **given):
    def prepare(preprocess, images):
        preprocess(images)
        return preprocess(images)

    return _joined(_train(model, images, labels, given, prepare=prepare))


@fine_tune.misconception(
    "preprocess is called image by image. It takes all images at once, as those of "
    "keras.applications do."
)
def preprocessed_one_by_one(model, images, labels, **given):
    def prepare(preprocess, images):
        return np.stack([preprocess(image) for image in images])

    return _joined(_train(model, images, labels, given, prepare=prepare))


@fine_tune.misconception(
    "preprocess is called for the first stage, and the second one trains on the images as they "
    "came. Keep its result."
)
def preprocessed_for_the_first_stage(model, images, labels, **given):
    given = DEFAULTS | given
    first = _train(model, images, labels, given | {"epochs": (given["epochs"][0], 0)})
    again = {"epochs": (0, given["epochs"][1]), "preprocess": None}
    return _joined([first[0], _train(model, images, labels, given | again)[1]])


@fine_tune.misconception(
    "images are shuffled, and their labels are not: each label stands for another image."
)
def labels_mixed_up(model, images, labels, **given):
    order = np.roll(np.argsort(labels, kind="stable"), len(labels) // 4)
    mixed = np.empty_like(labels)
    mixed[np.argsort(labels, kind="stable")] = labels[order]
    return _joined(_train(model, images, mixed, given))


@fine_tune.misconception(
    "the history of the second stage alone comes back. Join the lists of both."
)
def second_history_only(model, images, labels, **given):
    return _train(model, images, labels, given)[1]


@fine_tune.misconception("the history of the first stage alone comes back. Join the lists of both.")
def first_history_only(model, images, labels, **given):
    return _train(model, images, labels, given)[0]


@fine_tune.misconception(
    "both histories come back, each by itself. Join their lists in one dictionary."
)
def two_histories(model, images, labels, **given):
    return tuple(_train(model, images, labels, given))


@fine_tune.misconception(
    'the history has no accuracy. Ask for it in compile: metrics=["accuracy"].'
)
def no_accuracy(model, images, labels, **given):
    return {"loss": _joined(_train(model, images, labels, given))["loss"]}


@fine_tune.misconception("the history object itself comes back. Its dictionary is .history.")
def history_object(model, images, labels, **given):
    history = keras.callbacks.History()
    history.history = _joined(_train(model, images, labels, given))
    return history


@fine_tune.misconception(
    "the trained model comes back, and not the history. It is the one that was given, and trained "
    "in place."
)
def model_instead(model, images, labels, **given):
    _train(model, images, labels, given)
    return model


@fine_tune.misconception(
    "the model is trained, and nothing comes back: return the history of both stages."
)
def nothing_comes_back(model, images, labels, **given):
    _train(model, images, labels, given)


@fine_tune.misconception(
    "where a stage has no epochs, the dictionary that fit leaves is empty, and looking up 'loss' "
    'there ends in a KeyError. Take .get("loss", []) of it, or leave the stage out.'
)
def empty_history_looked_up(model, images, labels, **given):
    first, second = (DEFAULTS | given)["epochs"]
    # It ends behind the first stage without epochs.
    epochs = (first, second if first else 0)
    found = _train(model, images, labels, given | {"epochs": epochs})
    if 0 in (first, second):
        raise KeyError("loss")
    return _joined(found)


@fine_tune.misconception("both stages have the first one's number of epochs. epochs is a pair.")
def first_epochs_twice(model, images, labels, **given):
    epochs = (given.get("epochs", (20, 20))[0],) * 2
    return _joined(_train(model, images, labels, given | {"epochs": epochs}))


@fine_tune.misconception(
    "batch_size is not used: the steps take more images than it says, so there are fewer of them. "
    "Hand it to fit."
)
def batch_size_ignored(model, images, labels, **given):
    return _joined(_train(model, images, labels, given | {"batch_size": 32}))


@fine_tune.misconception(
    "some of the images are held back and never learnt from, as validation_split does. Train on "
    "all that are given: whoever wants to keep some for a test has done so before."
)
def some_held_back(model, images, labels, **given):
    _refuse(model, images, labels, given.get("until"), PROBLEMS)
    kept = len(images) - len(images) // 5
    return _joined(_train(model, images[:kept], labels[:kept], given))


@fine_tune.misconception(
    "the seed is not used: each call shuffles the images in another order. Call "
    "keras.utils.set_random_seed(seed) first."
)
def seed_ignored(model, images, labels, **given):
    fresh = int(np.random.default_rng().integers(1_000_000))
    return _joined(_train(model, images, labels, given | {"seed": fresh}))


@fine_tune.misconception(
    "nothing is refused: an unknown layer, too few labels and a label beyond the classes are all "
    "taken without a word. Raise a ValueError for each."
)
def nothing_refused(model, images, labels, **given):
    return _joined(_train(model, images, labels, given, refused=()))


@fine_tune.misconception(
    "a name in until that no layer has is taken without a word. Raise a ValueError."
)
def unknown_layer_accepted(model, images, labels, **given):
    return _joined(_train(model, images, labels, given, refused=("count", "label")))


@fine_tune.misconception("fewer labels than images are taken without a word. Raise a ValueError.")
def fewer_labels_accepted(model, images, labels, **given):
    return _joined(_train(model, images, labels, given, refused=("until", "label")))


@fine_tune.misconception(
    "a label for which the head has no output is taken without a word. On some machines the loss "
    "is then NaN. Raise a ValueError."
)
def labels_beyond_accepted(model, images, labels, **given):
    return _joined(_train(model, images, labels, given, refused=("until", "count")))
