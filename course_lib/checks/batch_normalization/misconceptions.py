"""Plausible wrong answers in NumPy of `batch_normalization`, each with the line that explains it.

Most are the reference with one step done wrong, so that the mistake is all that differs.
"""

import numpy as np

from course_lib import batch_normalization as topic
from course_lib.checks.batch_normalization.cases import (
    batch_norm_gradients,
    batch_norm_inference,
    batch_norm_train,
    fold_batch_norm,
)

_infer = topic.batch_norm_inference
_gradients = topic.batch_norm_gradients
_fold = topic.fold_batch_norm


def _all_but_last(x):
    return tuple(range(x.ndim - 1))


def _root(variance, epsilon):
    return np.sqrt(variance + epsilon)


def _root_then_epsilon(variance, epsilon):
    return np.sqrt(variance) + epsilon


def _statistics(x, axes=None, ddof=0):
    axes = _all_but_last(x) if axes is None else axes
    return x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True, ddof=ddof)


def _apply(x, gamma, beta, mean, variance, epsilon, divisor=_root):
    return gamma * (x - mean) / divisor(variance, epsilon) + beta


def _step(old, new, momentum):
    return momentum * old + (1 - momentum) * new.reshape(old.shape)


def _averages(x, moving_mean, moving_variance, momentum):
    """The moving averages, taken right."""
    mean, variance = _statistics(x)
    return _step(moving_mean, mean, momentum), _step(moving_variance, variance, momentum)


def _by_axes(x, gamma, beta, moving_mean, moving_variance, momentum, epsilon, axes):
    """The layer with its statistics over other axes; averages of these where they have a shape."""
    mean, variance = _statistics(x, axes)
    output = _apply(x, gamma, beta, mean, variance, epsilon)
    return output, *_averages(x, moving_mean, moving_variance, momentum)


# --- batch_norm_train ----------------------------------------------------------------------------


@batch_norm_train.misconception(
    "One mean and one variance were taken over everything. Every channel has its own: leave the "
    "last axis out of the average, axis=tuple(range(x.ndim - 1))."
)
def one_mean_for_all(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    axes = tuple(range(x.ndim))
    return _by_axes(x, gamma, beta, moving_mean, moving_variance, momentum, epsilon, axes)


@batch_norm_train.misconception(
    "Mean and variance were taken for each example, over its features. That is layer "
    "normalisation; batch normalisation averages over the batch, channel by channel."
)
def each_example_for_itself(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    axes = tuple(range(1, x.ndim))
    return _by_axes(x, gamma, beta, moving_mean, moving_variance, momentum, epsilon, axes)


@batch_norm_train.misconception(
    "Mean and variance were taken for each image, over height and width. That is instance "
    "normalisation; the batch's axis is averaged over as well."
)
def each_image_for_itself(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    axes = (1, 2) if x.ndim == 4 else (0,)
    return _by_axes(x, gamma, beta, moving_mean, moving_variance, momentum, epsilon, axes)


@batch_norm_train.misconception(
    "Mean and variance were taken for each pixel, over the batch alone. A kernel treats all "
    "positions alike, so average over batch, height and width."
)
def each_pixel_for_itself(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    return _by_axes(x, gamma, beta, moving_mean, moving_variance, momentum, epsilon, (0,))


@batch_norm_train.misconception(
    "Axis 1 of the images was taken for the channels, as where channels come first. Here they are "
    "last: average over axes 0, 1 and 2."
)
def channels_taken_first(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    axes = (0, 2, 3) if x.ndim == 4 else (0,)
    return _by_axes(x, gamma, beta, moving_mean, moving_variance, momentum, epsilon, axes)


@batch_norm_train.misconception(
    "The unbiased variance was used, divided by the count minus 1. Batch normalisation divides by "
    "the count: leave out ddof=1."
)
def unbiased_variance(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    mean, variance = _statistics(x, ddof=1)
    output = _apply(x, gamma, beta, mean, variance, epsilon)
    moving_mean = _step(moving_mean, mean, momentum)
    return output, moving_mean, _step(moving_variance, variance, momentum)


@batch_norm_train.misconception(
    "The moving variance averages the unbiased variance. That is PyTorch's way; here, as in Keras, "
    "it averages the same variance that normalises."
)
def unbiased_moving_variance(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    output, moving_mean, _ = topic.batch_norm_train(
        x, gamma, beta, moving_mean, moving_variance, momentum, epsilon
    )
    variance = _statistics(x, ddof=1)[1]
    return output, moving_mean, _step(moving_variance, variance, momentum)


@batch_norm_train.misconception(
    "The mean of the squares was taken for the variance. Subtract the mean before squaring."
)
def mean_of_squares(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    mean, squares = _statistics(x)[0], _statistics(x**2)[0]
    output = _apply(x, gamma, beta, mean, squares, epsilon)
    moving_mean = _step(moving_mean, mean, momentum)
    return output, moving_mean, _step(moving_variance, squares, momentum)


@batch_norm_train.misconception(
    "The input was divided by the variance. Its root, the standard deviation, is what scales."
)
def divided_by_variance(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    output = _apply(x, gamma, beta, *_statistics(x), epsilon, lambda v, e: v + e)
    return output, *_averages(x, moving_mean, moving_variance, momentum)


@batch_norm_train.misconception(
    "Epsilon was added outside the root. It is added to the variance: np.sqrt(variance + epsilon)."
)
def epsilon_outside_the_root(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    output = _apply(x, gamma, beta, *_statistics(x), epsilon, _root_then_epsilon)
    return output, *_averages(x, moving_mean, moving_variance, momentum)


@batch_norm_train.misconception(
    "Epsilon was forgotten. It is added to the variance, so that a channel without any is not "
    "divided by zero."
)
def epsilon_forgotten(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    output = _apply(x, gamma, beta, *_statistics(x), 0.0)
    return output, *_averages(x, moving_mean, moving_variance, momentum)


@batch_norm_train.misconception(
    "The argument epsilon was ignored: the default was used whatever was given."
)
def default_epsilon_always(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    return topic.batch_norm_train(x, gamma, beta, moving_mean, moving_variance, momentum)


@batch_norm_train.misconception(
    "Gamma and beta were ignored. After the normalisation comes the second step, gamma * h + beta."
)
def first_step_only(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    return topic.batch_norm_train(
        x, np.ones_like(gamma), 0 * beta, moving_mean, moving_variance, momentum, epsilon
    )


@batch_norm_train.misconception("Gamma was ignored. It is multiplied with the normalised input.")
def gamma_ignored(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    return topic.batch_norm_train(
        x, np.ones_like(gamma), beta, moving_mean, moving_variance, momentum, epsilon
    )


@batch_norm_train.misconception("Beta was ignored. It is added at the end, the output's mean.")
def beta_ignored(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    return topic.batch_norm_train(
        x, gamma, 0 * beta, moving_mean, moving_variance, momentum, epsilon
    )


@batch_norm_train.misconception(
    "Gamma and beta were swapped: gamma is multiplied, the new deviation, and beta is added, the "
    "new mean."
)
def gamma_and_beta_swapped(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    return topic.batch_norm_train(x, beta, gamma, moving_mean, moving_variance, momentum, epsilon)


@batch_norm_train.misconception(
    "Beta was added before gamma was multiplied. Multiply first: then beta is the output's mean."
)
def beta_added_first(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    return topic.batch_norm_train(
        x, gamma, gamma * beta, moving_mean, moving_variance, momentum, epsilon
    )


@batch_norm_train.misconception(
    "The batch was normalised by the moving averages. In training the batch's own mean and "
    "variance count; the averages are only kept for later."
)
def moving_averages_in_training(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    output = _infer(x, gamma, beta, moving_mean, moving_variance, epsilon)
    return output, *_averages(x, moving_mean, moving_variance, momentum)


@batch_norm_train.misconception(
    "The batch was normalised by the moving averages after their step. In training the batch's own "
    "mean and variance count."
)
def new_averages_in_training(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    averages = _averages(x, moving_mean, moving_variance, momentum)
    return _infer(x, gamma, beta, *averages, epsilon), *averages


@batch_norm_train.misconception(
    "The moving averages came back as they were. Every call in training moves them a step, and "
    "inference needs them."
)
def averages_never_updated(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    output, *_ = topic.batch_norm_train(x, gamma, beta, moving_mean, moving_variance, 0.5, epsilon)
    return output, moving_mean, moving_variance


@batch_norm_train.misconception(
    "The moving variance came back as it was. It takes a step at every call, as the mean does."
)
def variance_never_updated(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    output, mean, _ = topic.batch_norm_train(
        x, gamma, beta, moving_mean, moving_variance, momentum, epsilon
    )
    return output, mean, moving_variance


@batch_norm_train.misconception(
    "Momentum was swapped: it is the share of the old average that stays, as in Keras and in the "
    "lecture. PyTorch means the share of the new batch."
)
def momentum_swapped(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    return topic.batch_norm_train(
        x, gamma, beta, moving_mean, moving_variance, min(1 - momentum, 1 - 1e-9), epsilon
    )


@batch_norm_train.misconception(
    "The argument momentum was ignored: the default was used whatever was given."
)
def default_momentum_always(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    return topic.batch_norm_train(x, gamma, beta, moving_mean, moving_variance, 0.9, epsilon)


@batch_norm_train.misconception(
    "The default of momentum is 0.99, as in Keras. The task asks for 0.9, which suits short "
    "trainings."
)
def momentum_of_keras(x, gamma, beta, moving_mean, moving_variance, momentum=0.99, epsilon=1e-3):
    return topic.batch_norm_train(x, gamma, beta, moving_mean, moving_variance, momentum, epsilon)


@batch_norm_train.misconception(
    "The batch's own mean and variance came back. What comes back is the average that has moved "
    "toward them."
)
def batch_statistics_returned(
    x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
):
    return topic.batch_norm_train(x, gamma, beta, moving_mean, moving_variance, 0.0, epsilon)


@batch_norm_train.misconception(
    "The standard deviation was averaged. The moving variance averages variances; inference takes "
    "the root."
)
def deviation_averaged(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    output, mean, _ = topic.batch_norm_train(
        x, gamma, beta, moving_mean, moving_variance, momentum, epsilon
    )
    return output, mean, _step(moving_variance, np.sqrt(_statistics(x)[1]), momentum)


@batch_norm_train.misconception(
    "The order of the results is (output, moving_mean, moving_variance): the variance came second."
)
def variance_before_mean(x, gamma, beta, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3):
    output, mean, variance = topic.batch_norm_train(
        x, gamma, beta, moving_mean, moving_variance, momentum, epsilon
    )
    return output, variance, mean


# --- batch_norm_inference ------------------------------------------------------------------------


@batch_norm_inference.misconception(
    "The batch's own mean and variance were used. At inference the moving averages count, so that "
    "an output does not depend on which other examples came along."
)
def batch_statistics_at_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _apply(x, gamma, beta, *_statistics(x), epsilon)


@batch_norm_inference.misconception(
    "The batch's own mean was subtracted. At inference it is the moving mean."
)
def batch_mean_at_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _apply(x, gamma, beta, _statistics(x)[0], moving_variance, epsilon)


@batch_norm_inference.misconception(
    "The batch's own variance was used. At inference it is the moving variance."
)
def batch_variance_at_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _apply(x, gamma, beta, moving_mean, _statistics(x)[1], epsilon)


@batch_norm_inference.misconception(
    "The moving mean was not subtracted, so that beta is not the output's mean."
)
def mean_not_subtracted(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _infer(x, gamma, beta, 0 * moving_mean, moving_variance, epsilon)


@batch_norm_inference.misconception(
    "The root is missing: moving_variance is a variance, and its root plus epsilon divides."
)
def root_missing(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _apply(x, gamma, beta, moving_mean, moving_variance, epsilon, divisor=lambda v, e: v + e)


@batch_norm_inference.misconception(
    "Epsilon was added outside the root. It is added to the variance: np.sqrt(variance + epsilon)."
)
def epsilon_outside_at_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _apply(x, gamma, beta, moving_mean, moving_variance, epsilon, _root_then_epsilon)


@batch_norm_inference.misconception(
    "Epsilon was forgotten. Training divides by the root of variance plus epsilon, and inference "
    "must do the same."
)
def epsilon_forgotten_at_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _apply(x, gamma, beta, moving_mean, moving_variance, 0.0)


@batch_norm_inference.misconception(
    "The argument epsilon was ignored: the default was used whatever was given."
)
def default_epsilon_at_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _infer(x, gamma, beta, moving_mean, moving_variance)


@batch_norm_inference.misconception(
    "Gamma and beta were ignored. They are learnt in training and count at inference too."
)
def first_step_at_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    ones, zeros = np.ones_like(gamma), np.zeros_like(beta)
    return _infer(x, ones, zeros, moving_mean, moving_variance, epsilon)


@batch_norm_inference.misconception(
    "Gamma was ignored. It is multiplied with the normalised input."
)
def gamma_ignored_at_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _infer(x, np.ones_like(gamma), beta, moving_mean, moving_variance, epsilon)


@batch_norm_inference.misconception("Beta was ignored. It is added at the end.")
def beta_ignored_at_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _infer(x, gamma, 0 * beta, moving_mean, moving_variance, epsilon)


@batch_norm_inference.misconception(
    "Gamma and beta were swapped: gamma is multiplied and beta is added."
)
def swapped_at_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _infer(x, beta, gamma, moving_mean, moving_variance, epsilon)


@batch_norm_inference.misconception(
    "Beta was added before gamma was multiplied. Multiply first, then add beta."
)
def beta_first_at_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _infer(x, gamma, gamma * beta, moving_mean, moving_variance, epsilon)


@batch_norm_inference.misconception(
    "The numbers were put along axis 1 of the images, as where channels come first. Here they are "
    "last, where NumPy broadcasts them without a reshape."
)
def channels_first_at_inference(x, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    turned = np.moveaxis(x, 1, -1) if x.ndim == 4 else x
    output = _infer(turned, gamma, beta, moving_mean, moving_variance, epsilon)
    return np.moveaxis(output, -1, 1) if x.ndim == 4 else output


# --- batch_norm_gradients ------------------------------------------------------------------------


def _backward(
    x,
    gamma,
    output_gradient,
    epsilon,
    axes=None,
    ddof=0,
    divisor=_root,
    through=(True, True),
    average=np.mean,
    total=np.sum,
):
    """The gradients, with one of their steps left open."""
    axes = _all_but_last(x) if axes is None else axes
    mean, variance = _statistics(x, axes, ddof)
    deviation = divisor(variance, epsilon)
    normalised = (x - mean) / deviation
    shares = (
        share * average(term, axis=axes, keepdims=True)
        for share, term in zip(
            through, (output_gradient, output_gradient * normalised), strict=True
        )
    )
    by_mean, by_deviation = shares
    by_x = gamma / deviation * (output_gradient - by_mean - normalised * by_deviation)
    by_gamma = total(output_gradient * normalised, axis=_all_but_last(x))
    return by_x, by_gamma, total(output_gradient, axis=_all_but_last(x))


@batch_norm_gradients.misconception(
    "Mean and variance were treated as constants. They are functions of the batch: every input "
    "moves them, and they move every output."
)
def statistics_as_constants(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, epsilon, through=(False, False))


@batch_norm_gradients.misconception(
    "The variance was treated as a constant. Its share is the normalised input times the mean of "
    "output_gradient times the normalised input."
)
def variance_as_constant(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, epsilon, through=(True, False))


@batch_norm_gradients.misconception(
    "The mean was treated as a constant. Its share is the mean of output_gradient, which is "
    "subtracted."
)
def mean_as_constant(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, epsilon, through=(False, True))


@batch_norm_gradients.misconception(
    "The shares of mean and variance have the wrong sign. Both are subtracted: what is left has no "
    "mean."
)
def shares_added(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, epsilon, through=(-1, -1))


@batch_norm_gradients.misconception(
    "Sums stand where means belong. The shares of mean and variance are divided by the count, as "
    "mean and variance are."
)
def sums_for_means(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, epsilon, average=np.sum)


@batch_norm_gradients.misconception(
    "Gamma is missing in the gradient by x. The output is gamma times the normalised input, and so "
    "is its derivative."
)
def gamma_missing_in_gradient(x, gamma, output_gradient, epsilon=1e-3):
    by_x, by_gamma, by_beta = _gradients(x, gamma, output_gradient, epsilon)
    return by_x / gamma, by_gamma, by_beta


@batch_norm_gradients.misconception(
    "The deviation is missing in the gradient by x: where the input was divided by it, so is the "
    "gradient."
)
def deviation_missing_in_gradient(x, gamma, output_gradient, epsilon=1e-3):
    by_x, by_gamma, by_beta = _gradients(x, gamma, output_gradient, epsilon)
    return by_x * _root(_statistics(x)[1], epsilon), by_gamma, by_beta


@batch_norm_gradients.misconception(
    "The gradient by x was divided by the variance. The deviation, its root, is what divides."
)
def variance_divides_gradient(x, gamma, output_gradient, epsilon=1e-3):
    by_x, by_gamma, by_beta = _gradients(x, gamma, output_gradient, epsilon)
    return by_x / _root(_statistics(x)[1], epsilon), by_gamma, by_beta


@batch_norm_gradients.misconception(
    "The unbiased variance was used, divided by the count minus 1. The layer divides by the count."
)
def unbiased_variance_in_gradient(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, epsilon, ddof=1)


@batch_norm_gradients.misconception(
    "Epsilon was added outside the root. It is added to the variance: np.sqrt(variance + epsilon)."
)
def epsilon_outside_in_gradient(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, epsilon, divisor=_root_then_epsilon)


@batch_norm_gradients.misconception(
    "Epsilon was forgotten. It is part of the deviation that the layer divides by."
)
def epsilon_forgotten_in_gradient(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, 0.0)


@batch_norm_gradients.misconception(
    "The argument epsilon was ignored: the default was used whatever was given."
)
def default_epsilon_in_gradient(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, 1e-3)


@batch_norm_gradients.misconception(
    "The gradient by gamma was taken with the input itself. Gamma is multiplied with the "
    "normalised input."
)
def gamma_with_raw_input(x, gamma, output_gradient, epsilon=1e-3):
    by_x, _, by_beta = _gradients(x, gamma, output_gradient, epsilon)
    return by_x, (output_gradient * x).sum(axis=_all_but_last(x)), by_beta


@batch_norm_gradients.misconception(
    "The gradient by gamma was taken with the centred input. Divide it by the deviation: gamma is "
    "multiplied with the normalised input."
)
def gamma_with_centred_input(x, gamma, output_gradient, epsilon=1e-3):
    by_x, _, by_beta = _gradients(x, gamma, output_gradient, epsilon)
    centred = x - _statistics(x)[0]
    return by_x, (output_gradient * centred).sum(axis=_all_but_last(x)), by_beta


@batch_norm_gradients.misconception(
    "The gradients by gamma and beta were averaged. Each touches every example, and their shares "
    "add up: a sum."
)
def parameters_averaged(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, epsilon, total=np.mean)


@batch_norm_gradients.misconception(
    "The gradients by gamma and beta were summed over the batch alone. Of images, sum over height "
    "and width as well."
)
def parameters_over_batch_only(x, gamma, output_gradient, epsilon=1e-3):
    by_x, _, _ = _gradients(x, gamma, output_gradient, epsilon)
    mean, variance = _statistics(x)
    normalised = (x - mean) / _root(variance, epsilon)
    return by_x, (output_gradient * normalised).sum(axis=0), output_gradient.sum(axis=0)


@batch_norm_gradients.misconception(
    "The statistics were taken over everything. Every channel has its own."
)
def gradient_over_everything(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, epsilon, axes=tuple(range(x.ndim)))


@batch_norm_gradients.misconception(
    "The statistics were taken for each pixel, over the batch alone. Of images, height and width "
    "are averaged over as well."
)
def gradient_by_pixel(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, epsilon, axes=(0,))


@batch_norm_gradients.misconception(
    "The statistics were taken for each image, over height and width. The batch's axis is averaged "
    "over as well."
)
def gradient_by_image(x, gamma, output_gradient, epsilon=1e-3):
    return _backward(x, gamma, output_gradient, epsilon, axes=(1, 2) if x.ndim == 4 else (0,))


@batch_norm_gradients.misconception(
    "The order is (x, gamma, beta): the gradients by gamma and beta were swapped."
)
def gamma_beta_gradients_swapped(x, gamma, output_gradient, epsilon=1e-3):
    by_x, by_gamma, by_beta = _gradients(x, gamma, output_gradient, epsilon)
    return by_x, by_beta, by_gamma


# --- fold_batch_norm -----------------------------------------------------------------------------


def _scale(gamma, moving_variance, epsilon, divisor=_root):
    return gamma / divisor(moving_variance, epsilon)


@fold_batch_norm.misconception(
    "The bias that was there before was ignored. It passes through the normalisation too: "
    "(bias - moving_mean) * scale + beta."
)
def old_bias_ignored(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _fold(kernel, None, gamma, beta, moving_mean, moving_variance, epsilon)


@fold_batch_norm.misconception(
    "The old bias was added without its scale. The normalisation scales all that the layer gives, "
    "its bias as well."
)
def old_bias_unscaled(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    kernel, shift = _fold(kernel, None, gamma, beta, moving_mean, moving_variance, epsilon)
    return kernel, shift if bias is None else shift + bias


@fold_batch_norm.misconception(
    "The mean was subtracted without its scale. It is subtracted before the division, so scale it: "
    "beta - moving_mean * scale."
)
def mean_unscaled(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    scale = _scale(gamma, moving_variance, epsilon)
    bias = 0 if bias is None else bias
    return kernel * scale, bias * scale - moving_mean + beta


@fold_batch_norm.misconception(
    "The mean was added. The normalisation subtracts it: (bias - moving_mean) * scale + beta."
)
def mean_added(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _fold(kernel, bias, gamma, beta, -moving_mean, moving_variance, epsilon)


@fold_batch_norm.misconception(
    "The moving mean was left out. It is subtracted from all that the layer gives, and so becomes "
    "part of the bias."
)
def mean_left_out(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _fold(kernel, bias, gamma, beta, 0 * moving_mean, moving_variance, epsilon)


@fold_batch_norm.misconception(
    "Beta was left out. It is added at the end and becomes part of the bias."
)
def beta_left_out(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _fold(kernel, bias, gamma, 0 * beta, moving_mean, moving_variance, epsilon)


@fold_batch_norm.misconception(
    "Beta was scaled. It is added after the scaling: (bias - moving_mean) * scale + beta."
)
def beta_scaled(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    beta = beta * _scale(gamma, moving_variance, epsilon)
    return _fold(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon)


@fold_batch_norm.misconception(
    "Gamma was left out. The scale is gamma over the deviation, for the kernel and for the bias."
)
def gamma_left_out(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _fold(kernel, bias, np.ones_like(gamma), beta, moving_mean, moving_variance, epsilon)


@fold_batch_norm.misconception(
    "The variance was left out. The scale is gamma / np.sqrt(moving_variance + epsilon)."
)
def variance_left_out(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    ones = np.ones_like(moving_variance) - epsilon
    return _fold(kernel, bias, gamma, beta, moving_mean, ones, epsilon)


@fold_batch_norm.misconception(
    "The root is missing: the scale is gamma / np.sqrt(moving_variance + epsilon)."
)
def root_missing_in_fold(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    squared = (moving_variance + epsilon) ** 2 - epsilon
    return _fold(kernel, bias, gamma, beta, moving_mean, squared, epsilon)


@fold_batch_norm.misconception(
    "Epsilon was added outside the root. The folded layer must divide by what the normalisation "
    "divides by: np.sqrt(moving_variance + epsilon)."
)
def epsilon_outside_in_fold(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    variance = _root_then_epsilon(moving_variance, epsilon) ** 2 - epsilon
    return _fold(kernel, bias, gamma, beta, moving_mean, variance, epsilon)


@fold_batch_norm.misconception(
    "Epsilon was forgotten. The folded layer must divide by what the normalisation divides by: "
    "np.sqrt(moving_variance + epsilon)."
)
def epsilon_forgotten_in_fold(
    kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3
):
    return _fold(kernel, bias, gamma, beta, moving_mean, moving_variance - epsilon, epsilon)


@fold_batch_norm.misconception(
    "The argument epsilon was ignored: the default was used whatever was given."
)
def default_epsilon_in_fold(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return _fold(kernel, bias, gamma, beta, moving_mean, moving_variance)


@fold_batch_norm.misconception(
    "The kernel was scaled along its input channels. The normalisation comes after the layer: each "
    "filter, on the last axis, has its scale."
)
def scaled_by_input_channel(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    _, bias = _fold(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon)
    return kernel * _scale(gamma, moving_variance, epsilon)[:, np.newaxis], bias


@fold_batch_norm.misconception(
    "The kernel came back as it was. Only the bias was folded; every filter is scaled by gamma "
    "over the deviation."
)
def kernel_unscaled(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    return kernel, _fold(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon)[1]


@fold_batch_norm.misconception(
    "Variance and statistics of the kernel itself were used. What counts are the moving averages "
    "that the layer kept of its inputs in training."
)
def statistics_of_the_kernel(kernel, bias, gamma, beta, moving_mean, moving_variance, epsilon=1e-3):
    variance = kernel.var(axis=tuple(range(kernel.ndim - 1)))
    return _fold(kernel, bias, gamma, beta, moving_mean, variance, epsilon)
