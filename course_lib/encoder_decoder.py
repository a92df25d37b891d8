"""Encoder and decoder: residual blocks that halve and double an image, and the network of them.

What makes images larger is in `course_lib.upsampling`, from scratch; here it is Keras's. Blocks
take and return tensors. Their `filters` is a list with one number for each convolution, as is
`kernel_size`, unless one integer serves all.
"""

import keras
import numpy as np
from keras import layers

from course_lib.arguments import integer, numeric_array, pair
from course_lib.batch_normalization import MOMENTUM, conv_bn_relu
from course_lib.cnn import kernel_positions
from course_lib.convolution import IMAGE_AXES
from course_lib.residual import subsample
from course_lib.upsampling import (
    conv2d_transpose,
    overlap_counts,
    upsample_bilinear,
    upsample_nearest,
)

__all__ = [
    "conv2d_transpose",
    "decoder_residual_block",
    "encoder_decoder",
    "encoder_decoder_lecture",
    "encoder_residual_block",
    "match_channels",
    "operations_by_size",
    "overlap_counts",
    "psnr",
    "train_on_images",
    "upsample_bilinear",
    "upsample_nearest",
]

# The lecture's script; its lists of kernels have 4 entries for the 5 levels.
ENCODER_FILTERS = ([8, 8], [16, 16], [32, 32], [64, 64], [128, 128])
DECODER_FILTERS = ENCODER_FILTERS[::-1]
KERNEL_SIZES = ([3, 3],) * 5


def match_channels(tensor, filters):
    """Give a block's shortcut the channels of its branch, at as little cost as can be.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: the channels that are wanted.

    Returns:
        The tensor itself where the channels agree; with channels of zeros after its own where they
        are too few, which takes no weights; where they are too many, a linear projection (1x1
        kernels and batch normalisation), since zeros cannot take channels away.

    Raises:
        ValueError: if `filters` is no positive integer.

    Example:
        >>> match_channels(np.ones((1, 1, 1, 2), "float32"), 3)[0, 0, 0].numpy()
        array([1., 1., 0.], dtype=float32)
        >>> match_channels(keras.Input((8, 8, 16)), 4).shape
        (None, 8, 8, 4)

    Reference:
        He et al. (2016), Deep residual learning for image recognition, section 3.3: zeros are its
        option A, the projection is option B.
    """
    missing = integer(filters, "filters") - tensor.shape[-1]
    if missing > 0:
        return keras.ops.pad(tensor, [[0, 0], [0, 0], [0, 0], [0, missing]])
    if missing < 0:
        tensor = layers.Conv2D(filters, 1, use_bias=False)(tensor)
        return layers.BatchNormalization(momentum=MOMENTUM)(tensor)
    return tensor


def encoder_residual_block(
    tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False
):  # fmt: skip
    """Halve an image and pass it through a residual block.

    All the convolutions work at the smaller size, where they cost a quarter.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: a list, the filters of each convolution.
        kernel_size: a list, the kernel size of each, or one for all.
        drop_rate: share of the feature maps that the branch does not see in training.
        learnable_sampling: halve by a 2x2 convolution with strides of 2, batch normalisation and
            ReLU; else by max pooling, which has no weights.

    Returns:
        A tensor of shape `(batch, ceil(height / 2), ceil(width / 2), filters[-1])`.

    Raises:
        ValueError: if there are no filters, or not one kernel size for each of them.

    Example:
        >>> encoder_residual_block(keras.Input((32, 25, 8)), [16, 16]).shape
        (None, 16, 13, 16)

    Reference:
        The lecture's block, of which four things differ: its learnt sampling has 1x1 kernels, which
        never read three pixels in four; it pads channels with TensorFlow's own function, which
        cannot work on Keras 3's tensors, and cannot take channels away; its last convolution has a
        ReLU before the addition, and the sum has none.
    """
    filters, sizes = _lists(filters, kernel_size)
    if learnable_sampling:
        tensor = conv_bn_relu(tensor, filters[-1], strides=2, kernel_size=2)
    else:
        tensor = layers.MaxPooling2D(2, padding="same")(tensor)
    return _residual(tensor, filters, sizes, drop_rate)


def decoder_residual_block(
    tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False
):  # fmt: skip
    """Double an image and pass it through a residual block: the encoder's block, turned around.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: a list, the filters of each convolution.
        kernel_size: a list, the kernel size of each, or one for all.
        drop_rate: share of the feature maps that the branch does not see in training.
        learnable_sampling: double by a transposed 2x2 convolution with strides of 2, batch
            normalisation and ReLU; else by repeating each pixel.

    Returns:
        A tensor of shape `(batch, 2 * height, 2 * width, filters[-1])`.

    Raises:
        ValueError: if there are no filters, or not one kernel size for each of them.

    Example:
        >>> decoder_residual_block(keras.Input((16, 13, 16)), [8, 8]).shape
        (None, 32, 26, 8)

    Reference:
        The lecture describes this block and does not print it.
    """
    filters, sizes = _lists(filters, kernel_size)
    if learnable_sampling:
        tensor = layers.Conv2DTranspose(filters[-1], 2, strides=2, use_bias=False)(tensor)
        tensor = layers.ReLU()(layers.BatchNormalization(momentum=MOMENTUM)(tensor))
    else:
        tensor = layers.UpSampling2D(2)(tensor)
    return _residual(tensor, filters, sizes, drop_rate)


def encoder_decoder(
    tensor,
    encoder_filters=ENCODER_FILTERS,
    encoder_kernel_sizes=KERNEL_SIZES,
    decoder_filters=DECODER_FILTERS,
    decoder_kernel_sizes=KERNEL_SIZES,
    code_filters=256,
    code_kernel_size=5,
    channels=3,
    drop_rate=0.0,
    learnable_sampling=False,
):
    """Build the lecture's network from image to image: down to a code, and up again.

    Each level of the encoder halves the image and each of the decoder doubles it. Where a size
    cannot be halved it is rounded up, so that what comes out may be larger than what went in; then
    the lowest rows and rightmost columns are cut off.

    Args:
        tensor: images of shape `(batch, height, width, channels)`.
        encoder_filters: a list with one list for each level, as `encoder_residual_block` takes it.
        encoder_kernel_sizes: likewise, one entry for each level.
        decoder_filters: likewise, for `decoder_residual_block`, from the code upwards.
        decoder_kernel_sizes: likewise.
        code_filters: of the convolution between encoder and decoder, at the smallest size.
        code_kernel_size: its kernel.
        channels: of the image that comes out.
        drop_rate: of all blocks.
        learnable_sampling: of all blocks.

    Returns:
        A tensor of shape `(batch, height, width, channels)`. It is linear, so that it may have any
        value. A size that is open (`None`) is not cut: it must be a multiple of `2**levels`.

    Raises:
        ValueError: if the lists do not have one entry for each level, or the decoder has not as
            many levels as the encoder.

    Example:
        >>> levels = {"encoder_filters": [[8], [16]], "decoder_filters": [[16], [8]]}
        >>> sizes = {"encoder_kernel_sizes": [[3], [3]], "decoder_kernel_sizes": [[3], [3]]}
        >>> encoder_decoder(keras.Input((30, 32, 3)), **levels, **sizes).shape   # 30, 15, 8, 16, 32
        (None, 30, 32, 3)
    """
    encoder = encoder_filters, encoder_kernel_sizes
    decoder = decoder_filters, decoder_kernel_sizes
    _check_levels(*encoder, *decoder)
    encoded, settings = tensor, (drop_rate, learnable_sampling)
    for filters, sizes in zip(*encoder, strict=True):
        encoded = encoder_residual_block(encoded, filters, sizes, *settings)
    decoded = conv_bn_relu(encoded, code_filters, 1, code_kernel_size)
    for filters, sizes in zip(*decoder, strict=True):
        decoded = decoder_residual_block(decoded, filters, sizes, *settings)
    decoded = layers.Conv2D(integer(channels, "channels"), 3, padding="same")(decoded)
    return _cropped(decoded, tensor)


def encoder_decoder_lecture(tensor, learnable_sampling=False):
    """Build the lecture's script as it stands, with what it leaves out filled in.

    It is here for comparison. Filled in: the fifth kernel size of either list, and the decoder's
    block, with a shortcut through the lecture's own `conv_bn_relu`. Its learnt sampling picks every
    second pixel and convolves it with 1x1 kernels.

    Args:
        tensor: images whose height and width are multiples of 32.
        learnable_sampling: see `encoder_residual_block`.

    Returns:
        A tensor of shape `(batch, height, width, 3)`.

    Raises:
        ValueError: if the height or the width is no multiple of 32.

    Example:
        >>> images = keras.Input((320, 320, 3))
        >>> keras.Model(images, encoder_decoder_lecture(images)).count_params()
        1754347
    """
    if any(size is not None and size % 32 for size in tensor.shape[1:3]):
        raise ValueError(
            f"height and width must be multiples of 32, five halvings; got {tensor.shape[1:3]}. "
            f"encoder_decoder(...) takes any size."
        )
    for filters in ENCODER_FILTERS:
        if learnable_sampling:
            tensor = _lecture_conv(subsample(tensor, 2), filters[-1], 1)
        else:
            tensor = layers.MaxPooling2D(padding="same")(tensor)
        tensor = _lecture_residual(tensor, filters, match_channels(tensor, filters[-1]))
    tensor = _lecture_conv(tensor, 256, 5)
    for filters in DECODER_FILTERS:
        if learnable_sampling:
            tensor = layers.Conv2DTranspose(filters[-1], 2, strides=2)(tensor)
            tensor = layers.ReLU()(layers.BatchNormalization()(tensor))
        else:
            tensor = layers.UpSampling2D()(tensor)
        agree = tensor.shape[-1] == filters[-1]
        shortcut = tensor if agree else _lecture_conv(tensor, filters[-1], 1)
        tensor = _lecture_residual(tensor, filters, shortcut)
    return layers.Conv2D(3, 3, padding="same")(tensor)


def operations_by_size(model):
    """Add up a model's multiplications by the size of the image on which they are done.

    When filters double as the size halves, each level costs the same: half as many pixels along
    either axis, twice as many channels in and twice as many filters.

    Args:
        model: a built `keras.Model` of one fixed input size.

    Returns:
        A dictionary from `(height, width)`, largest first, to products of weights for one image;
        convolutions count, transposed ones at the size of their input.

    Example:
        >>> images = keras.Input((8, 8, 2))
        >>> model = keras.Model(images, layers.Conv2D(3, 3, strides=2, padding="same")(images))
        >>> operations_by_size(model)                            # 4*4 * 3*3*2*3
        {(4, 4): 864}
    """
    found = {}
    for layer in model.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is None:
            continue
        size = kernel_positions(layer)
        products = int(np.prod(size) * np.prod(kernel.shape))
        found[size] = found.get(size, 0) + products
    return dict(sorted(found.items(), reverse=True))


def train_on_images(
    model, images, targets, epochs=10, batch_size=16, learning_rate=1e-3, seed=0, validation=None
):
    """Train a model to make targets of images, with the mean squared error.

    Args:
        model: takes and returns images; its weights are trained in place.
        images: array of shape `(count, height, width, channels)`, best of mean 0 and deviation 1.
        targets: array of shape `(count, height, width, channels)` of what should come out.
        epochs: how often each image is seen.
        batch_size: images in a step.
        learning_rate: of Adam.
        seed: of the order of the images. The weights were drawn when the model was built.
        validation: a pair of further images and targets, on which the loss is measured only.

    Returns:
        A dictionary of lists with one number an epoch: `"loss"`, and `"val_loss"` with validation.

    Raises:
        ValueError: if there is not one target for each image, or the model returns other shapes.

    Example:
        >>> keras.utils.set_random_seed(0)
        >>> images = np.random.default_rng(0).normal(size=(32, 8, 8, 1)).astype("float32")
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(1, 1)])
        >>> losses = train_on_images(model, images, 2 * images, 20, learning_rate=0.1)["loss"]
        >>> losses[-1] < 0.1 * losses[0]
        True
    """
    images = numeric_array(images, "images", IMAGE_AXES)
    targets = numeric_array(targets, "targets", IMAGE_AXES)
    if len(images) != len(targets):
        raise ValueError(
            f"there must be one target for each image; got {len(images)} images and "
            f"{len(targets)} targets."
        )
    due = model.compute_output_shape(images.shape)
    if tuple(due) != targets.shape:
        raise ValueError(
            f"the model makes images of shape {tuple(due)}, and targets have {targets.shape}. "
            f"Give it as many channels as the targets have."
        )
    keras.utils.set_random_seed(seed)
    model.compile(keras.optimizers.Adam(learning_rate), "mse")
    model.optimizer.build(model.trainable_variables)  # spares a trace
    history = model.fit(images, targets, batch_size, epochs, verbose=0, validation_data=validation)
    return {name: [float(value) for value in values] for name, values in history.history.items()}


def psnr(truth, prediction, peak=1.0):
    """Return how far a picture stands above its errors, in decibels: the larger, the better.

    Ten decibels more are a tenth of the mean squared error.

    Args:
        truth: array of any shape.
        prediction: array of the same shape.
        peak: the largest value that a picture may have.

    Returns:
        A float, infinite where both are equal.

    Raises:
        ValueError: if the shapes differ.

    Example:
        >>> round(psnr(np.zeros(4), np.full(4, 0.1)), 6)        # 10 * log10(1 / 0.01)
        20.0
    """
    truth, prediction = np.asarray(truth, float), np.asarray(prediction, float)
    if truth.shape != prediction.shape:
        raise ValueError(
            f"truth and prediction must have one shape; got {truth.shape} and {prediction.shape}."
        )
    error = float(np.mean((truth - prediction) ** 2))
    return float(10 * np.log10(peak**2 / error)) if error else float("inf")


def _residual(tensor, filters, sizes, drop_rate):
    """ReLU(f(x) + x), where f is convolutions of which the last is linear."""
    branch = layers.SpatialDropout2D(drop_rate)(tensor) if drop_rate else tensor
    for maps, size in zip(filters[:-1], sizes[:-1], strict=True):
        branch = conv_bn_relu(branch, maps, 1, size)
    branch = layers.Conv2D(filters[-1], sizes[-1], padding="same", use_bias=False)(branch)
    branch = layers.BatchNormalization(momentum=MOMENTUM)(branch)
    return layers.ReLU()(layers.Add()([branch, match_channels(tensor, filters[-1])]))


def _lists(filters, kernel_size):
    """Filters and kernel sizes as lists of one length."""
    if not isinstance(filters, (list, tuple)) or not filters:
        problem = "filters must be a list with one number for each convolution"
        raise ValueError(f"{problem}; got {filters!r}. Write [{filters}] for a single one.")
    if not isinstance(kernel_size, (list, tuple)):
        kernel_size = [kernel_size] * len(filters)
    if len(kernel_size) != len(filters):
        raise ValueError(
            f"kernel_size has {len(kernel_size)} entries for {len(filters)} convolutions, "
            f"{kernel_size} for {filters}. Give one for each, or an integer for all."
        )
    return list(filters), [pair(size, "kernel_size") for size in kernel_size]


def _check_levels(encoder_filters, encoder_kernel_sizes, decoder_filters, decoder_kernel_sizes):
    if len(encoder_filters) != len(decoder_filters):
        raise ValueError(
            f"the encoder halves {len(encoder_filters)} times and the decoder doubles "
            f"{len(decoder_filters)} times, so that the size would change. Give both as many "
            f"levels."
        )
    for part, filters, sizes in (
        ("encoder", encoder_filters, encoder_kernel_sizes),
        ("decoder", decoder_filters, decoder_kernel_sizes),
    ):
        if len(filters) != len(sizes):
            raise ValueError(
                f"{part}_kernel_sizes has {len(sizes)} entries for the {len(filters)} levels of "
                f"{part}_filters. Give one list of kernel sizes for each level."
            )


def _cropped(tensor, like):
    """A tensor without the rows and columns by which it is larger than another one."""
    extra = [
        0 if size is None else came - size
        for came, size in zip(tensor.shape[1:3], like.shape[1:3], strict=True)
    ]
    return layers.Cropping2D([(0, more) for more in extra])(tensor) if any(extra) else tensor


def _lecture_conv(tensor, filters, kernel_size):
    """The lecture's conv_bn_relu: with the bias that batch normalisation cancels."""
    tensor = layers.Conv2D(filters, kernel_size, padding="same")(tensor)
    return layers.ReLU()(layers.BatchNormalization()(tensor))


def _lecture_residual(tensor, filters, shortcut):
    for maps in filters:
        tensor = _lecture_conv(tensor, maps, 3)
    return layers.Add()([tensor, shortcut])
