"""UNet: an encoder and a decoder with skips between them; how well masks agree; training.

Masks are integers of shape `(batch, height, width)`. Networks give probabilities of shape
`(batch, height, width, classes)`: one class is the probability of a foreground. Level 0 is the
finest: it has the input's size, and level `i` has it divided by `2**i`, rounded up.
"""

import keras
import numpy as np
from keras import layers, ops

from course_lib.arguments import integer, numeric_array, positive

MOMENTUM = 0.9  # Keras's 0.99 remembers the initial statistics for longer than we train
MASK_AXES = ("batch", "height", "width")


def unet(tensor, filters=(8, 16, 32), classes=1, skips=True, batch_norm=True):
    """Build a UNet: what the encoder saw at each size is handed to the decoder at that size.

    The deepest level sees the most and knows least where it is: one of its pixels stands for
    `2**depth` of the input's along each axis. The skips bring back the places.

    Args:
        tensor: of shape `(batch, height, width, channels)`, of any height and width.
        filters: of each level, the finest first; the last entry is the bottom's. Its length less
            one is the number of poolings, the depth.
        classes: how many probabilities a pixel gets; 1 for foreground against background.
        skips: whether the encoder's features are joined to the decoder's, or a tuple with a
            truth value for each level but the bottom, the finest first.
        batch_norm: normalise after each convolution, before its ReLU. The paper has none.

    Returns:
        A tensor of shape `(batch, height, width, classes)` of probabilities: by a sigmoid for one
        class, else by a softmax. Where a size is odd, pooling rounds up and the decoder cuts the
        surplus row or column off again.

    Raises:
        ValueError: if there are fewer than two levels, or not one entry of `skips` for each level
            but the bottom.

    Example:
        >>> unet(keras.Input((50, 75, 3)), filters=(8, 16), classes=4).shape
        (None, 50, 75, 4)

    Reference:
        Ronneberger, Fischer and Brox (2015), U-Net: convolutional networks for biomedical image
        segmentation. There convolutions are valid, and skips are cut: `original_unet`.
    """
    filters = _filters(filters)
    joined = _joined(skips, len(filters) - 1)
    tensor = double_conv(tensor, filters[0], batch_norm, level=0)
    features = []
    for level, maps in enumerate(filters[1:], start=1):
        features.append(tensor)
        # "same": of an odd size the last row and column are pooled too.
        tensor = layers.MaxPooling2D(2, padding="same", name=f"pool_{level}")(tensor)
        tensor = double_conv(tensor, maps, batch_norm, level)
    for level in reversed(range(len(filters) - 1)):
        up = layers.Conv2DTranspose(filters[level], 2, strides=2, name=f"up_{level}")
        tensor = up(tensor)
        tensor = cut_to(tensor, features[level])
        if joined[level]:
            tensor = layers.Concatenate(name=f"skip_{level}")([features[level], tensor])
        tensor = double_conv(tensor, filters[level], batch_norm, level, "decoder")
    return probabilities(tensor, classes)


def double_conv(tensor, filters, batch_norm=True, level=0, part="encoder", padding="same"):
    """Convolve twice with 3x3 kernels, each followed by a ReLU.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: of both convolutions.
        batch_norm: normalise before each ReLU, and spare the bias.
        level: for the layers' names.
        part: likewise.
        padding: `"same"`, or `"valid"` as in the paper.

    Example:
        >>> double_conv(keras.Input((16, 16, 3)), 8, padding="valid").shape    # 16 - 2 - 2
        (None, 12, 12, 8)
    """
    for number in (1, 2):
        name = f"{part}_{level}_conv_{number}"
        tensor = layers.Conv2D(
            filters,
            3,
            padding=padding,
            use_bias=not batch_norm,
            kernel_initializer="he_normal",
            name=name,
        )(tensor)
        if batch_norm:
            tensor = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(tensor)
        tensor = layers.ReLU(name=f"{name}_relu")(tensor)
    return tensor


def cut_to(larger, like):
    """Cut surplus rows and columns at the end of a tensor, so that it is as large as another.

    A size that is not known yet (`None`) is left alone: such a network takes multiples of
    `2**depth` only.

    Example:
        >>> cut_to(keras.Input((26, 20, 8)), keras.Input((25, 20, 3))).shape
        (None, 25, 20, 8)
    """
    sizes = zip(larger.shape[1:3], like.shape[1:3], strict=True)
    surplus = [0 if None in both else both[0] - both[1] for both in sizes]
    if not any(surplus):
        return larger
    return layers.Cropping2D([(0, number) for number in surplus])(larger)


def probabilities(tensor, classes=1):
    """Turn features into the probabilities of each pixel's classes, by a 1x1 convolution.

    Example:
        >>> probabilities(keras.Input((8, 8, 16)), classes=3).shape
        (None, 8, 8, 3)
    """
    activation = "sigmoid" if integer(classes, "classes") == 1 else "softmax"
    return layers.Conv2D(classes, 1, activation=activation, name="probabilities")(tensor)


def original_unet(tensor, filters=(64, 128, 256, 512, 1024), classes=2):
    """Build the paper's network: valid convolutions, skips cut in the middle, no normalisation.

    Every valid convolution takes a row and a column off each side, so that no pixel of the output
    has seen padding. The output is smaller than the input: 388x388 pixels of 572x572.

    Args:
        tensor: of shape `(batch, height, width, channels)`; at each pooling sizes must be even.
        filters: of each level, the finest first.
        classes: of the softmax; 1 gives a sigmoid.

    Returns:
        A tensor of probabilities.

    Raises:
        ValueError: if a size is odd where it is pooled, or too small.

    Example:
        >>> original_unet(keras.Input((572, 572, 1))).shape
        (None, 388, 388, 2)

    Reference:
        Ronneberger, Fischer and Brox (2015), figure 1. The paper's dropout at the bottom has no
        weights and is left out here.
    """
    filters, features = _filters(filters), []
    tensor = double_conv(tensor, filters[0], False, padding="valid")
    for level, maps in enumerate(filters[1:], start=1):
        features.append(tensor)
        if any(size % 2 or size < 10 for size in tensor.shape[1:3]):
            raise ValueError(
                f"at level {level - 1} the features are "
                f"{tensor.shape[1]} x {tensor.shape[2]} pixels: both must be even and "
                "at least 10. Try 572 x 572, or 16 pixels more."
            )
        tensor = layers.MaxPooling2D(2)(tensor)
        tensor = double_conv(tensor, maps, False, level, padding="valid")
    for level in reversed(range(len(filters) - 1)):
        tensor = layers.Conv2DTranspose(filters[level], 2, strides=2)(tensor)
        skip = _middle(features[level], tensor)
        tensor = layers.Concatenate()([skip, tensor])
        tensor = double_conv(tensor, filters[level], False, level, "decoder", "valid")
    return probabilities(tensor, classes)


# --- how well masks agree ------------------------------------------------------------------------


def iou(truth, prediction, threshold=0.5):
    """Return for each image the intersection of two masks over their union.

    Most of a picture is background, so the share of right pixels is high even for an empty mask.
    Intersection over union does not count the background that both agree on.

    Args:
        truth: array of masks, of shape `(batch, height, width)`: what is above 0 belongs to the
            object.
        prediction: array of the same shape, probabilities or masks.
        threshold: what is above it counts as the object in `prediction`.

    Returns:
        A float64 array of shape `(batch,)`, from 0 (nothing in common) to 1 (equal). Where both
        masks are empty it is 1.

    Raises:
        ValueError: if shapes differ, or are not those of masks. NumPy would broadcast
            `(1, 8, 8)` against `(1, 8, 8, 1)` without a word.

    Example:
        >>> truth = np.array([[[1, 1, 0, 0]]])
        >>> iou(truth, [[[0.1, 0.9, 0.8, 0.2]]])                      # 1 in both, 3 in either
        array([0.33333333])
    """
    truth, found = _masks(truth, prediction, threshold)
    both = np.sum(truth & found, axis=(1, 2))
    either = np.sum(truth | found, axis=(1, 2))
    return np.where(either == 0, 1.0, both / np.maximum(either, 1))


def dice(truth, prediction, threshold=0.5):
    """Return for each image twice the intersection of two masks over the sum of their areas.

    Example:
        >>> truth = np.array([[[1, 1, 0, 0]]])
        >>> dice(truth, [[[0.1, 0.9, 0.8, 0.2]]])                     # 2 * 1 / (2 + 2)
        array([0.5])
    """
    value = iou(truth, prediction, threshold)
    return 2 * value / (1 + value)


def mean_iou(truth, prediction, classes):
    """Return the intersection over union of each class over all images, and their mean.

    Args:
        truth: integers of shape `(batch, height, width)`.
        prediction: the same, or probabilities of shape `(batch, height, width, classes)`.
        classes: how many there are, the background among them.

    Returns:
        A tuple `(each, mean)`: an array of shape `(classes,)`, NaN for a class that occurs in
        neither, and the mean of the others.

    Raises:
        ValueError: if shapes differ.

    Example:
        >>> each, mean = mean_iou([[[0, 0, 1, 2]]], [[[0, 1, 1, 1]]], classes=3)
        >>> each, round(mean, 3)                                      # 1/2, 1/3, 0/1
        (array([0.5       , 0.33333333, 0.        ]), 0.278)
    """
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if prediction.ndim == truth.ndim + 1:
        prediction = prediction.argmax(axis=-1)
    if truth.shape != prediction.shape:
        raise ValueError(f"masks must have one shape; got {truth.shape} and {prediction.shape}.")
    label = np.arange(integer(classes, "classes")).reshape(-1, *[1] * truth.ndim)
    axes = tuple(range(1, truth.ndim + 1))
    both = np.sum((truth == label) & (prediction == label), axis=axes)
    either = np.sum((truth == label) | (prediction == label), axis=axes)
    each = np.where(either > 0, both / np.maximum(either, 1), np.nan)
    return each, float(np.nanmean(each))


def border(masks, distance=2):
    """Return which pixels are near a place where a mask changes, at most `distance` steps away.

    Steps go to the left, right, up and down. The pixels on both sides of a change count as one
    step away.

    Example:
        >>> border([[[0, 0, 0, 1, 1, 1]]], distance=1).astype(int)
        array([[[0, 0, 1, 1, 0, 0]]])
    """
    masks = numeric_array(masks, "masks", MASK_AXES)
    near = _beside(masks, np.not_equal)
    for _ in range(integer(distance, "distance") - 1):
        near |= _beside(near, np.logical_or)
    return near


# --- training ------------------------------------------------------------------------------------


def dice_loss(truth, prediction, smooth=1.0):
    """Return for each image 1 less the Dice coefficient, with probabilities in place of counts.

    It weighs an object by its area and not the picture's: a small object counts as much as a
    large one. Without a threshold it has a gradient.

    Args:
        truth: tensor of shape `(batch, height, width, classes)` of zeros and ones.
        prediction: tensor of the same shape, of probabilities.
        smooth: added to numerator and denominator, so that two empty masks have loss 0 and not
            0 / 0.

    Returns:
        A tensor of shape `(batch,)`, each the mean over the classes of
        `1 - (2 * sum(truth * prediction) + smooth) / (sum(truth) + sum(prediction) + smooth)`,
        with sums over height and width.

    Raises:
        ValueError: if shapes differ.

    Example:
        >>> truth = np.reshape([1.0, 1, 0, 0], (1, 1, 4, 1))
        >>> prediction = np.reshape([0.5, 1, 0.5, 0], (1, 1, 4, 1))
        >>> float(dice_loss(truth, prediction, smooth=0)[0])          # 1 - 2 * 1.5 / (2 + 2)
        0.25

    Reference:
        Milletari, Navab and Ahmadi (2016), V-Net. There the denominator sums squares.
    """
    both, areas = _soft_areas(truth, prediction)
    return ops.mean(1 - (2 * both + smooth) / (areas + smooth), axis=-1)


def iou_loss(truth, prediction, smooth=1.0):
    """Return for each image 1 less intersection over union, with probabilities for counts.

    Of one image and one class it is small where `dice_loss` is small. Of a mean over images it
    makes another: it cares more for those that are nearly right.

    Args:
        truth: tensor of shape `(batch, height, width, classes)` of zeros and ones.
        prediction: tensor of the same shape, of probabilities.
        smooth: added to numerator and denominator.

    Returns:
        A tensor of shape `(batch,)`, each the mean over the classes.

    Raises:
        ValueError: if shapes differ.

    Example:
        >>> truth = np.reshape([1.0, 1, 0, 0], (1, 1, 4, 1))
        >>> prediction = np.reshape([0.5, 1, 0.5, 0], (1, 1, 4, 1))
        >>> float(iou_loss(truth, prediction, smooth=0)[0])           # 1 - 1.5 / (2 + 2 - 1.5)
        0.4

    Reference:
        Rahman and Wang (2016), Optimizing intersection-over-union in deep neural networks for
        image segmentation.
    """
    both, areas = _soft_areas(truth, prediction)
    return ops.mean(1 - (both + smooth) / (areas - both + smooth), axis=-1)


def segmentation_loss(truth, prediction):
    """Return for each image the mean cross-entropy of its pixels plus `dice_loss`.

    Cross-entropy tells each pixel the way from the first step on; Dice keeps small objects from
    being outvoted by the background.

    Example:
        >>> truth = np.reshape([1.0, 0.0], (1, 1, 2, 1))
        >>> right, wrong = segmentation_loss(truth, truth), segmentation_loss(truth, 1 - truth)
        >>> round(float(right[0]), 3), round(float(wrong[0]), 1)      # the clip of Keras: 16.1
        (0.0, 16.8)
    """
    truth = ops.cast(truth, prediction.dtype)
    binary = prediction.shape[-1] == 1
    entropy = keras.losses.binary_crossentropy if binary else keras.losses.categorical_crossentropy
    return ops.mean(entropy(truth, prediction), axis=(1, 2)) + dice_loss(truth, prediction)


def standardise(images, like=None):
    """Return images of mean 0 and deviation 1, by the numbers of `like` or else by their own.

    A network learns faster from such numbers. Validation and test images take the training
    set's numbers, `like`.

    Example:
        >>> standardise(np.array([2.0, 4.0])), standardise(np.array([5.0]), like=np.array([2.0, 4]))
        (array([-1.,  1.], dtype=float32), array([2.], dtype=float32))
    """
    like = images if like is None else like
    return ((images - np.mean(like)) / max(np.std(like), 1e-8)).astype(np.float32)


def one_hot(masks, classes):
    """Return masks as what a network with so many classes should give.

    Example:
        >>> one_hot([[[0, 2]]], 3)[0, 0], one_hot([[[0, 2]]], 1)[0, 0]
        (array([[1., 0., 0.],
               [0., 0., 1.]], dtype=float32), array([[0.],
               [1.]], dtype=float32))
    """
    masks = numeric_array(masks, "masks", MASK_AXES)
    if classes == 1:
        return (masks > 0).astype(np.float32)[..., np.newaxis]
    return (masks[..., np.newaxis] == np.arange(classes)).astype(np.float32)


def train_unet(
    model,
    images,
    masks,
    epochs=10,
    batch_size=16,
    learning_rate=0.003,
    seed=0,
    validation=None,
):
    """Train a segmentation network in place, and return how its loss fell.

    Args:
        model: a `keras.Model` that gives probabilities; its number of classes says how masks are
            read. It need not be compiled.
        images: array of shape `(batch, height, width, channels)`, standardised as those will be
            that it is used on.
        masks: integers of shape `(batch, height, width)`: with one class, what is above 0 is the
            foreground.
        epochs: how often all images are seen.
        batch_size: images in a step.
        learning_rate: of Adam.
        seed: of the order of the images, and of dropout where the model has any.
        validation: images and masks whose loss is measured after each epoch, `(images, masks)`.

    Returns:
        A dictionary of lists with one number an epoch: `"loss"`, cross-entropy plus `dice_loss`,
        and `"val_loss"` with `validation`.

    Raises:
        ValueError: if images and masks differ in number or size, or a mask has more classes than
            the model.

    Example:
        >>> from course_lib.data import scenes
        >>> from course_lib.models import as_model
        >>> images, masks = scenes(8, size=16)
        >>> model = as_model(unet, (16, 16, 3), filters=(4, 8))
        >>> sorted(train_unet(model, standardise(images), masks, epochs=2))
        ['loss']
    """
    targets = _targets(model, images, masks)
    if validation is not None:
        validation = (validation[0], _targets(model, *validation))
    keras.utils.set_random_seed(integer(seed, "seed", minimum=0))
    optimizer = keras.optimizers.Adam(positive(learning_rate, "learning_rate"))
    model.compile(optimizer, loss=segmentation_loss)
    model.optimizer.build(model.trainable_variables)  # spares a trace
    history = model.fit(
        images,
        targets,
        batch_size=integer(batch_size, "batch_size"),
        epochs=integer(epochs, "epochs"),
        validation_data=validation,
        verbose=0,
    )
    return history.history


def _soft_areas(truth, prediction):
    """Of each image and class, what both masks share and the sum of their areas."""
    if len(truth.shape) != 4 or tuple(truth.shape)[1:] != tuple(prediction.shape)[1:]:
        raise ValueError(
            "truth and prediction must have one shape (batch, height, width, classes); got "
            f"{tuple(truth.shape)} and {tuple(prediction.shape)}. "
            "Add a missing last axis with truth[..., np.newaxis]."
        )
    prediction = ops.convert_to_tensor(prediction)
    truth = ops.cast(truth, prediction.dtype)
    both = ops.sum(truth * prediction, axis=(1, 2))
    return both, ops.sum(truth, axis=(1, 2)) + ops.sum(prediction, axis=(1, 2))


def _targets(model, images, masks):
    images, masks, classes = np.asarray(images), np.asarray(masks), model.output_shape[-1]
    if images.ndim != 4 or masks.shape != images.shape[:3]:
        raise ValueError(
            "images must have the shape (batch, height, width, channels) and masks (batch, height, "
            f"width); got {images.shape} and {masks.shape}."
        )
    if classes > 1 and masks.max() >= classes:
        raise ValueError(
            f"a mask holds {masks.max()}, and the model has {classes} classes, from 0 to "
            f"{classes - 1}. Build it with classes={masks.max() + 1}."
        )
    return one_hot(masks, classes)


def _filters(filters):
    if not isinstance(filters, (list, tuple)) or len(filters) < 2:
        raise ValueError(
            f"filters must be a list with one entry a level, two at least; got {filters!r}. Write "
            "filters=(8, 16, 32)."
        )
    return tuple(integer(maps, "filters") for maps in filters)


def _joined(skips, depth):
    joined = (skips,) * depth if isinstance(skips, (bool, np.bool_)) else tuple(skips)
    if len(joined) != depth:
        raise ValueError(
            f"skips has {len(joined)} entries for {depth} levels above the bottom; give one for "
            "each, the finest first, or True or False for all."
        )
    return joined


def _middle(tensor, like):
    """Cut a tensor's middle out, as large as another; what is odd comes off at the end."""
    sizes = zip(tensor.shape[1:3], like.shape[1:3], strict=True)
    surplus = [first - second for first, second in sizes]
    return layers.Cropping2D([(number // 2, number - number // 2) for number in surplus])(tensor)


def _masks(truth, prediction, threshold):
    truth = numeric_array(truth, "truth", MASK_AXES)
    prediction = numeric_array(prediction, "prediction", MASK_AXES)
    if truth.shape != prediction.shape:
        raise ValueError(f"masks must have one shape; got {truth.shape} and {prediction.shape}.")
    return truth > 0, prediction > threshold


def _beside(values, compare):
    """Which pixels stand in a relation to a neighbour above, below, left or right."""
    found = np.zeros(values.shape, bool)
    for axis in (1, 2):
        count = values.shape[axis] - 1
        before, after = (values.take(np.arange(start, count + start), axis) for start in (0, 1))
        hit = compare(before, after)
        pad = np.zeros([1 if one == axis else size for one, size in enumerate(hit.shape)], bool)
        found |= np.concatenate([hit, pad], axis) | np.concatenate([pad, hit], axis)
    return found
