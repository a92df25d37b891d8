"""What the checks of `transfer_learning` try.

A model is frozen and trained for one step here; a new head gets images; a training is run in three
ways: the first stage alone, both, the second stage alone. Each is run once and serves several
parts, since training takes the time. See `measures`.
"""

import pkgutil

import course_lib
from course_lib import transfer_learning as topic
from course_lib.checks.core import Check, case
from course_lib.checks.transfer_learning.measures import (
    AFTER,
    AGAIN,
    ALL,
    ALONE,
    BEFORE,
    CARRIED,
    CLASSES,
    EMPTY,
    FALLS,
    FEATURES,
    FIRST,
    FREEZE,
    FRESH,
    FROZEN,
    GIVEN,
    HEAD,
    HISTORY,
    ITSELF,
    LEARNS,
    MOVING,
    NORMS,
    ONCE,
    PLACES,
    PROBLEMS,
    SAME,
    SECOND,
    SEEN,
    SHAPE,
    STILL,
    SUMS,
    TUNE,
    USED,
    measure_freeze,
    measure_head,
    measure_tuning,
)

BOOK = "transfer_learning.html#transfer-learning"
OURS = tuple(
    f"course_lib.{module.name}"
    for module in pkgutil.iter_modules(course_lib.__path__)
    if module.name.startswith("transfer_learning")
)

freeze_until = Check(
    topic.freeze_until,
    topic="transfer_learning",
    title="Freezing up to a layer",
    returns=FREEZE,
    read=f"{BOOK}-freeze",
    forbidden=("course_lib",),
    measure=measure_freeze,
    hidden_draws=1,
)
replace_head = Check(
    topic.replace_head,
    topic="transfer_learning",
    title="A new head",
    returns=HEAD,
    read=f"{BOOK}-head",
    forbidden=("course_lib",),
    measure=measure_head,
    hidden_draws=1,
)
fine_tune = Check(
    topic.fine_tune,
    topic="transfer_learning",
    title="Training in two stages",
    returns=TUNE,
    read=f"{BOOK}-tune",
    # The function that an answer is given to preprocess with lives in this package.
    forbidden=OURS,
    measure=measure_tuning,
    hidden_draws=1,
)
CHECKS = {check.name: check for check in (freeze_until, replace_head, fine_tune)}


def _pick(rng, *values):
    return values[rng.integers(len(values))]


# --- freeze_until --------------------------------------------------------------------------------
# Layers: conv_1, norm_1, relu_1, then level 2 and 3; mean; scores.


@freeze_until.part(weight=4)
def frozen(rng):
    """In a training step, convolutions before the layer that is named stay as they are."""
    yield case("conv_2", BEFORE, of=BEFORE)
    yield case(_pick(rng, "conv_3", "relu_3"), BEFORE, of=BEFORE)


@freeze_until.part(weight=3)
def included(rng):
    """So does the layer that is named."""
    yield case("conv_2", ITSELF, of=ITSELF)
    yield case("conv_3", ITSELF, of=ITSELF)


@freeze_until.part(weight=3)
def after(rng):
    """All layers after it learn, those of the head among them."""
    yield case("conv_2", AFTER, of=AFTER)
    yield case(_pick(rng, "relu_2", "relu_3"), AFTER, of=AFTER)


@freeze_until.part(weight=4, read=f"{BOOK}-norm")
def statistics(rng):
    """Frozen batch normalisation keeps its scale, its offset and its moving statistics."""
    yield case("relu_2", NORMS, of=NORMS)
    yield case(_pick(rng, "conv_3", "relu_3"), NORMS, of=NORMS)


@freeze_until.part(weight=3)
def again(rng):
    """What was frozen before and stands after the layer learns again."""
    yield case("norm_1", AFTER, before=_pick(rng, "relu_3", "mean"), of=AFTER)


@freeze_until.part(weight=1, after=(again,))
def whole(rng):
    """Also where the model was frozen as a whole, by model.trainable = False."""
    yield case("norm_1", AFTER, whole=True, of=AFTER)


@freeze_until.part(weight=1)
def none(rng):
    """With None all layers learn."""
    yield case(None, AFTER, before="conv_1", of=AFTER)


@freeze_until.part(weight=2)
def nested(rng):
    """A model within the model is one of its layers, and is frozen with all that is in it."""
    yield case("relu_3", BEFORE, nested=True, of=BEFORE)
    yield case("relu_3", AFTER, nested=True, of=AFTER)


@freeze_until.part(weight=2)
def returned(rng):
    """It returns the model that it was given, and changes no weight of it."""
    yield case("conv_2", SAME, of=SAME)


@freeze_until.part(weight=2)
def refusals(rng):
    """A name that no layer has is refused with a ValueError."""
    yield case(_pick(rng, "conv_4", "relu"), AFTER, raises=ValueError)


# --- replace_head --------------------------------------------------------------------------------


def _heads(rng, look, last="mean"):
    yield case(last, 2, look, of=look)
    yield case(last, _pick(rng, 5, 7), look, of=look)


@replace_head.part(weight=3)
def width(rng):
    """The new model has one probability for each of the new classes."""
    yield from _heads(rng, SHAPE)


@replace_head.part(weight=3)
def probabilities(rng):
    """They sum to 1 for each image: the new head ends in a softmax."""
    yield from _heads(rng, SUMS)


@replace_head.part(weight=5)
def features(rng):
    """The head is one dense layer, and reads the features of the layer that is named."""
    yield from _heads(rng, FEATURES)


@replace_head.part(weight=3)
def averaged(rng):
    """Maps of shape (height, width, channels) are averaged over height and width first."""
    last = _pick(rng, "relu_2", "norm_2")
    for look in (SHAPE, FEATURES, PLACES):
        yield case(last, 3, look, of=look)


@replace_head.part(weight=5)
def carried(rng):
    """Up to there the weights are those that the given model has learnt."""
    yield from _heads(rng, CARRIED)


@replace_head.part(weight=3, read=f"{BOOK}-norm")
def moving(rng):
    """So are the moving statistics of batch normalisation."""
    yield from _heads(rng, MOVING)


@replace_head.part(weight=2)
def fresh(rng):
    """The head is new, also where there are as many classes as before."""
    yield case("mean", CLASSES, FRESH, of=FRESH)


@replace_head.part(weight=2)
def free(rng):
    """It freezes nothing, neither in the new model nor in the given one."""
    yield from _heads(rng, GIVEN)


@replace_head.part(weight=2)
def bad_arguments(rng):
    """A name that no layer has, or a single class, is refused with a ValueError."""
    yield case(_pick(rng, "conv_4", "features"), 3, SHAPE, raises=ValueError)
    yield case("mean", 1, SHAPE, raises=ValueError)


# --- fine_tune -----------------------------------------------------------------------------------
# All parts ask the same three trainings, in hidden tests as well.


@fine_tune.part(weight=2)
def history(rng):
    """It returns a dictionary: for each epoch of both stages a loss and an accuracy."""
    yield case(HISTORY, of=HISTORY)
    yield case(EMPTY, of=EMPTY)


@fine_tune.part(weight=5)
def head_alone(rng):
    """In the first stage, no convolution moves: the head learns alone."""
    yield case(ALONE, of=ALONE)


@fine_tune.part(weight=4, read=f"{BOOK}-norm")
def still(rng):
    """In the first stage, batch normalisation keeps its scale and its moving statistics."""
    yield case(STILL, of=STILL)


@fine_tune.part(weight=2, read=f"{BOOK}-rate")
def first_rate(rng):
    """The first stage takes the first learning rate."""
    yield case(FIRST, of=FIRST)


@fine_tune.part(weight=2)
def falls(rng):
    """The first stage makes the loss smaller; no image is held back."""
    yield case(FALLS, of=FALLS)
    yield case(SEEN, of=SEEN)


@fine_tune.part(weight=5, read=f"{BOOK}-compile")
def second_stage(rng):
    """In the second stage the convolutions after `until` learn as well."""
    yield case(LEARNS, of=LEARNS)


@fine_tune.part(weight=3)
def until(rng):
    """What stands up to `until` stays as it is in both stages."""
    yield case(FROZEN, of=FROZEN)


@fine_tune.part(weight=2)
def all_layers(rng):
    """Without `until` all layers learn in the second stage."""
    yield case(ALL, of=ALL)


@fine_tune.part(weight=3, read=f"{BOOK}-rate")
def second_rate(rng):
    """The second stage takes the second learning rate, and `batch_size` images in a step."""
    yield case(SECOND, of=SECOND)


@fine_tune.part(weight=4, read=f"{BOOK}-preprocess")
def preprocessing(rng):
    """The images are preprocessed once, all together, and both stages see the result."""
    yield case(ONCE, of=ONCE)
    yield case(USED, of=USED)


@fine_tune.part(weight=2)
def seeds(rng):
    """Equal seeds and weights give equal results."""
    yield case(AGAIN, of=AGAIN)


@fine_tune.part(weight=3)
def refused(rng):
    """Refused with a ValueError: an unknown layer, too few labels, a label beyond the classes."""
    for problem in PROBLEMS:
        yield case(problem=problem, raises=ValueError)
