"""Plausible wrong answers of `cnn`, each with the line that explains it.

Most are the reference with one step done wrong, so that the mistake is all that differs.
"""

import numpy as np

from course_lib import cnn
from course_lib.arguments import pair
from course_lib.checks.cnn.cases import (
    average_pool2d,
    clip_by_global_norm,
    cnn_with_pooling,
    max_pool2d,
    max_pool2d_gradient,
)

MARGIN = 16  # room around an image, so that no window leaves it


def _plan(size, window, step, padding):
    """Positions along an axis, and pixels of padding before the first, as Keras has them."""
    if padding == "valid":
        if window > size:
            raise ValueError("the window does not fit")
        return (size - window) // step + 1, 0
    count = -(-size // step)
    return count, max((count - 1) * step + window - size, 0) // 2


def _windows(images, pool_size, strides, padding, fill, plan=_plan):
    """The images with a margin, and for each position `(i, j, rows, columns)`."""
    pool_size = pair(pool_size, "")
    strides = pool_size if strides is None else pair(strides, "")
    axes = zip(images.shape[1:3], pool_size, strides, strict=True)
    (height, top), (width, left) = (plan(*axis, padding) for axis in axes)
    around = ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
    canvas = np.pad(images.astype(float), around, constant_values=fill)
    places = []
    for i, j in np.ndindex(height, width):
        y, x = MARGIN + i * strides[0] - top, MARGIN + j * strides[1] - left
        places.append((i, j, slice(y, y + pool_size[0]), slice(x, x + pool_size[1])))
    return canvas, (height, width), places


def _pool(reduce, images, pool_size, strides, padding, plan=_plan, fill=np.nan):
    """Pool window by window; NaN stands for what does not count."""
    canvas, size, places = _windows(images, pool_size, strides, padding, fill, plan)
    output = np.zeros((len(images), *size, images.shape[3]))
    for i, j, rows, columns in places:
        output[:, i, j] = reduce(canvas[:, rows, columns], axis=(1, 2))
    return output


def _in_both(hint):
    """Register a mistake that can be made in either pooling; it is told how windows are reduced."""

    def register(function):
        for check, reduce in ((max_pool2d, np.nanmax), (average_pool2d, np.nanmean)):

            def planted(images, pool_size=2, strides=None, padding="valid", reduce=reduce):
                return function(reduce, images, pool_size, strides, padding)

            planted.__name__ = function.__name__
            check.misconception(hint)(planted)
        return function

    return register


# --- max_pool2d and average_pool2d ---------------------------------------------------------------


@_in_both(
    "strides=None was taken for steps of 1. It means steps of pool_size: windows side by side."
)
def steps_of_one_by_default(reduce, images, pool_size, strides, padding):
    return _pool(reduce, images, pool_size, 1 if strides is None else strides, padding)


@_in_both(
    "strides was ignored: the windows lie side by side. A window begins every strides pixels, so "
    "smaller strides make windows overlap."
)
def strides_ignored(reduce, images, pool_size, strides, padding):
    return _pool(reduce, images, pool_size, None, padding)


@_in_both("pool_size was ignored: every window was 2 x 2.")
def always_two_by_two(reduce, images, pool_size, strides, padding):
    strides = pool_size if strides is None else strides
    return _pool(reduce, images, 2, strides, padding, lambda n, k, s, p: _plan(n, 2, s, p))


@_in_both(
    "Height and width were mixed up: the first number of pool_size and strides is for axis 1 of "
    "the images, the rows."
)
def height_and_width_swapped(reduce, images, pool_size, strides, padding):
    strides = None if strides is None else pair(strides, "")[::-1]
    return _pool(reduce, images, pair(pool_size, "")[::-1], strides, padding)


@_in_both(
    "The window's and stride's height were used for the width too. Each axis has a number of its "
    "own."
)
def height_for_both(reduce, images, pool_size, strides, padding):
    strides = None if strides is None else pair(strides, "")[0]
    return _pool(reduce, images, pair(pool_size, "")[0], strides, padding)


@_in_both(
    'padding="same" was ignored: the pixels that are left over were dropped. They get a partial '
    "window, so that the size is divided by the stride and rounded up."
)
def valid_for_same(reduce, images, pool_size, strides, padding):
    return _pool(reduce, images, pool_size, strides, "valid")


@_in_both(
    'Partial windows were kept although padding is "valid". There only whole windows count, and '
    "what is left over is dropped."
)
def same_for_valid(reduce, images, pool_size, strides, padding):
    def plan(size, window, step, padding):
        return -(-max(size - window, 0) // step) + 1, _plan(size, window, step, padding)[1]

    if padding == "same":
        return _pool(reduce, images, pool_size, strides, padding)
    return _pool(reduce, images, pool_size, strides, padding, plan)


@_in_both(
    "The odd row or column of padding was put before the image. Keras puts it after: "
    "before = total // 2."
)
def odd_padding_before(reduce, images, pool_size, strides, padding):
    def plan(size, window, step, padding):
        count, before = _plan(size, window, step, padding)
        total = max((count - 1) * step + window - size, 0) if padding == "same" else 0
        return count, total - before

    return _pool(reduce, images, pool_size, strides, padding, plan)


@_in_both(
    "All padding was put after the image, so that the first window begins at the first pixel. "
    "Half of it, rounded down, comes before."
)
def padding_after_only(reduce, images, pool_size, strides, padding):
    return _pool(
        reduce, images, pool_size, strides, padding, lambda n, k, s, p: (_plan(n, k, s, p)[0], 0)
    )


@_in_both(
    "The padding was half a window on each side, whatever the strides and the size. Keras adds "
    "what the last window lacks: max((positions - 1) * strides + pool_size - size, 0) in all."
)
def half_a_window_around(reduce, images, pool_size, strides, padding):
    def plan(size, window, step, padding):
        if padding == "valid":
            return _plan(size, window, step, padding)
        return (size + 2 * (window // 2) - window) // step + 1, window // 2

    return _pool(reduce, images, pool_size, strides, padding, plan)


@_in_both(
    '"same" was taken to keep the size, so that the windows move by one pixel. The strides hold '
    "as ever: the size is divided by them and rounded up."
)
def same_keeps_the_size(reduce, images, pool_size, strides, padding):
    return _pool(reduce, images, pool_size, 1 if padding == "same" else strides, padding)


@_in_both(
    "The last row and column of windows are missing: (size - pool_size) // strides + 1 windows fit "
    "into an axis. The + 1 is the window that begins at the first pixel."
)
def last_window_missing(reduce, images, pool_size, strides, padding):
    def plan(size, window, step, padding):
        count, before = _plan(size, window, step, padding)
        return count - (padding == "valid"), before

    return _pool(reduce, images, pool_size, strides, padding, plan)


@_in_both(
    "All channels were pooled into one. Each channel is pooled alone: reduce over height and width "
    "only."
)
def channels_merged(reduce, images, pool_size, strides, padding):
    output = _pool(reduce, images, pool_size, strides, padding)
    whole = reduce(output, axis=3)[..., np.newaxis]
    return np.broadcast_to(whole, output.shape).copy()


@_in_both("All images of the batch were pooled into one. Each image is pooled alone.")
def batch_merged(reduce, images, pool_size, strides, padding):
    output = _pool(reduce, images, pool_size, strides, padding)
    return np.broadcast_to(reduce(output, axis=0), output.shape).copy()


@_in_both(
    "A window larger than the image was let through. Without padding there is no position for it: "
    "raise a ValueError."
)
def too_large_accepted(reduce, images, pool_size, strides, padding):
    def plan(size, window, step, padding):
        return (
            (0, 0) if window > size and padding == "valid" else _plan(size, window, step, padding)
        )

    return _pool(reduce, images, pool_size, strides, padding, plan)


@max_pool2d.misconception("This is the average of each window. Keep its largest number.")
def average_for_maximum(images, pool_size=2, strides=None, padding="valid"):
    return _pool(np.nanmean, images, pool_size, strides, padding)


@max_pool2d.misconception("This is the smallest number of each window. Keep the largest.")
def minimum_for_maximum(images, pool_size=2, strides=None, padding="valid"):
    return _pool(np.nanmin, images, pool_size, strides, padding)


@max_pool2d.misconception(
    "The padding was zero, and zero won where all pixels of a window are negative. Pad with minus "
    "infinity, or cut the window off at the border."
)
def zeros_around(images, pool_size=2, strides=None, padding="valid"):
    return _pool(np.nanmax, images, pool_size, strides, padding, fill=0)


@max_pool2d.misconception(
    "The search began at 0, which won wherever all pixels of a window are negative, at the border "
    "and inside. Begin with a pixel of the window, or with minus infinity."
)
def begun_at_zero(images, pool_size=2, strides=None, padding="valid"):
    return np.maximum(0, _pool(np.nanmax, images, pool_size, strides, padding))


@max_pool2d.misconception(
    "The largest number was looked for by its size without the sign. -3 is less than 2."
)
def largest_in_size(images, pool_size=2, strides=None, padding="valid"):
    return _pool(np.nanmax, np.abs(images), pool_size, strides, padding)


@max_pool2d.misconception(
    "This is the first pixel of each window: the image was subsampled. Compare all pixels of the "
    "window."
)
def subsampled(images, pool_size=2, strides=None, padding="valid"):
    def first(window, axis):
        pixels = window.reshape(len(window), -1, window.shape[-1])
        seen = np.argmax(~np.isnan(pixels), axis=1)[:, np.newaxis]
        return np.take_along_axis(pixels, seen, 1)[:, 0]

    return _pool(first, images, pool_size, strides, padding)


@average_pool2d.misconception("This is the largest number of each window. Take the average.")
def maximum_for_average(images, pool_size=2, strides=None, padding="valid"):
    return _pool(np.nanmax, images, pool_size, strides, padding)


@average_pool2d.misconception(
    "Partial windows were divided by the size of a whole one, as if the padding were pixels of "
    "value 0. Divide by the number of pixels that are there."
)
def padding_counted(images, pool_size=2, strides=None, padding="valid"):
    return _pool(np.nanmean, images, pool_size, strides, padding, fill=0)


@average_pool2d.misconception("This is the sum of each window. Divide by its number of pixels.")
def sum_for_average(images, pool_size=2, strides=None, padding="valid"):
    return _pool(np.nansum, images, pool_size, strides, padding)


@average_pool2d.misconception(
    "The sum was divided by the square of the window's height. A window has height times width "
    "pixels."
)
def divided_by_the_height_squared(images, pool_size=2, strides=None, padding="valid"):
    height, width = pair(pool_size, "")
    return _pool(np.nanmean, images, pool_size, strides, padding) * (width / height)


@average_pool2d.misconception(
    "Sums of 8-bit numbers ran over: 200 + 100 is 44 in uint8. Convert the images to float32 first."
)
def sums_of_eight_bits(images, pool_size=2, strides=None, padding="valid"):
    sums = _pool(np.nansum, images, pool_size, strides, padding)
    counts = _pool(np.nansum, np.ones_like(images), pool_size, strides, padding)
    return (sums % 256 if images.dtype == np.uint8 else sums) / counts


@average_pool2d.misconception(
    "Averages were rounded down to the images' integer type. The output holds fractions: make it a "
    "float32 array."
)
def rounded_to_the_images_type(images, pool_size=2, strides=None, padding="valid"):
    return _pool(np.nanmean, images, pool_size, strides, padding).astype(images.dtype)


@average_pool2d.misconception(
    "This is the median of each window. The average is the sum over the count."
)
def median_for_average(images, pool_size=2, strides=None, padding="valid"):
    return _pool(np.nanmedian, images, pool_size, strides, padding)


# --- max_pool2d_gradient -------------------------------------------------------------------------


def _first(window):
    """A one at the first of the largest numbers."""
    shares = np.zeros(window.shape)
    shares.flat[np.argmax(window)] = 1
    return shares


def _give(images, gradient, pool_size, strides, padding, share=_first, fill=-np.inf, add=True):
    """Give each window's gradient to its pixels; return the gradient with its margin."""
    canvas, _, places = _windows(images, pool_size, strides, padding, fill)
    total = np.zeros(canvas.shape)
    for i, j, rows, columns in places:
        for n, c in np.ndindex(len(images), images.shape[3]):
            shares = share(canvas[n, rows, columns, c]) * gradient[n, i, j, c]
            target = total[n, rows, columns, c]
            target[:] = target + shares if add else np.where(shares != 0, shares, target)
    return total


def _cut(total, images, down=0, right=0):
    height, width = images.shape[1:3]
    top, left = MARGIN - down, MARGIN - right
    return total[:, top : top + height, left : left + width]


@max_pool2d_gradient.misconception(
    "Where windows overlap, the last one overwrote what the others gave. Shares add up: use += and "
    "not =."
)
def overwritten(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    return _cut(_give(images, output_gradient, pool_size, strides, padding, add=False), images)


@max_pool2d_gradient.misconception(
    "This is the gradient of average pooling, with equal shares. Only the pixel that won moved the "
    "output: it gets all."
)
def shared_by_all(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    return cnn.average_pool2d_gradient(images, output_gradient, pool_size, strides, padding)


@max_pool2d_gradient.misconception(
    "Of equal pixels each got the whole gradient, so a window gave away more than it had. Only the "
    "first in row order gets it."
)
def ties_get_all(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    settings = pool_size, strides, padding, lambda window: window == window.max()
    return _cut(_give(images, output_gradient, *settings), images)


@max_pool2d_gradient.misconception(
    "Of equal pixels each got an equal share. That is a subgradient too; here the first in row "
    "order gets all."
)
def ties_share(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    def share(window):
        return (window == window.max()) / np.sum(window == window.max())

    return _cut(_give(images, output_gradient, pool_size, strides, padding, share), images)


@max_pool2d_gradient.misconception(
    "Of equal pixels the last one won: >= let later ones through. The first in row order wins."
)
def last_wins(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    settings = pool_size, strides, padding, lambda window: _first(window[::-1, ::-1])[::-1, ::-1]
    return _cut(_give(images, output_gradient, *settings), images)


@max_pool2d_gradient.misconception(
    "Of equal pixels the first in column order won. Go through the window row by row."
)
def column_order(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    settings = pool_size, strides, padding, lambda window: _first(window.T).T
    return _cut(_give(images, output_gradient, *settings), images)


@max_pool2d_gradient.misconception(
    "The padding was zero, won against negative pixels and took their gradient with it. Pad with "
    "minus infinity."
)
def zeros_win(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    return _cut(_give(images, output_gradient, pool_size, strides, padding, fill=0), images)


@max_pool2d_gradient.misconception(
    "The padding was cut off at the end only, so the gradient is moved. Cut off before the image "
    "what was added there."
)
def padding_cut_at_the_end(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    total = _give(images, output_gradient, pool_size, strides, padding)
    step = pair(pool_size if strides is None else strides, "")
    axes = zip(images.shape[1:3], pair(pool_size, ""), step, strict=True)
    (_, top), (_, left) = (_plan(*axis, padding) for axis in axes)
    return _cut(total, images, top, left)


@max_pool2d_gradient.misconception(
    "Winners got the number 1: this marks who won. Give them their window's output_gradient."
)
def winners_marked(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    ones = np.ones_like(output_gradient)
    return _cut(_give(images, ones, pool_size, strides, padding), images)


@max_pool2d_gradient.misconception(
    "The gradient was multiplied by the winner's value. The output moves as much as the winner "
    "does, so the factor is 1."
)
def times_the_value(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    values = cnn.max_pool2d(images, pool_size, strides, padding)
    return _cut(_give(images, output_gradient * values, pool_size, strides, padding), images)


@max_pool2d_gradient.misconception(
    "The winners of the first channel were taken for all channels. Each channel has its own."
)
def winners_of_the_first_channel(
    images, output_gradient, pool_size=2, strides=None, padding="valid"
):
    first = np.broadcast_to(images[..., :1], images.shape)
    return _cut(_give(first, output_gradient, pool_size, strides, padding), images)


@max_pool2d_gradient.misconception(
    "The winners of the first image were taken for the whole batch. Each image has its own."
)
def winners_of_the_first_image(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    first = np.broadcast_to(images[:1], images.shape)
    return _cut(_give(first, output_gradient, pool_size, strides, padding), images)


@max_pool2d_gradient.misconception(
    "The winner's place in the flattened window was split by the window's height. A row of the "
    "window holds pool_width pixels: divmod(place, pool_width)."
)
def place_split_by_height(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    canvas, _, places = _windows(images, pool_size, strides, padding, -np.inf)
    total = np.zeros(canvas.shape)
    for i, j, rows, columns in places:
        for n, c in np.ndindex(len(images), images.shape[3]):
            place = int(np.argmax(canvas[n, rows, columns, c]))
            y, x = divmod(place, pair(pool_size, "")[0])
            total[n, rows.start + y, columns.start + x, c] += output_gradient[n, i, j, c]
    return _cut(total, images)


@max_pool2d_gradient.misconception(
    "The gradient ends where the last window ends. It has the shape of the images, with zeros for "
    "pixels that no window covers."
)
def only_what_is_covered(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    total = _cut(_give(images, output_gradient, pool_size, strides, padding), images)
    _, _, places = _windows(images, pool_size, strides, padding, 0)
    bottom, right = (places[-1][axis].stop - MARGIN for axis in (2, 3))
    return total[:, :bottom, :right]


@max_pool2d_gradient.misconception(
    "The gradient has the output's shape: it was only masked or copied. It belongs to the images."
)
def shape_of_the_output(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    return np.array(output_gradient)


@max_pool2d_gradient.misconception(
    "An output gradient of the wrong shape was let through. Compare its shape with that of the "
    "pooling's output and raise a ValueError."
)
def any_shape_accepted(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    due = cnn.max_pool2d(images, pool_size, strides, padding).shape
    fitting = np.zeros(due)
    common = tuple(slice(min(a, b)) for a, b in zip(due, output_gradient.shape, strict=True))
    fitting[common] = output_gradient[common]
    return _cut(_give(images, fitting, pool_size, strides, padding), images)


# --- cnn_with_pooling ----------------------------------------------------------------------------


def _halve(tensor):
    from keras import layers

    return layers.MaxPooling2D(2, padding="same")(tensor)


def _collect(tensor, flatten):
    from keras import layers

    return (layers.Flatten() if flatten else layers.GlobalAveragePooling2D())(tensor)


def _softmax(scores):
    from keras import layers

    return layers.Softmax()(scores)


def _build(image, flatten, halve=_halve, collect=_collect, finish=_softmax, **options):
    """The lecture's network, with one of its steps given by the caller.

    Its kernels start at zero, since drawing them takes time and the check puts in its own.
    """
    from keras import layers

    tensor = image
    filters = options.get("filters", (8, 8, 16, 16, 32, 32))
    activations = options.get("activations", ("relu",) * 6)
    kernel_size, padding = options.get("kernel_size", 3), options.get("padding", "same")
    halve_after = options.get("halve_after", (2, 4, 6))
    for place, (maps, activation) in enumerate(zip(filters, activations, strict=True), start=1):
        tensor = layers.Conv2D(
            maps,
            kernel_size,
            padding=padding,
            activation=activation,
            use_bias=options.get("use_bias", True),
            kernel_initializer="zeros",
        )(tensor)
        if place in halve_after:
            tensor = halve(tensor)
    vector = collect(tensor, flatten)
    scores = layers.Dense(3, activation=options.get("dense"), kernel_initializer="zeros")(vector)
    return finish(scores)


def _layer(name, *args, **kwargs):
    """A function that makes a layer and calls it on a tensor."""

    def call(tensor, *_):
        from keras import layers

        return getattr(layers, name)(*args, **kwargs)(tensor)

    return call


@cnn_with_pooling.misconception(
    "Keras 3 refuses tf.nn.softmax on the tensor of a model that is being built; the lecture's "
    "listing is older. Use keras.layers.Softmax()."
)
def tensorflows_softmax(image, flatten=True):
    import tensorflow as tf

    return _build(image, flatten, finish=lambda scores: tf.nn.softmax(scores, axis=-1))


@cnn_with_pooling.misconception(
    "The softmax runs along the batch, so that each class sums to 1 over the images. It runs along "
    "the classes: axis=-1."
)
def softmax_over_the_batch(image, flatten=True):
    return _build(image, flatten, finish=_layer("Softmax", axis=0))


@cnn_with_pooling.misconception(
    "These are scores (logits), not probabilities. The last step is a softmax."
)
def logits(image, flatten=True):
    return _build(image, flatten, finish=lambda scores: scores)


@cnn_with_pooling.misconception(
    "Each class has a sigmoid of its own, so an image's outputs need not sum to 1. Classes that "
    "exclude each other need a softmax."
)
def sigmoid_for_softmax(image, flatten=True):
    return _build(image, flatten, finish=_layer("Activation", "sigmoid"))


@cnn_with_pooling.misconception(
    "The dense layer has a ReLU before the softmax, which makes all negative scores equal. It has "
    "no activation."
)
def relu_before_the_softmax(image, flatten=True):
    return _build(image, flatten, dense="relu")


@cnn_with_pooling.misconception("The softmax is there twice. One makes probabilities.")
def softmax_twice(image, flatten=True):
    return _build(image, flatten, dense="softmax")


@cnn_with_pooling.misconception(
    'The convolutions have no activation: give each activation="relu". Without one, two '
    "convolutions do no more than one with a larger kernel."
)
def no_activation(image, flatten=True):
    return _build(image, flatten, activations=(None,) * 6)


@cnn_with_pooling.misconception(
    "Only the first convolution of each stage has a ReLU. All six have one."
)
def first_of_each_stage_active(image, flatten=True):
    return _build(image, flatten, activations=("relu", None) * 3)


@cnn_with_pooling.misconception(
    "Only the second convolution of each stage has a ReLU. All six have one."
)
def second_of_each_stage_active(image, flatten=True):
    return _build(image, flatten, activations=(None, "relu") * 3)


@cnn_with_pooling.misconception("The last convolution has no ReLU. All six have one.")
def last_convolution_linear(image, flatten=True):
    return _build(image, flatten, activations=("relu",) * 5 + (None,))


@cnn_with_pooling.misconception(
    "flatten was ignored: the maps are always flattened. With flatten=False each map gives its "
    "average."
)
def always_flattened(image, flatten=True):
    return _build(image, True)


@cnn_with_pooling.misconception(
    "flatten was ignored: the maps are always averaged. With flatten=True, the default, all their "
    "numbers go on."
)
def always_averaged(image, flatten=True):
    return _build(image, False)


@cnn_with_pooling.misconception(
    "The two heads were mixed up: flatten=True means Flatten, flatten=False the average."
)
def heads_swapped(image, flatten=True):
    return _build(image, not flatten)


@cnn_with_pooling.misconception(
    "The default is wrong: without the argument the maps are flattened, flatten=True."
)
def averaged_by_default(image, flatten=False):
    return _build(image, flatten)


@cnn_with_pooling.misconception(
    "flatten=False took the maximum of each map. The lecture's network takes the average: "
    "GlobalAveragePooling2D."
)
def global_maximum(image, flatten=True):
    def collect(tensor, flatten):
        return _layer("Flatten" if flatten else "GlobalMaxPooling2D")(tensor)

    return _build(image, flatten, collect=collect)


@cnn_with_pooling.misconception(
    'The pooling has no padding="same": on odd sizes it drops the last row and column.'
)
def valid_pooling(image, flatten=True):
    return _build(image, flatten, halve=_layer("MaxPooling2D", 2))


@cnn_with_pooling.misconception(
    'The convolutions have no padding="same": each makes the maps smaller by two pixels.'
)
def valid_convolutions(image, flatten=True):
    return _build(image, flatten, padding="valid")


@cnn_with_pooling.misconception(
    "Windows were averaged. The lecture's network keeps their maximum: MaxPooling2D."
)
def average_pooling(image, flatten=True):
    return _build(image, flatten, halve=_layer("AveragePooling2D", 2, padding="same"))


@cnn_with_pooling.misconception(
    "The pooling takes steps of 1, so that the maps stay as large as they were. It takes steps of "
    "2: leave strides away, or say 2."
)
def pooling_without_steps(image, flatten=True):
    return _build(image, flatten, halve=_layer("MaxPooling2D", 2, strides=1, padding="same"))


@cnn_with_pooling.misconception("The pooling's windows are 3 x 3. They are 2 x 2.")
def windows_of_three(image, flatten=True):
    return _build(image, flatten, halve=_layer("MaxPooling2D", 3, strides=2, padding="same"))


@cnn_with_pooling.misconception(
    "The maps are made smaller by strided convolutions. That network has as many parameters, and "
    "computes something else: here pooling does it."
)
def strides_for_pooling(image, flatten=True):
    return cnn.cnn_with_strides(image, flatten)


@cnn_with_pooling.misconception(
    "The third pooling is missing: there is one after each pair of convolutions."
)
def last_pooling_missing(image, flatten=True):
    return _build(image, flatten, halve_after=(2, 4))


@cnn_with_pooling.misconception(
    "Pooling comes after the first convolution of each stage. It comes after the second."
)
def pooled_between(image, flatten=True):
    return _build(image, flatten, halve_after=(1, 3, 5))


@cnn_with_pooling.misconception(
    "Pooling comes after every convolution. It comes after each pair, three times in all."
)
def pooled_six_times(image, flatten=True):
    return _build(image, flatten, halve_after=(1, 2, 3, 4, 5, 6))


@cnn_with_pooling.misconception("Each stage has one convolution. The lecture's network has two.")
def one_convolution_a_stage(image, flatten=True):
    return _build(
        image, flatten, filters=(8, 16, 32), activations=("relu",) * 3, halve_after=(1, 2, 3)
    )


@cnn_with_pooling.misconception(
    "All convolutions have 8 filters. They double from stage to stage: 8, 16, 32."
)
def eight_filters_throughout(image, flatten=True):
    return _build(image, flatten, filters=(8,) * 6)


@cnn_with_pooling.misconception(
    "The filters double with every convolution. They double with every stage: 8, 8, 16, 16, 32, 32."
)
def doubled_each_time(image, flatten=True):
    return _build(image, flatten, filters=(8, 16, 16, 32, 32, 32))


@cnn_with_pooling.misconception(
    "The convolutions have no biases. Each filter has one: leave use_bias away."
)
def without_biases(image, flatten=True):
    return _build(image, flatten, use_bias=False)


@cnn_with_pooling.misconception("The kernels are 5 x 5. The lecture's network has 3 x 3.")
def kernels_of_five(image, flatten=True):
    return _build(image, flatten, kernel_size=5)


@cnn_with_pooling.misconception(
    "This is a keras.Model. Return the tensor that the last layer gives; as_model wraps it later."
)
def model_for_tensor(image, flatten=True):
    import keras

    return keras.Model(image, _build(image, flatten))


# --- clip_by_global_norm -------------------------------------------------------------------------


@np.errstate(all="ignore")
def _norm(gradients, squares=np.float64):
    return float(np.sqrt(sum(np.sum(np.square(g, dtype=squares)) for g in gradients)))


def _shortened(gradients, max_norm, norm):
    return [g * (max_norm / max(norm, max_norm)) for g in gradients]


@clip_by_global_norm.misconception(
    "Each gradient was clipped by a norm of its own. All have one norm and one factor, which keeps "
    "the direction of the step."
)
def each_by_its_own_norm(gradients, max_norm):
    clipped = [_shortened([g], max_norm, _norm([g]))[0] for g in gradients]
    return clipped, _norm(gradients)


@clip_by_global_norm.misconception(
    "Every number was cut off at max_norm. That is clipping by value, and it turns the step; here "
    "all numbers are multiplied by one factor."
)
def by_value(gradients, max_norm):
    return [np.clip(g, -max_norm, max_norm) for g in gradients], _norm(gradients)


@clip_by_global_norm.misconception(
    "Gradients that are short enough were lengthened to max_norm. They stay as they are."
)
def always_scaled(gradients, max_norm):
    norm = _norm(gradients)
    return [g * (max_norm / norm if norm else 0) for g in gradients], norm


@clip_by_global_norm.misconception(
    "Gradients of zeros became NaN: max_norm / norm divides zero by zero. Divide only where the "
    "norm is above max_norm."
)
def divided_by_zero(gradients, max_norm):
    norm = _norm(gradients)
    if norm == 0:
        return [np.full_like(g, np.nan) for g in gradients], norm
    return _shortened(gradients, max_norm, norm), norm


@clip_by_global_norm.misconception(
    "The norm that was returned is the one after clipping. Return the one before: it shows whether "
    "gradients explode."
)
def norm_after_clipping(gradients, max_norm):
    clipped = _shortened(gradients, max_norm, _norm(gradients))
    return clipped, _norm(clipped)


@clip_by_global_norm.misconception(
    "The root is missing: this is the square of the norm. The norm is the root of the sum of "
    "squares."
)
def without_the_root(gradients, max_norm):
    square = _norm(gradients) ** 2
    return _shortened(gradients, max_norm, square), square


@clip_by_global_norm.misconception(
    "This is the sum of the sizes of all numbers. The norm is the root of the sum of squares."
)
def sum_of_sizes(gradients, max_norm):
    total = float(sum(np.sum(np.abs(g)) for g in gradients))
    return _shortened(gradients, max_norm, total), total


@clip_by_global_norm.misconception(
    "This is the largest number. The norm is the root of the sum of all squares."
)
def largest_number(gradients, max_norm):
    largest = float(max(np.max(np.abs(g)) for g in gradients))
    return _shortened(gradients, max_norm, largest), largest


@clip_by_global_norm.misconception(
    "The norms of the single gradients were added. Add their squares and take the root once."
)
def sum_of_norms(gradients, max_norm):
    total = sum(_norm([g]) for g in gradients)
    return _shortened(gradients, max_norm, total), total


@clip_by_global_norm.misconception(
    "This is the largest of the single gradients' norms. All gradients make one long vector, which "
    "is longer."
)
def largest_of_the_norms(gradients, max_norm):
    largest = max(_norm([g]) for g in gradients)
    return _shortened(gradients, max_norm, largest), largest


@clip_by_global_norm.misconception(
    "The mean of the squares was taken for their sum. A norm is a length and grows with the number "
    "of weights."
)
def mean_of_squares(gradients, max_norm):
    count = sum(g.size for g in gradients)
    norm = _norm(gradients) / np.sqrt(count)
    return _shortened(gradients, max_norm, norm), norm


@clip_by_global_norm.misconception(
    "Gradients were divided by the norm and not multiplied by max_norm: they end at length 1."
)
def shortened_to_one(gradients, max_norm):
    norm = _norm(gradients)
    return [g / norm if norm > max_norm else g for g in gradients], norm


@clip_by_global_norm.misconception("The order is (clipped, norm): the norm came first.")
def norm_first(gradients, max_norm):
    norm = _norm(gradients)
    return norm, _shortened(gradients, max_norm, norm)


@clip_by_global_norm.misconception("The norm is missing: return the pair (clipped, norm).")
def only_the_gradients(gradients, max_norm):
    return _shortened(gradients, max_norm, _norm(gradients))


@clip_by_global_norm.misconception(
    "The squares ran over: beyond 1e19 they do not fit into float32, and the norm becomes "
    "infinite. Sum them in float64."
)
def squares_of_single_precision(gradients, max_norm):
    norm = _norm(gradients, np.float32)
    return _shortened(gradients, max_norm, norm), norm
