"""Segment with few labels: an encoder that taught itself, and a head that learns from clicks.

Pages are `(batch, height, width, channels)`. What is known of them is `(batch, height, width)`:
the class of a pixel that somebody clicked, and -1 for all the others. `capstone_pages` draws them.
"""

import keras
import numpy as np
from keras import layers, ops

from course_lib.arguments import integer, numeric_array, positive
from course_lib.models import as_model
from course_lib.self_supervised import nt_xent

MOMENTUM = 0.9
AXES = ("batch", "height", "width", "channels")
CROP, SHIFT, FACTOR = 16, 8, 4  # the encoder's features have a quarter of the page's size
STEPS, BATCH, RATE = 150, 100, 7e-3  # of the pretraining
HEAD_STEPS, HEAD_RATE = 100, 0.03


# --- without labels ------------------------------------------------------------------------------


def crop_pairs(pages, count, size=CROP, shift=SHIFT, seed=0):
    """Cut pairs of squares out of pages, the two of a pair near each other on one page.

    What is near is mostly of one class, and it is not the same picture. That is all the network
    gets to know about classes.

    Args:
        pages: array of shape `(batch, height, width, channels)`.
        count: how many pairs.
        size: pixels along a side of each square.
        shift: the second square lies at most this many pixels from the first, along each axis,
            and inside the page; all such places are equally likely.
        seed: an integer; equal seeds give equal pairs.

    Returns:
        An array of shape `(count, 2, size, size, channels)` and of the pages' type. The page of
        each pair and the place of its first square are drawn at random, all equally likely.

    Raises:
        ValueError: if a page is smaller than a square, or an argument is of the wrong kind.

    Example:
        >>> pages = np.arange(64.0).reshape(1, 8, 8, 1)
        >>> pair = crop_pairs(pages, count=1, size=2, shift=1)[0, ..., 0]
        >>> pair[0], pair[1]                                          # 1 column further left
        (array([[44., 45.],
               [52., 53.]]), array([[43., 44.],
               [51., 52.]]))

    Reference:
        What neighbouring squares teach: Doersch, Gupta and Efros (2015). Their network says how
        two of them lie to each other; here near ones are to get features that are alike.
    """
    pages = numeric_array(pages, "pages", AXES)
    count, size = integer(count, "count"), integer(size, "size")
    shift = integer(shift, "shift", minimum=0)
    batch, height, width, channels = pages.shape
    if size > min(height, width):
        raise ValueError(
            f"pages are {height} x {width} pixels: a square of {size} does not fit. "
            "Ask for a smaller size."
        )
    rng = np.random.default_rng(seed)
    last = np.array([height - size, width - size])
    numbers = rng.integers(batch, size=count)
    first = rng.integers(last + 1, size=(count, 2))
    second = rng.integers(np.maximum(first - shift, 0), np.minimum(first + shift, last) + 1)
    pairs = np.empty((count, 2, size, size, channels), pages.dtype)
    for pair, number, *corners in zip(pairs, numbers, first, second, strict=True):
        for square, (row, column) in zip(pair, corners, strict=True):
            square[:] = pages[number, row : row + size, column : column + size]
    return pairs


def distort(squares, seed=0):
    """Give each square another brightness and contrast, and some noise.

    A region's brightness and contrast say nothing about its class. Where they say nothing about
    the partner either, the network learns to look away from them.

    Args:
        squares: array of shape `(..., height, width, channels)`.
        seed: an integer; equal seeds give equal numbers.

    Returns:
        A float32 array of the same shape.

    Example:
        >>> distort(np.ones((1, 2, 2, 1)), seed=0)[0, :, :, 0].round(2)     # its mean is removed
        array([[-0.1 , -0.21],
               [-0.34, -0.16]], dtype=float32)
    """
    rng, squares = np.random.default_rng(seed), np.asarray(squares)
    each = (*squares.shape[:-3], 1, 1, 1)
    squares = squares - squares.mean(axis=(-3, -2, -1), keepdims=True)
    squares = squares * rng.uniform(0.6, 1.6, each) + rng.uniform(-0.5, 0.5, each)
    return (squares + rng.normal(0, 0.2, squares.shape)).astype(np.float32)


def pair_loss(_, embeddings, temperature=0.2):
    """Return NT-Xent of a batch of pairs, in the form that `compile` takes.

    Args:
        _: what the loss is given as truth; there is none.
        embeddings: tensor of shape `(batch, 2, width)`.
        temperature: what cosines are divided by.

    Example:
        >>> rows = np.float32([[[1, 0], [1, 0]], [[0, 1], [0, 1]]])
        >>> round(float(pair_loss(None, rows, temperature=1)), 3)     # ln(e + 2) - 1
        0.551

    Reference:
        Chen, Kornblith, Norouzi and Hinton (2020), A simple framework for contrastive learning.
    """
    return nt_xent(embeddings[:, 0], embeddings[:, 1], temperature)


def encoder(tensor, filters=(16, 32, 48)):
    """Build a fully convolutional encoder: its features have a quarter of the page's size.

    Args:
        tensor: of shape `(batch, height, width, channels)`; sizes divide by 4.
        filters: of its three convolutions. After the first two the size is halved.

    Example:
        >>> encoder(keras.Input((64, 64, 1))).shape
        (None, 16, 16, 48)
    """
    for number, maps in enumerate(filters):
        convolve = layers.Conv2D(maps, 3, padding="same", use_bias=False)
        tensor = layers.BatchNormalization(momentum=MOMENTUM)(convolve(tensor))
        tensor = layers.ReLU()(tensor)
        if number < 2:
            tensor = layers.MaxPooling2D(2)(tensor)
    return tensor


def pretrain(pages, seed=0, steps=STEPS, batch=BATCH):
    """Return an encoder that has learnt, from pages without labels, which places belong together.

    Args:
        pages: array of shape `(batch, height, width, channels)`.
        seed: of the weights, the squares and the distortions.
        steps: of the optimiser; each sees new pairs.
        batch: pairs in a step.

    Returns:
        A `keras.Model` that takes pages, or squares, of any size that divides by 4. The dense
        layers on top of it, which only the loss needs, are thrown away.

    Example:
        >>> pretrain(np.zeros((1, 32, 32, 1)), steps=1, batch=2).output_shape
        (None, None, None, 48)
    """
    keras.utils.set_random_seed(seed)
    count = integer(steps, "steps") * integer(batch, "batch")
    pairs = distort(crop_pairs(pages, count, seed=seed), seed)
    network = as_model(encoder, (None, None, pairs.shape[-1]))
    views = keras.Input(pairs.shape[1:])
    head = keras.Sequential(
        [
            layers.GlobalAveragePooling2D(),
            layers.Dense(64, use_bias=False),
            layers.BatchNormalization(momentum=MOMENTUM),
            layers.ReLU(),
            layers.Dense(32, use_bias=False),
            layers.BatchNormalization(momentum=MOMENTUM),
        ]
    )
    embeddings = ops.stack([head(network(views[:, view])) for view in (0, 1)], axis=1)
    model = keras.Model(views, embeddings)
    model.compile(keras.optimizers.Adam(RATE), pair_loss)
    model.optimizer.build(model.trainable_variables)  # spares a trace
    model.fit(pairs, np.zeros(count), batch_size=batch, epochs=1, verbose=0)
    return network


# --- with a few labels ---------------------------------------------------------------------------


def point_loss(truth, prediction):
    """Return the mean cross-entropy of the pixels that somebody clicked; the others do not count.

    Args:
        truth: tensor of shape `(batch, height, width)`, the class of each clicked pixel, and -1
            where nobody clicked. Keras hands it over as floating-point numbers.
        prediction: tensor of shape `(batch, height, width, classes)`, of probabilities.

    Returns:
        A tensor without axes: the sum over the batch's clicked pixels, of minus the logarithm of
        the probability of the clicked class, divided by their number; 0 where there is none.

    Raises:
        ValueError: if `truth` does not have the shape of `prediction` without its classes.

    Example:
        >>> truth = np.array([[[0, -1, 1, -1]]])
        >>> prediction = np.array([[[[0.5, 0.5], [0.9, 0.1], [0.75, 0.25], [0.2, 0.8]]]])
        >>> round(float(point_loss(truth, prediction)), 4)            # (ln 2 + ln 4) / 2
        1.0397

    Reference:
        Bearman et al. (2016). Theirs adds terms for what an image does and does not contain.
    """
    if len(truth.shape) != 3 or len(prediction.shape) != 4:
        raise ValueError(
            "truth must be (batch, height, width) and prediction have an axis of classes "
            f"after these; got {tuple(truth.shape)} and {tuple(prediction.shape)}."
        )
    truth = ops.cast(truth, "int32")
    clicked = ops.cast(truth >= 0, prediction.dtype)
    # A class of -1 has no probability: it is looked up as class 0, and weighs nothing.
    losses = keras.losses.sparse_categorical_crossentropy(ops.maximum(truth, 0), prediction)
    return ops.sum(losses * clicked) / ops.maximum(ops.sum(clicked), 1)


def segmenter(encoder, classes):
    """Return a model that tells the class of each pixel from the features of a ready encoder.

    The encoder is frozen: a handful of clicks would move its weights to wherever these clicks
    are right. What is left to learn is one 1x1 convolution.

    Args:
        encoder: a `keras.Model` from pages `(batch, height, width, channels)` to features, whose
            height and width are the page's divided by 4.
        classes: of each pixel.

    Returns:
        A `keras.Model`, not compiled, from pages of any size that the encoder takes to
        probabilities of shape `(batch, height, width, classes)`: the mean of 3x3 features, a 1x1
        convolution, bilinear upsampling to the page's size, a softmax. It holds the encoder
        itself and not a copy, run in inference mode; only the convolution's weights are
        trainable.

    Raises:
        ValueError: if `classes` is not an integer of at least 2.

    Example:
        >>> model = segmenter(as_model(encoder, (None, None, 1)), classes=6)
        >>> model.compute_output_shape((2, 64, 64, 1)), len(model.trainable_weights)
        ((2, 64, 64, 6), 2)
    """
    encoder.trainable = False
    pages = keras.Input(encoder.input_shape[1:])
    # training=False: the moving averages of batch normalisation belong to the frozen encoder.
    features = encoder(pages, training=False)
    features = layers.AveragePooling2D(3, strides=1, padding="same")(features)
    scores = layers.Conv2D(integer(classes, "classes", 2), 1, name="scores")(features)
    scores = layers.UpSampling2D(FACTOR, interpolation="bilinear")(scores)
    return keras.Model(pages, layers.Softmax()(scores))


def fit_points(model, pages, points, steps=HEAD_STEPS, learning_rate=HEAD_RATE):
    """Train a model on clicks, all pages in each step, and return the losses.

    Example:
        >>> model = segmenter(as_model(encoder, (None, None, 1)), classes=2)
        >>> points = np.full((1, 8, 8), -1)
        >>> points[0, 4, 4] = 1
        >>> losses = fit_points(model, np.ones((1, 8, 8, 1)), points, steps=5)
        >>> losses[-1] < losses[0]
        True
    """
    model.compile(keras.optimizers.Adam(positive(learning_rate, "learning_rate")), point_loss)
    model.optimizer.build(model.trainable_variables)  # spares a trace
    steps = integer(steps, "steps")
    return model.fit(pages, points, batch_size=len(pages), epochs=steps, verbose=0).history["loss"]


def segment(unlabelled, pages, points, hidden, classes=6, seed=0):
    """Segment pages, given many others without a label and a few with some clicks.

    Args:
        unlabelled: array of shape `(many, height, width, channels)`.
        pages: array of shape `(few, height, width, channels)`.
        points: integers of shape `(few, height, width)`: the class of a clicked pixel, else -1.
        hidden: array of pages to segment.
        classes: how many there are.
        seed: an integer.

    Returns:
        Integers of shape `(number of hidden pages, height, width)`.

    Raises:
        ValueError: if nothing is clicked, or `points` does not belong to `pages`.

    Example:
        >>> from course_lib import capstone_pages as made                      # doctest: +SKIP
        >>> pages, masks = made.pages(5, seed=1)                               # doctest: +SKIP
        >>> unlabelled, _ = made.pages(200, seed=2)                            # doctest: +SKIP
        >>> hidden, _ = made.pages(30, seed=3, unseen=True)                    # doctest: +SKIP
        >>> segment(unlabelled, pages, made.click(masks), hidden).shape        # doctest: +SKIP
        (30, 64, 64)
    """
    points = numeric_array(points, "points", AXES[:3])
    if points.shape != np.shape(pages)[:3] or not (points >= 0).any():
        raise ValueError(
            f"points must have the pages' shape {np.shape(pages)[:3]} and hold a class "
            f"where somebody clicked; got {points.shape} with {(points >= 0).sum()} clicks."
        )
    model = segmenter(pretrain(unlabelled, seed), classes)
    fit_points(model, pages, points)
    return model.predict(hidden, verbose=0).argmax(axis=-1)
