"""Multitask learning: one backbone, two heads, and a loss that leaves missing labels out.

An image has two labels. Its *kind* is a class, an integer from 0, or -1 where nobody wrote it
down. Its *quantity* is a number, or NaN where nobody measured it. The network answers both, with
the probabilities of the kinds and with the quantity.
"""

from numbers import Real

import keras
import numpy as np
from keras import layers, ops

from course_lib.arguments import integer, positive
from course_lib.batch_normalization import conv_bn_relu

TASKS = ("kind", "quantity")
SMALLEST = 1e-7  # a probability of 0 has no logarithm; Keras cuts at the same number


def multitask_model(tensor, classes=3, filters=(8, 16, 32)):
    """Build a network that answers two questions about an image: one backbone and two heads.

    What both tasks need is computed once. Each task then has a layer of its own: a softmax for
    the class, a linear unit for the quantity.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        classes: how many kinds there are.
        filters: of the backbone's levels, the finest first.

    Returns:
        A tuple `(kind, quantity)` of tensors: probabilities of shape `(batch, classes)`, and a
        number without bounds, of shape `(batch, 1)`. The layers that make them are named
        `"kind"` and `"quantity"`, the names by which `compile` gives each output its loss.

    Raises:
        ValueError: if there are fewer than two classes, or no filters, or an image is too small.

    Example:
        >>> kind, quantity = multitask_model(keras.Input((32, 32, 3)), classes=4)
        >>> kind.shape, quantity.shape
        ((None, 4), (None, 1))

    Reference:
        Caruana (1997), Multitask learning: hard parameter sharing.
    """
    features = backbone(tensor, filters)
    return kind_head(features, classes), quantity_head(features)


def backbone(tensor, filters=(8, 16, 32)):
    """Turn images into features: at each level a convolution, and a pooling before the next one.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: of the levels, the finest first.

    Returns:
        A tensor of shape `(batch, filters[-1])`, the mean of each of the last feature maps.

    Raises:
        ValueError: if there are no filters, the tensor is no batch of images, or these are too
            small to be halved between the levels.

    Example:
        >>> backbone(keras.Input((32, 48, 3)), filters=(8, 16)).shape
        (None, 16)
    """
    _check_images(tensor, filters)
    for level, maps in enumerate(filters):
        if level > 0:
            tensor = layers.MaxPooling2D(2)(tensor)
        tensor = conv_bn_relu(tensor, maps)
    return layers.GlobalAveragePooling2D(name="features")(tensor)


def kind_head(features, classes=3):
    """Turn features into the probabilities of the kinds.

    Example:
        >>> kind_head(keras.Input((16,)), classes=4).shape
        (None, 4)
    """
    classes = integer(classes, "classes", minimum=2)
    return layers.Dense(classes, activation="softmax", name="kind")(features)


def quantity_head(features):
    """Turn features into a number, which may be negative: there is no activation.

    Example:
        >>> quantity_head(keras.Input((16,))).shape
        (None, 1)
    """
    return layers.Dense(1, name="quantity")(features)


def single_task_model(tensor, task, classes=3, filters=(8, 16, 32)):
    """Build the same network with one head: what sharing is compared with.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        task: `"kind"` or `"quantity"`.
        classes: how many kinds there are.
        filters: of the backbone's levels.

    Returns:
        The tensor of this head.

    Raises:
        ValueError: if the task is another.

    Example:
        >>> single_task_model(keras.Input((32, 32, 3)), "quantity").shape
        (None, 1)
    """
    if task not in TASKS:
        raise ValueError(f'task must be "kind" or "quantity"; got {task!r}.')
    features = backbone(tensor, filters)
    return kind_head(features, classes) if task == "kind" else quantity_head(features)


# --- the loss ------------------------------------------------------------------------------------


def multitask_loss(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    """Return the weighted sum of two losses, each the mean over the labels that are there.

    A label that is missing must leave no trace, neither in the loss nor in its gradient. To
    multiply by zero is not enough: zero times NaN is NaN.

    Args:
        kinds: integers of shape `(batch,)`, -1 (or any negative number) where the label is
            missing.
        quantities: numbers of shape `(batch,)`, NaN where the label is missing.
        probabilities: of the kinds, of shape `(batch, classes)`.
        predicted: quantities, of shape `(batch, 1)` as the network gives them, or `(batch,)`.
        weights: of the cross-entropy and of the squared error.

    Returns:
        A scalar tensor:
        `weights[0] * mean(-log(probability of the kind)) + weights[1] * mean((predicted -
        quantity) ** 2)`. Where a batch has no label of a task, that task adds 0, and the gradient
        is 0 as well. A probability below 1e-7 counts as 1e-7.

    Raises:
        ValueError: if the shapes do not belong together, or the weights are not two numbers of at
            least 0.

    Example:
        >>> sure = np.array([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]])
        >>> loss = multitask_loss([0, 1, -1], [2.0, np.nan, np.nan], sure, [[2.5], [9], [9]])
        >>> round(float(loss), 4)                    # -(ln 0.5 + ln 0.75) / 2 + 0.5 ** 2 / 1
        0.7404
    """
    first, second = checked_weights(weights)
    kind = masked_cross_entropy(kinds, probabilities)
    quantity = masked_squared_error(quantities, predicted)
    return first * kind + second * quantity


def masked_cross_entropy(kinds, probabilities):
    """Return the mean of -log(probability of the right kind) over the kinds that are there.

    Args:
        kinds: integers of shape `(batch,)` or `(batch, 1)`, negative where missing.
        probabilities: of shape `(batch, classes)`.

    Returns:
        A scalar tensor, 0 where no kind is there.

    Raises:
        ValueError: if the shapes do not belong together.

    Example:
        >>> round(float(masked_cross_entropy([1, -1], [[0.5, 0.5], [0.9, 0.1]])), 4)  # ln 2
        0.6931
    """
    probabilities = _floats(probabilities)
    if len(probabilities.shape) != 2:
        raise ValueError(
            f"probabilities must have the shape (batch, classes); got {tuple(probabilities.shape)}."
        )
    kinds = _column(kinds, "kinds", probabilities)
    there = kinds >= 0
    # Any class does where the label is missing: what it gives is masked.
    safe = ops.cast(ops.where(there, kinds, ops.zeros_like(kinds)), "int32")
    chosen = ops.take_along_axis(probabilities, ops.expand_dims(safe, -1), axis=-1)[:, 0]
    return _mean_where(there, -ops.log(ops.maximum(chosen, SMALLEST)))


def masked_squared_error(quantities, predicted):
    """Return the mean squared error over the quantities that are there.

    Args:
        quantities: of shape `(batch,)` or `(batch, 1)`, NaN where missing.
        predicted: of shape `(batch, 1)` or `(batch,)`.

    Returns:
        A scalar tensor, 0 where no quantity is there.

    Raises:
        ValueError: if the shapes do not belong together.

    Example:
        >>> float(masked_squared_error([1.0, np.nan, 2.0], [[1.5], [7.0], [2.0]]))  # 0.25 / 2
        0.125
    """
    predicted = _floats(predicted)
    predicted = _column(predicted, "predicted", predicted)
    quantities = _floats(_column(quantities, "quantities", predicted))
    there = ops.logical_not(ops.isnan(quantities))
    # The NaN goes before anything is computed with it: behind a mask its gradient is NaN.
    safe = ops.where(there, quantities, ops.zeros_like(quantities))
    return _mean_where(there, ops.square(predicted - safe))


def checked_weights(weights):
    """Return the weights of both tasks as floats, or raise a `ValueError`.

    Example:
        >>> checked_weights([1, 0.5])
        (1.0, 0.5)
    """
    given = tuple(weights) if isinstance(weights, (list, tuple, np.ndarray)) else ()
    if len(given) != 2 or not all(isinstance(w, Real) and 0 <= w < np.inf for w in given):
        raise ValueError(
            "weights must be two numbers of at least 0, for the cross-entropy and the squared "
            f"error; got {weights!r}. Write weights=(1.0, 1.0)."
        )
    return float(given[0]), float(given[1])


def _mean_where(there, values):
    """The mean of the values that are there; 0 without any, and never 0 / 0."""
    values = ops.where(there, values, ops.zeros_like(values))
    count = ops.sum(ops.cast(there, values.dtype))
    return ops.sum(values) / ops.maximum(count, 1)


def _check_images(tensor, filters):
    """Refuse what cannot be halved between the levels."""
    if not isinstance(filters, (list, tuple)) or not filters:
        raise ValueError(
            f"filters must be a list with one entry a level, one at least; got {filters!r}. Write "
            "filters=(8, 16, 32)."
        )
    needed = 2 ** (len(filters) - 1)
    if len(tensor.shape) != 4 or any(size and size < needed for size in tensor.shape[1:3]):
        raise ValueError(
            "the tensor must have the shape (batch, height, width, channels) with height and width "
            f"of at least {needed}, since {len(filters)} levels halve them {len(filters) - 1} "
            f"times; got {tuple(tensor.shape)}."
        )


def _floats(values):
    """As a tensor of float32: the two losses could not be added else, one of them in float64."""
    return ops.cast(ops.convert_to_tensor(values), keras.config.floatx())


def _column(values, name, like):
    """One number an image: `(batch,)` of `(batch,)` or `(batch, 1)`, as many as in another."""
    values = ops.convert_to_tensor(values)
    shape = tuple(values.shape)
    if len(shape) not in (1, 2) or (len(shape) == 2 and shape[1] != 1):
        raise ValueError(f"{name} must have the shape (batch,) or (batch, 1); got {shape}.")
    if None not in (shape[0], like.shape[0]) and shape[0] != like.shape[0]:
        raise ValueError(
            f"{name} must have one entry an image; got {shape[0]} for {like.shape[0]} images."
        )
    return values[:, 0] if len(shape) == 2 else values


# --- training ------------------------------------------------------------------------------------

LOSSES = {"kind": masked_cross_entropy, "quantity": masked_squared_error}


def train_multitask(
    model, images, labels, weights=(1.0, 1.0), epochs=10, batch_size=32, learning_rate=0.01, seed=0
):
    """Train a network of one or two heads; labels may be missing.

    Args:
        model: a model whose outputs are named `"kind"` and `"quantity"`, or one of them.
        images: array of shape `(batch, height, width, channels)`, standardised.
        labels: a dictionary with the kinds and the quantities under these names.
        weights: of both losses, as in `multitask_loss`; a model of one head takes its own.
        epochs: how often it sees every image.
        batch_size: images a step.
        learning_rate: of Adam at the start; it falls to 0 along half a cosine.
        seed: of the order of the images.

    Returns:
        A dictionary of lists with one number an epoch: `"loss"`, and with two heads
        `"kind_loss"` and `"quantity_loss"`, before they are weighted.

    Raises:
        ValueError: if the labels of an output are not given, or not one an image.

    Example:
        >>> from course_lib.models import as_model
        >>> images = np.random.default_rng(0).normal(size=(8, 16, 16, 3))
        >>> labels = {"kind": [0, 1, 2, -1] * 2, "quantity": [1.0, np.nan] * 4}
        >>> model = as_model(multitask_model, (16, 16, 3), filters=(4, 8))
        >>> sorted(train_multitask(model, images, labels, epochs=2))
        ['kind_loss', 'loss', 'quantity_loss']
    """
    targets = {name: _labels(labels, name, len(images)) for name in model.output_names}
    weighted = dict(zip(TASKS, checked_weights(weights), strict=True))
    keras.utils.set_random_seed(integer(seed, "seed", minimum=0))
    epochs, batch_size = integer(epochs, "epochs"), integer(batch_size, "batch_size")
    steps = epochs * -(-len(images) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(positive(learning_rate, "learning_rate"), steps)
    model.compile(
        keras.optimizers.Adam(rate),
        loss=[LOSSES[name] for name in targets],
        loss_weights=[weighted[name] for name in targets],
    )
    model.optimizer.build(model.trainable_variables)  # spares a trace
    history = model.fit(
        np.asarray(images, "float32"),
        next(iter(targets.values())) if len(targets) == 1 else targets,
        batch_size=batch_size,
        epochs=epochs,
        verbose=0,
    )
    return history.history


def _labels(labels, name, count):
    if name not in labels or len(labels[name]) != count:
        got = len(labels[name]) if name in labels else "none"
        raise ValueError(
            f'labels must hold one "{name}" an image, -1 or NaN where it is missing: {count} of '
            f"them; got {got}."
        )
    return np.asarray(labels[name], "int32" if name == "kind" else "float32")[:, np.newaxis]
