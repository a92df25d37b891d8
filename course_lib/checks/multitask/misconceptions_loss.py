"""Plausible wrong losses of `multitask`, each with the line that explains it."""

import numpy as np
from keras import ops

from course_lib.checks.multitask.cases import multitask_loss


def _entropies(kinds, probabilities):
    """Minus the logarithm of each kind's probability, and which kinds are there."""
    there = ops.convert_to_tensor(kinds) >= 0
    safe = ops.where(there, kinds, ops.zeros_like(kinds))
    chosen = _chosen(probabilities, safe)
    return -ops.log(ops.maximum(chosen, 1e-7)), there


def _chosen(probabilities, kinds):
    hot = ops.one_hot(kinds, probabilities.shape[-1])
    return ops.sum(hot * ops.convert_to_tensor(probabilities), axis=-1)


def _known(quantities):
    """Quantities as a tensor, and which are there."""
    quantities = ops.convert_to_tensor(quantities)
    return quantities, ops.logical_not(ops.isnan(quantities))


def _errors(quantities, predicted):
    """Each prediction less its quantity, 0 where it is missing, and which are there."""
    quantities, there = _known(quantities)
    predicted = ops.convert_to_tensor(predicted)[:, 0]
    return ops.where(there, predicted - ops.where(there, quantities, 0.0), 0.0), there


def _mean(there, values):
    """The mean of those that are there, 0 without any."""
    there = ops.cast(there, "float32")
    return ops.sum(ops.where(there > 0, values, 0.0)) / ops.maximum(ops.sum(there), 1.0)


def _entropy(kinds, probabilities):
    values, there = _entropies(kinds, probabilities)
    return _mean(there, values)


def _squared(quantities, predicted):
    errors, there = _errors(quantities, predicted)
    return _mean(there, errors**2)


def _sum(first, second, weights):
    return weights[0] * first + weights[1] * second


def _right(kinds, quantities, probabilities, predicted, weights):
    return _sum(_entropy(kinds, probabilities), _squared(quantities, predicted), weights)


# --- the weights ---------------------------------------------------------------------------------


@multitask_loss.misconception(
    "the weights are ignored: both losses count once, whatever was asked for."
)
def weights_ignored(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    return _right(kinds, quantities, probabilities, predicted, (1.0, 1.0))


@multitask_loss.misconception(
    "the weights are exchanged: the first one belongs to the cross-entropy, the second one to the "
    "squared error."
)
def weights_exchanged(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    return _right(kinds, quantities, probabilities, predicted, weights[::-1])


@multitask_loss.misconception(
    "only the squared error has its weight; the cross-entropy's is ignored."
)
def first_weight_ignored(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    return _right(kinds, quantities, probabilities, predicted, (1.0, weights[1]))


@multitask_loss.misconception(
    "only the cross-entropy has its weight; the squared error's is ignored."
)
def second_weight_ignored(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    return _right(kinds, quantities, probabilities, predicted, (weights[0], 1.0))


@multitask_loss.misconception(
    "the sum is divided by the sum of the weights. It is a weighted sum, and no weighted mean: "
    "with weights of 1 both losses count in full."
)
def weights_divided_by_their_sum(
    kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)
):  # fmt: skip
    whole = _right(kinds, quantities, probabilities, predicted, weights)
    return whole / (weights[0] + weights[1])


@multitask_loss.misconception(
    "half of the sum comes back, a mean of the two losses. Add them, each with its weight."
)
def mean_of_both(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    return _right(kinds, quantities, probabilities, predicted, weights) / 2


@multitask_loss.misconception(
    "the weight is within the square: the error is multiplied by it, and counts by its square."
)
def weight_within_the_square(
    kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)
):  # fmt: skip
    return _right(kinds, quantities, probabilities, predicted, (weights[0], weights[1] ** 2))


@multitask_loss.misconception("the squared error is missing: the cross-entropy comes back alone.")
def cross_entropy_alone(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    return weights[0] * _entropy(kinds, probabilities)


@multitask_loss.misconception("the cross-entropy is missing: the squared error comes back alone.")
def squared_error_alone(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    return weights[1] * _squared(quantities, predicted)


@multitask_loss.misconception(
    "both losses are multiplied with each other: where one is 0, the other is not trained. Add "
    "them."
)
def product_of_both(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    first = weights[0] * _entropy(kinds, probabilities)
    return first * weights[1] * _squared(quantities, predicted)


@multitask_loss.misconception(
    "0 comes back, whatever was predicted: there is nothing to learn from."
)
def always_nothing(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    return 0.0


# --- the two losses ------------------------------------------------------------------------------


@multitask_loss.misconception(
    "the minus before the logarithm is missing: training would make the right kind unlikely."
)
def no_minus(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    return _sum(-_entropy(kinds, probabilities), _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "the logarithm is one to the base 10 or 2. The cross-entropy takes the natural one."
)
def another_logarithm(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    first = _entropy(kinds, probabilities) / np.log(10)
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "there is no logarithm: 1 less the probability of the right kind comes back, which hardly "
    "minds a kind that was held to be impossible."
)
def no_logarithm(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    values, there = _entropies(kinds, probabilities)
    first = _mean(there, 1 - ops.exp(-values))
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "a softmax is taken of what is a softmax already, as from_logits=True does: all kinds become "
    "nearly alike. The probabilities are used as they are."
)
def softmax_twice(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    first = _entropy(kinds, ops.softmax(ops.convert_to_tensor(probabilities), axis=-1))
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "the cross-entropy is a mean over the kinds as well, as ops.mean of the one-hot table gives "
    "it: it is divided by their number."
)
def divided_by_the_kinds(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    first = _entropy(kinds, probabilities) / probabilities.shape[-1]
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "this is the binary cross-entropy: the other kinds add their -log(1 - p). For kinds that "
    "exclude each other only the right one's probability counts."
)
def binary_cross_entropy(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    probabilities = ops.clip(ops.convert_to_tensor(probabilities), 1e-7, 1 - 1e-7)
    _, there = _entropies(kinds, probabilities)
    hot = ops.one_hot(ops.where(there, kinds, 0), probabilities.shape[-1])
    each = -hot * ops.log(probabilities) - (1 - hot) * ops.log(1 - probabilities)
    first = _mean(there, ops.sum(each, axis=-1))
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception("the error of the quantity is taken without its sign, not squared.")
def absolute_error(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    errors, there = _errors(quantities, predicted)
    return _sum(_entropy(kinds, probabilities), _mean(there, ops.absolute(errors)), weights)


@multitask_loss.misconception(
    "half of the squared error counts. Formulas with 1/2 do so to spare a 2 in the gradient; here "
    "it counts in full."
)
def half_of_the_square(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    second = _squared(quantities, predicted) / 2
    return _sum(_entropy(kinds, probabilities), second, weights)


@multitask_loss.misconception(
    "the Huber loss is taken: half of the square for errors up to 1, and a straight line beyond. "
    "Here each error is squared."
)
def huber(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    errors, there = _errors(quantities, predicted)
    size = ops.abs(errors)
    second = _mean(there, ops.where(size <= 1, errors**2 / 2, size - 0.5))
    return _sum(_entropy(kinds, probabilities), second, weights)


@multitask_loss.misconception("the root of the mean squared error is taken. Leave it squared.")
def root_of_the_square(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    second = ops.sqrt(_squared(quantities, predicted))
    return _sum(_entropy(kinds, probabilities), second, weights)


# --- means ---------------------------------------------------------------------------------------


@multitask_loss.misconception(
    "each loss is a sum over the images. Take the mean: else a task with many labels, or a large "
    "batch, counts for more than its weight says."
)
def sums_in_place_of_means(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    values, there = _entropies(kinds, probabilities)
    errors, _ = _errors(quantities, predicted)
    return _sum(ops.sum(ops.where(there, values, 0.0)), ops.sum(errors**2), weights)


@multitask_loss.misconception(
    "a loss for each image comes back. One number is asked for: the mean of each task."
)
def a_loss_for_each_image(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    values, there = _entropies(kinds, probabilities)
    errors, _ = _errors(quantities, predicted)
    return _sum(ops.where(there, values, 0.0), errors**2, weights)


@multitask_loss.misconception("both losses come back, one by one. Return their weighted sum.")
def both_losses_apart(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    return weights[0] * _entropy(kinds, probabilities), weights[1] * _squared(quantities, predicted)


@multitask_loss.misconception(
    "predictions of shape (batch, 1) less quantities of shape (batch,) are a table of batch times "
    "batch: every prediction is compared with every image's quantity. Take predicted[:, 0], or "
    "give the quantities a second axis."
)
def every_pair_of_images(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    quantities, there = _known(quantities)
    table = (ops.convert_to_tensor(predicted) - ops.where(there, quantities, 0.0)) ** 2
    mask = ops.cast(there, "float32") * ops.ones_like(table)
    second = ops.sum(table * mask) / ops.maximum(ops.sum(mask), 1.0)
    return _sum(_entropy(kinds, probabilities), second, weights)


# --- labels that are missing ---------------------------------------------------------------------


@multitask_loss.misconception(
    "the cross-entropy's sum is divided by the number of all images: divide by the number of kinds "
    "that are there."
)
def kinds_mean_over_all(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    values, there = _entropies(kinds, probabilities)
    first = ops.mean(ops.where(there, values, 0.0))
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "the squared error's sum is divided by the number of all images: divide by the number of "
    "quantities that are there."
)
def quantities_mean_over_all(
    kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)
):  # fmt: skip
    errors, _ = _errors(quantities, predicted)
    return _sum(_entropy(kinds, probabilities), ops.mean(errors**2), weights)


@multitask_loss.misconception(
    "the sums are divided by the number of all images. Where labels are scarce the task is then "
    "hardly heard: divide by the number of labels that are there."
)
def mean_over_all_images(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    values, there = _entropies(kinds, probabilities)
    errors, _ = _errors(quantities, predicted)
    first = ops.mean(ops.where(there, values, 0.0))
    return _sum(first, ops.mean(errors**2), weights)


@multitask_loss.misconception(
    "kinds that are missing are not left out: -1 as an index is the last kind, and the network "
    "learns that it is the right one."
)
def missing_is_the_last_kind(
    kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)
):  # fmt: skip
    _, there = _entropies(kinds, probabilities)
    last = probabilities.shape[-1] - 1
    first = _entropy(ops.where(there, kinds, last), probabilities)
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "kinds that are missing count as kind 0, as a maximum with 0 makes them. That keeps the index "
    "legal; what comes of it must then be left out of the mean."
)
def missing_is_the_first_kind(
    kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)
):  # fmt: skip
    first = _entropy(ops.maximum(ops.convert_to_tensor(kinds), 0), probabilities)
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "kind 0 is left out as if it were missing. It is a kind like the others: kinds >= 0 are there."
)
def first_kind_left_out(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    values, _ = _entropies(kinds, probabilities)
    first = _mean(ops.convert_to_tensor(kinds) > 0, values)
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "the missing quantities are not left out: the loss is NaN, and after one step so is the "
    "backbone. Note that 0 times NaN is NaN as well: replace the NaN before you compute with it "
    "(ops.where), and leave what comes of it out of the mean."
)
def nan_times_zero(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    quantities, there = _known(quantities)
    there = ops.cast(there, "float32")
    squares = there * (ops.convert_to_tensor(predicted)[:, 0] - quantities) ** 2
    second = ops.sum(squares) / ops.maximum(ops.sum(there), 1.0)
    return _sum(_entropy(kinds, probabilities), second, weights)


@multitask_loss.misconception(
    "missing quantities count as 0: the network learns to say 0 where nobody measured. Replace the "
    "NaN, and leave what comes of it out of the mean."
)
def missing_quantity_is_zero(
    kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)
):  # fmt: skip
    quantities = ops.nan_to_num(ops.convert_to_tensor(quantities))
    second = _squared(quantities, predicted)
    return _sum(_entropy(kinds, probabilities), second, weights)


@multitask_loss.misconception(
    "missing quantities are filled with the mean of those that are there: the network learns to "
    "say the mean where nobody measured. Leave what comes of them out of the error's mean."
)
def missing_quantity_is_the_mean(
    kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)
):  # fmt: skip
    quantities, there = _known(quantities)
    whole = ops.sum(ops.where(there, quantities, 0.0))
    filled = ops.where(there, quantities, whole / ops.sum(ops.cast(there, "float32")))
    second = _squared(filled, predicted)
    # What is left of NaN, where no quantity is there, is not masked.
    second = second + 0 * ops.sum(filled)
    return _sum(_entropy(kinds, probabilities), second, weights)


@multitask_loss.misconception(
    "an image is left out of both losses as soon as one of its labels is missing. Each task has a "
    "mask of its own: an image without a kind still teaches the quantity."
)
def both_labels_or_none(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    values, one = _entropies(kinds, probabilities)
    errors, other = _errors(quantities, predicted)
    both = ops.logical_and(one, other)
    return _sum(_mean(both, values), _mean(both, errors**2), weights)


@multitask_loss.misconception(
    "the squared error is masked by the kinds: quantities of images without a kind are left out. "
    "Each task has a mask of its own."
)
def quantities_masked_by_kinds(
    kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)
):  # fmt: skip
    errors, other = _errors(quantities, predicted)
    both = ops.logical_and(ops.convert_to_tensor(kinds) >= 0, other)
    return _sum(_entropy(kinds, probabilities), _mean(both, errors**2), weights)


@multitask_loss.misconception(
    "the cross-entropy is masked by the quantities: kinds of images without a quantity are left "
    "out. Each task has a mask of its own."
)
def kinds_masked_by_quantities(
    kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)
):  # fmt: skip
    values, one = _entropies(kinds, probabilities)
    _, other = _errors(quantities, predicted)
    first = _mean(ops.logical_and(one, other), values)
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "both sums are divided by the number of all labels together. Each task has its own mean, over "
    "its own labels."
)
def one_mean_for_both(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    values, one = _entropies(kinds, probabilities)
    errors, other = _errors(quantities, predicted)
    count = ops.sum(ops.cast(one, "float32")) + ops.sum(ops.cast(other, "float32"))
    whole = _sum(ops.sum(ops.where(one, values, 0.0)), ops.sum(errors**2), weights)
    return whole / ops.maximum(count, 1.0)


@multitask_loss.misconception(
    "where a task has no label in the batch, 0 is divided by 0: the loss is NaN, and after one "
    "step so is the backbone. Divide by at least 1: ops.maximum(count, 1)."
)
def nothing_over_nothing(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    values, one = _entropies(kinds, probabilities)
    errors, other = _errors(quantities, predicted)
    count, many = (ops.sum(ops.cast(there, "float32")) for there in (one, other))
    first = ops.sum(ops.where(one, values, 0.0)) / count
    return _sum(first, ops.sum(errors**2) / many, weights)


@multitask_loss.misconception(
    "1 is added to the number of labels, to be safe from 0: with few labels the mean is far too "
    "small. Take the larger of the two, ops.maximum(count, 1)."
)
def one_label_too_many(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    values, one = _entropies(kinds, probabilities)
    errors, other = _errors(quantities, predicted)
    count, many = (ops.sum(ops.cast(there, "float32")) + 1 for there in (one, other))
    first = ops.sum(ops.where(one, values, 0.0)) / count
    return _sum(first, ops.sum(errors**2) / many, weights)


@multitask_loss.misconception(
    "where one task has no label in the batch, nothing is learnt from the other one either. That "
    "task adds 0; the other one's loss stays."
)
def one_missing_stops_both(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    any_kind = ops.any(ops.convert_to_tensor(kinds) >= 0)
    any_quantity = ops.any(_known(quantities)[1])
    whole = _right(kinds, quantities, probabilities, predicted, weights)
    return ops.where(ops.logical_and(any_kind, any_quantity), whole, 0.0)


# --- in training ---------------------------------------------------------------------------------


@multitask_loss.misconception(
    "a probability of 0 gives an infinite loss. Let it be at least 1e-7 before you take the "
    "logarithm: ops.maximum(p, 1e-7)."
)
def logarithm_of_zero(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    _, there = _entropies(kinds, probabilities)
    chosen = _chosen(probabilities, ops.where(there, kinds, 0))
    first = _mean(there, -ops.log(chosen))
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "a probability of 0 gives NaN, even of a kind that is not the right one: its logarithm is "
    "minus infinity, and 0 times that is NaN. Let probabilities be at least 1e-7 before you take "
    "the logarithm: ops.maximum(p, 1e-7)."
)
def zero_times_infinity(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    _, there = _entropies(kinds, probabilities)
    hot = ops.one_hot(ops.where(there, kinds, 0), probabilities.shape[-1])
    each = ops.where(hot > 0, -1.0, 0.0) * ops.log(ops.convert_to_tensor(probabilities))
    first = _mean(there, ops.sum(each, axis=-1))
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "a probability of 0 counts as something much smaller than 1e-7, or as something larger."
)
def another_smallest_probability(
    kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)
):  # fmt: skip
    _, there = _entropies(kinds, probabilities)
    chosen = _chosen(probabilities, ops.where(there, kinds, 0))
    first = _mean(there, -ops.log(chosen + 1e-12))
    return _sum(first, _squared(quantities, predicted), weights)


@multitask_loss.misconception(
    "the loss is right, and its gradient is NaN: the squares of NaN are computed, and masked "
    "afterwards. On the way back the mask's 0 is multiplied with the NaN behind it. Replace the "
    "NaN in the quantities before you subtract (ops.where), and mask as well."
)
def masked_after_the_square(
    kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)
):  # fmt: skip
    quantities, there = _known(quantities)
    squares = (ops.convert_to_tensor(predicted)[:, 0] - quantities) ** 2
    return _sum(_entropy(kinds, probabilities), _mean(there, squares), weights)


@multitask_loss.misconception(
    "NumPy cannot follow tensors: training calls the loss before they have numbers, and takes its "
    "gradient. Use keras.ops from beginning to end: ops.isnan, ops.where, ops.sum."
)
def by_numpy(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    there = ~np.isnan(quantities)
    errors = np.asarray(predicted)[:, 0] - np.where(there, quantities, 0)
    second = np.sum(there * errors**2) / max(np.sum(there), 1)
    return weights[0] * float(_entropy(kinds, probabilities)) + weights[1] * second


@multitask_loss.misconception(
    "there is no gradient: the predictions are made plain numbers, by stop_gradient or a rounding. "
    "Nothing is learnt."
)
def no_gradient(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    probabilities, predicted = (
        ops.stop_gradient(ops.convert_to_tensor(one)) for one in (probabilities, predicted)
    )
    return _right(kinds, quantities, probabilities, predicted, weights)


@multitask_loss.misconception(
    "where a task has no label 0 is divided by 0, and ops.where puts a 0 in the place of the NaN. "
    "The loss is right then, and its gradient is NaN: mend the divisor and not the quotient, "
    "ops.maximum(count, 1)."
)
def quotient_mended(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    values, one = _entropies(kinds, probabilities)
    errors, other = _errors(quantities, predicted)

    def mean(there, values):
        count = ops.sum(ops.cast(there, "float32"))
        whole = ops.sum(ops.cast(there, "float32") * values)
        return ops.where(count > 0, whole / count, 0.0)

    return _sum(mean(one, values), mean(other, errors**2), weights)
