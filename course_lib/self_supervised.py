"""Learning from images without labels: two views of each, a loss on pairs, and a linear probe.

Embeddings are rows of shape `(batch, width)`. Row `i` of `first` and row `i` of `second` belong to
one image: a positive pair. All other rows are its negatives.
"""

import keras
import numpy as np
from keras import layers, ops

from course_lib.arguments import integer, numeric_array, positive

MOMENTUM = 0.9  # Keras's 0.99 remembers the initial statistics for longer than we train
IMAGE_AXES = ("batch", "height", "width", "channels")


# --- two views of an image -----------------------------------------------------------------------


def augment_pair(images, seed=0, shift=1, contrast=0.3):
    """Return two views of each image, each shifted and made brighter or darker on its own.

    Whatever differs between the two views is what the network will learn not to see.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        seed: an integer, or a generator of NumPy's to go on drawing from.
        shift: a view is moved by whole pixels, from `-shift` to `shift` along each axis, all
            equally likely. What comes in from outside repeats the border.
        contrast: all numbers of a view are multiplied by one number, drawn between `1 - contrast`
            and `1 + contrast`.

    Returns:
        A pair of float32 arrays of the images' shape. Row `i` of both is made of image `i`; each
        view of each image has its own draws.

    Raises:
        ValueError: if `images` has another rank, `shift` is negative, or `contrast` is not between
            0 and 1.

    Example:
        >>> image = np.arange(4.0).reshape(1, 1, 4, 1)
        >>> first, second = augment_pair(image, seed=3, contrast=0)
        >>> first.ravel(), second.ravel()                  # one to the right; one to the left
        (array([0., 0., 1., 2.], dtype=float32), array([1., 2., 3., 3.], dtype=float32))

    Reference:
        Chen, Kornblith, Norouzi and Hinton (2020), A simple framework for contrastive learning of
        visual representations. Their views are crops with strong changes of colour.
    """
    images = numeric_array(images, "images", IMAGE_AXES)
    rng = np.random.default_rng(seed)
    return tuple(_view(images, rng, shift, contrast) for _ in range(2))


def turn_at_random(images, seed=0, degrees=25):
    """Turn each image about its middle, by an angle of its own.

    Args:
        images: array of shape `(batch, height, width, channels)`.
        seed: an integer, or a generator of NumPy's to go on drawing from.
        degrees: the angle is drawn between `-degrees` and `degrees`.

    Returns:
        A float32 array of the same shape, with values between pixels taken linearly.

    Raises:
        ValueError: if `images` has another rank, or `degrees` is negative.

    Example:
        >>> turn_at_random(np.ones((5, 8, 8, 1)), seed=0).shape
        (5, 8, 8, 1)
    """
    from scipy.ndimage import map_coordinates

    images = numeric_array(images, "images", IMAGE_AXES).astype(np.float32)
    batch, height, width, channels = images.shape
    angles = np.random.default_rng(seed).uniform(-1, 1, batch) * np.deg2rad(
        _at_least_zero(degrees, "degrees")
    )
    down, right = np.mgrid[:height, :width]
    down, right = down - (height - 1) / 2, right - (width - 1) / 2
    cos, sin = (f(angles)[:, np.newaxis, np.newaxis] for f in (np.cos, np.sin))
    rows = cos * down - sin * right + (height - 1) / 2
    columns = sin * down + cos * right + (width - 1) / 2
    whose = np.broadcast_to(np.arange(batch)[:, np.newaxis, np.newaxis], rows.shape)
    places = np.stack([whose, rows, columns])
    turned = [
        map_coordinates(images[..., c], places, order=1, mode="nearest") for c in range(channels)
    ]
    return np.stack(turned, axis=-1)


def turned_pair(images, seed=0, shift=1, contrast=0.3, degrees=25):
    """Return two views of each image as `augment_pair` does, each also turned on its own.

    Example:
        >>> first, second = turned_pair(np.ones((5, 8, 8, 1)), seed=0)
        >>> first.shape, second.shape
        ((5, 8, 8, 1), (5, 8, 8, 1))
    """
    rng = np.random.default_rng(seed)
    first, second = augment_pair(images, rng, shift, contrast)
    return turn_at_random(first, rng, degrees), turn_at_random(second, rng, degrees)


def _view(images, rng, shift, contrast):
    batch, height, width, _ = images.shape
    shift, contrast = integer(shift, "shift", minimum=0), _share(contrast)
    wide = ((0, 0), (shift, shift), (shift, shift), (0, 0))
    padded = np.pad(images, wide, mode="edge")
    starts = rng.integers(0, 2 * shift + 1, (batch, 2))
    cut = [
        image[row : row + height, column : column + width]
        for image, (row, column) in zip(padded, starts, strict=True)
    ]
    factors = rng.uniform(1 - contrast, 1 + contrast, (batch, 1, 1, 1))
    return (np.reshape(cut, images.shape) * factors).astype(np.float32)


def _share(contrast):
    if not isinstance(contrast, (int, float)) or not 0 <= contrast < 1:
        raise ValueError(
            f"contrast must be a number of at least 0 and below 1; got {contrast!r}. At 1 a view "
            "could be black all over. Write contrast=0.3."
        )
    return float(contrast)


def _at_least_zero(value, name):
    if not isinstance(value, (int, float)) or not 0 <= value < np.inf:
        raise ValueError(f"{name} must be a number of at least 0; got {value!r}.")
    return float(value)


# --- the loss ------------------------------------------------------------------------------------


def nt_xent(first, second, temperature=0.5):
    """Return the contrastive loss of a batch: to find each row's partner among all other rows.

    It is the cross-entropy of a choice among `2 * batch - 1` rows, of which one is right. The
    scores are cosine similarities divided by the temperature.

    Args:
        first: tensor of shape `(batch, width)`, the embeddings of the first views.
        second: tensor of the same shape, those of the second views, in the same order.
        temperature: the smaller, the more the nearest negatives count.

    Returns:
        A tensor without axes, the mean over all `2 * batch` rows, those of `first` and those of
        `second`. Lengths of embeddings make no difference; a row is never compared with itself.

    Raises:
        ValueError: if the shapes differ or have not two axes, or `temperature` is not above 0.

    Example:
        >>> rows = np.eye(2, dtype="float32")           # two images, at right angles
        >>> loss = nt_xent(rows, rows, temperature=1)   # -log(e / (e + 1 + 1)) = log(e + 2) - 1
        >>> round(float(loss), 4)
        0.5514

    Reference:
        Chen et al. (2020), equation 1 and algorithm 1.
    """
    temperature = positive(temperature, "temperature")
    first, second = ops.convert_to_tensor(first), ops.convert_to_tensor(second)
    if len(first.shape) != 2 or tuple(first.shape) != tuple(second.shape):
        raise ValueError(
            "first and second must both have the shape (batch, width); got "
            f"{tuple(first.shape)} and {tuple(second.shape)}."
        )
    rows = unit_length(ops.concatenate([first, second], axis=0))
    count = ops.shape(first)[0]
    scores = ops.matmul(rows, ops.transpose(rows)) / temperature
    scores = ops.where(ops.eye(2 * count, dtype="bool"), -1e9, scores)  # not with itself
    partners = ops.concatenate([ops.arange(count, 2 * count), ops.arange(count)], axis=0)
    entropy = keras.losses.sparse_categorical_crossentropy
    return ops.mean(entropy(partners, scores, from_logits=True))


def unit_length(rows):
    """Return rows divided by their lengths, so that products of two are cosines.

    Example:
        >>> np.array(unit_length(np.array([[3.0, 4.0]])))
        array([[0.6, 0.8]])
    """
    squares = ops.sum(ops.square(rows), axis=-1, keepdims=True)
    return rows / ops.sqrt(ops.maximum(squares, 1e-12))


def nt_xent_loops(first, second, temperature=0.5):
    """Return the same loss by the formula, term by term: slow, and easy to compare with the paper.

    Example:
        >>> rows = np.eye(2)
        >>> round(nt_xent_loops(rows, rows, temperature=1), 6)
        0.551445
    """
    rows = np.concatenate([first, second]).astype(float)
    count, total = len(first), 0.0
    for i in range(2 * count):
        partner = (i + count) % (2 * count)
        terms = {}
        for k in range(2 * count):
            if k != i:
                cosine = rows[i] @ rows[k] / np.sqrt((rows[i] @ rows[i]) * (rows[k] @ rows[k]))
                terms[k] = np.exp(cosine / temperature)
        total -= np.log(terms[partner] / sum(terms.values()))
    return float(total / (2 * count))


# --- networks and training -----------------------------------------------------------------------


def small_encoder(tensor, filters=(32, 64)):
    """Build a small encoder: two convolutions a level, pooling between levels, then the mean.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: of each level; the last is the number of features.

    Returns:
        A tensor of shape `(batch, filters[-1])`.

    Example:
        >>> small_encoder(keras.Input((8, 8, 1))).shape
        (None, 64)
    """
    for level, maps in enumerate(filters):
        if level:
            tensor = layers.MaxPooling2D(2, padding="same")(tensor)
        for _ in range(2):
            conv = layers.Conv2D(
                maps, 3, padding="same", use_bias=False, kernel_initializer="he_normal"
            )
            tensor = layers.BatchNormalization(momentum=MOMENTUM)(conv(tensor))
            tensor = layers.ReLU()(tensor)
    return layers.GlobalAveragePooling2D()(tensor)


def pretrain(
    encoder,
    images,
    epochs=30,
    batch_size=64,
    learning_rate=0.003,
    temperature=0.5,
    width=32,
    augment=turned_pair,
    seed=0,
):
    """Train an encoder in place, without labels, by pulling two views of each image together.

    A small network of two dense layers, the projection head, stands between the features and the
    loss. It is thrown away: the features before it serve better.

    Args:
        encoder: a `keras.Model` that makes features, of shape `(batch, features)`, or maps, of
            which the mean over height and width is taken. With several outputs the last counts.
        images: array of shape `(count, height, width, channels)`, as the encoder takes them.
        epochs: how often all images are gone through, two views of each. In an epoch those sit out
            that do not fill a batch.
        batch_size: images in a step: each has `2 * batch_size - 2` negatives.
        learning_rate: of Adam.
        temperature: of `nt_xent`.
        width: of the embeddings behind the projection head.
        augment: a function of images and a generator that returns two views, such as
            `augment_pair`.
        seed: of the order, the views and the projection head.

    Returns:
        A dictionary `{"loss": [...]}` with one number an epoch.

    Raises:
        ValueError: if there are fewer than two images: one alone has no negatives.

    Example:
        >>> from course_lib.data import digits
        >>> from course_lib.models import as_model
        >>> model = as_model(small_encoder, (8, 8, 1), filters=(4, 8))
        >>> loss = pretrain(model, digits()[0][:64], epochs=3, batch_size=32)["loss"]
        >>> loss[-1] < loss[0]
        True
    """
    images = numeric_array(images, "images", IMAGE_AXES)
    batch_size = min(integer(batch_size, "batch_size", minimum=2), len(images))
    if batch_size < 2:
        raise ValueError(
            f"images must be at least two, since the others are an image's negatives; got "
            f"{len(images)}."
        )
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model = _with_projection(encoder, width)

    def loss(_, rows):
        return nt_xent(*ops.split(rows, 2, axis=0), temperature)

    model.compile(keras.optimizers.Adam(learning_rate), loss)
    model.optimizer.build(model.trainable_variables)  # spares a trace
    losses = []
    for _ in range(integer(epochs, "epochs")):
        order = rng.permutation(len(images))[: len(images) // batch_size * batch_size]
        first, second = augment(images[order], rng)
        # A step's batch: all first views, then all second views, in the same order.
        steps = [
            part[start : start + batch_size]
            for start in range(0, len(order), batch_size)
            for part in (first, second)
        ]
        views = np.concatenate(steps)
        settings = {"batch_size": 2 * batch_size, "shuffle": False, "verbose": 0}
        history = model.fit(views, np.zeros(len(views)), **settings)
        losses.append(float(history.history["loss"][0]))
    return {"loss": losses}


def _with_projection(encoder, width):
    features = _as_rows(encoder.outputs[-1])
    hidden = layers.Dense(features.shape[-1], activation="relu")(features)
    return keras.Model(encoder.inputs, layers.Dense(integer(width, "width"))(hidden))


def _as_rows(features):
    if len(features.shape) == 4:
        return ops.mean(features, axis=(1, 2))
    return features


# --- what the features are worth -----------------------------------------------------------------


def embed(encoder, images, batch_size=256):
    """Return the features of images, by an encoder that is left as it is.

    Batch normalisation uses its moving statistics, so that images do not depend on each other.

    Example:
        >>> from course_lib.models import as_model
        >>> embed(as_model(small_encoder, (8, 8, 1)), np.ones((3, 8, 8, 1))).shape
        (3, 64)
    """
    images = numeric_array(images, "images", IMAGE_AXES).astype(np.float32)
    parts = []
    for start in range(0, len(images), batch_size):
        features = encoder(images[start : start + batch_size], training=False)
        features = features[-1] if isinstance(features, (list, tuple)) else features
        parts.append(np.array(_as_rows(features)))
    return np.concatenate(parts)


def few_labels(labels, each, seed=0):
    """Return the places of so many examples of each class, drawn at random.

    Example:
        >>> few_labels([0, 1, 1, 0, 0, 1], each=2, seed=0)
        array([3, 4, 5, 1])

    Raises:
        ValueError: if a class has fewer.
    """
    labels, rng = np.asarray(labels), np.random.default_rng(seed)
    kinds, counts = np.unique(labels, return_counts=True)
    if counts.min() < integer(each, "each"):
        raise ValueError(
            f"each must be at most {counts.min()}: class {kinds[counts.argmin()]} has no more; "
            f"got {each}."
        )
    return np.concatenate([rng.choice(np.flatnonzero(labels == k), each, False) for k in kinds])


def linear_probe(train_features, train_labels, features, labels, penalty=1.0):
    """Return how well a linear classifier reads labels from features that are not trained.

    If a linear classifier can tell the classes apart, the features had them apart already.

    Args:
        train_features: array of shape `(count, width)`, from which the classifier learns.
        train_labels: integers of shape `(count,)`.
        features: array of shape `(others, width)`, on which it is judged.
        labels: integers of shape `(others,)`.
        penalty: half of it times the squared weights is added to the summed cross-entropy, so that
            few labels do not make huge weights.

    Returns:
        A float: the share of `labels` that a softmax classifier gets right, trained to the end on
        features of mean 0 and deviation 1. Mean and deviation are those of `train_features`, for
        both. A feature that never changes counts for nothing.

    Raises:
        ValueError: if widths differ, there is not one label for each row, or there is one class
            only.

    Example:
        >>> rows = np.array([[0.0, 5.0], [1.0, 5.0], [9.0, 5.0], [10.0, 5.0]])
        >>> linear_probe(rows, [0, 0, 1, 1], [[2.0, 5.0], [8.0, 5.0]], [0, 0])
        0.5

    Reference:
        Zhang, Isola and Efros (2016), Colorful image colorization, judged features in this way.
    """
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    known, kinds = _rows_and_labels(train_features, train_labels, "train_")
    unseen, labels = _rows_and_labels(features, labels)
    _check_probe(known, kinds, unseen)
    mean, deviation = known.mean(axis=0), known.std(axis=0)
    deviation[deviation < 1e-6] = np.inf
    known, unseen = (_with_ones((rows - mean) / deviation) for rows in (known, unseen))
    classes, places = np.unique(kinds, return_inverse=True)
    target = np.eye(len(classes))[places]

    def loss(flat):
        weights = flat.reshape(-1, len(classes))
        logs = log_softmax(known @ weights, axis=1)
        pulled = penalty * weights
        pulled[-1] = 0  # biases are free
        gradient = known.T @ (np.exp(logs) - target) + pulled
        return np.sum(weights * pulled) / 2 - np.sum(target * logs), gradient.ravel()

    start = np.zeros(known.shape[1] * len(classes))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    guessed = classes[np.argmax(unseen @ found.x.reshape(-1, len(classes)), axis=1)]
    return float(np.mean(guessed == labels))


def _with_ones(rows):
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)


def _rows_and_labels(features, labels, prefix=""):
    rows = numeric_array(features, f"{prefix}features", ("count", "width")).astype(float)
    labels = numeric_array(labels, f"{prefix}labels", ("count",))
    if len(rows) != len(labels):
        raise ValueError(
            f"{prefix}labels must have one entry for each row of {prefix}features; got "
            f"{len(labels)} for {len(rows)}."
        )
    return rows, labels


def _check_probe(known, kinds, unseen):
    if known.shape[1] != unseen.shape[1]:
        raise ValueError(
            f"train_features have width {known.shape[1]} and features {unseen.shape[1]}: make both "
            "with one encoder."
        )
    if len(np.unique(kinds)) < 2:
        raise ValueError(
            "train_labels must hold two classes or more; got one or none. Draw labels of each "
            "class, for example with few_labels."
        )
