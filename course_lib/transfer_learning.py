"""Transfer learning: keep what a network has learnt on one task, and teach it another.

A network is a *backbone*, which turns an image into features, and a *head*, which turns features
into the probabilities of classes. Images have the shape `(batch, height, width, channels)`, labels
are integers of shape `(batch,)`. "Up to a layer" means in the order of `model.layers`, the layer
itself among them.
"""

import keras
import numpy as np
from keras import layers

from course_lib.arguments import integer, positive

MOMENTUM = 0.9  # Keras's 0.99 remembers the initial statistics for longer than we train


def backbone(tensor, filters=(8, 16, 32)):
    """Build a small backbone: convolution, batch norm and ReLU at each size, pooling between.

    Its layers are called `conv_1`, `norm_1`, `relu_1`, `pool_1` and so on; the last is `features`,
    the mean of each map.

    Args:
        tensor: of shape `(batch, height, width, channels)`.
        filters: of each convolution.

    Returns:
        A tensor of shape `(batch, filters[-1])`.

    Raises:
        ValueError: if there are no filters.

    Example:
        >>> backbone(keras.Input((8, 8, 1)), filters=(4, 8)).shape
        (None, 8)
    """
    if not isinstance(filters, (list, tuple)) or not filters:
        raise ValueError(
            "filters must be a list with an entry for each convolution; got "
            f"{filters!r}. Write filters=(8, 16, 32)."
        )
    for level, maps in enumerate(filters, start=1):
        if level > 1:
            pooling = layers.MaxPooling2D(2, padding="same", name=f"pool_{level - 1}")
            tensor = pooling(tensor)
        convolution = layers.Conv2D(
            integer(maps, "filters"),
            3,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"conv_{level}",
        )
        tensor = convolution(tensor)
        tensor = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm_{level}")(tensor)
        tensor = layers.ReLU(name=f"relu_{level}")(tensor)
    return layers.GlobalAveragePooling2D(name="features")(tensor)


def classifier(tensor, classes, filters=(8, 16, 32)):
    """Build the backbone with a head: a dense layer with a softmax, called `head`.

    Example:
        >>> classifier(keras.Input((8, 8, 1)), classes=5).shape
        (None, 5)
    """
    return _head(backbone(tensor, filters), classes)


def freeze_until(model, name):
    """Freeze a model's layers up to one of them, and let those after it learn.

    A frozen layer keeps its weights. A frozen batch normalisation also normalises by its moving
    statistics and leaves them as they are, even in training: Keras takes `trainable = False` of
    this layer so.

    Args:
        model: a `keras.Model`. What was frozen in it before does not count.
        name: of the last layer that is frozen, or `None` to freeze none.

    Returns:
        The same model. It must be compiled after this: a compiled training step may hold on to
        the weights that were to be trained before.

    Raises:
        ValueError: if the model has no layer of this name.

    Example:
        >>> from course_lib.models import as_model
        >>> model = freeze_until(as_model(classifier, (8, 8, 1), classes=5), "relu_3")
        >>> [weight.path for weight in model.trainable_weights]
        ['head/kernel', 'head/bias']
    """
    last = -1 if name is None else _position(model, name)
    model.trainable = True  # a model that is frozen as a whole trains no layer of its own
    for number, layer in enumerate(model.layers):
        layer.trainable = number > last
    return model


def replace_head(model, name, classes):
    """Put a new head on a model's features: what comes after a layer is cut off.

    Args:
        model: a `keras.Model` with one output.
        name: of the layer whose output the new head takes. An output of shape
            `(batch, height, width, channels)` is averaged over height and width first.
        classes: of the new head, two at least.

    Returns:
        A new `keras.Model` whose last layer is dense, with a softmax. Up to `name` it has the
        model's own layers, so that training the one trains the other.

    Raises:
        ValueError: if there is no layer of this name, there are fewer than two classes, or the
            layer's output has neither two axes nor four.

    Example:
        >>> from course_lib.models import as_model
        >>> model = as_model(classifier, (8, 8, 1), classes=12)
        >>> replace_head(model, "features", classes=10).output_shape
        (None, 10)
        >>> replace_head(model, "relu_2", classes=10).count_params()    # 16 maps: 16 * 10 + 10
        1490
    """
    _position(model, name)
    features = model.get_layer(name).output
    if len(features.shape) == 4:
        features = layers.GlobalAveragePooling2D()(features)
    if len(features.shape) != 2:
        raise ValueError(
            f"the output of {name!r} has the shape {tuple(features.shape)}; a head takes "
            "(batch, features) or (batch, height, width, channels). Name another layer."
        )
    return keras.Model(model.input, _head(features, classes))


def fine_tune(
    model,
    images,
    labels,
    until=None,
    preprocess=None,
    epochs=(20, 20),
    learning_rates=(0.01, 0.001),
    batch_size=16,
    seed=0,
):
    """Train a new head on a frozen backbone, and then both with a smaller learning rate.

    A new head's first gradients are large and say nothing; on a backbone that learns they would
    undo what it knows. So the head comes first, alone.

    Args:
        model: a `keras.Model` that ends in a softmax; its last layer is the head. It is trained in
            place and need not be compiled.
        images: array of shape `(batch, height, width, channels)`.
        labels: integers of shape `(batch,)`, from 0.
        until: the name of the last layer that stays frozen in the second stage; `None` lets all
            layers learn.
        preprocess: a function that turns the images into what the backbone was trained on, or
            `None` if they are so already. It is called once, on all images.
        epochs: of the first stage and of the second. 0 leaves a stage out.
        learning_rates: of Adam, in the first stage and in the second.
        batch_size: images in a step.
        seed: of the order of the images.

    Returns:
        A dictionary of lists, `"loss"` and `"accuracy"`, with one number for each epoch of the
        first stage and then of the second.

    Raises:
        ValueError: if images and labels differ in number, a label is none of the model's classes,
            `until` names no layer, or `epochs` or `learning_rates` is no pair.

    Example:
        >>> from course_lib.models import as_model
        >>> model = as_model(classifier, (8, 8, 1), classes=2)
        >>> images, labels = np.ones((6, 8, 8, 1)), np.array([0, 1, 0, 1, 0, 1])
        >>> history = fine_tune(model, images, labels, until="relu_2", epochs=(2, 1))
        >>> len(history["loss"]), model.get_layer("conv_2").trainable
        (3, False)

    Reference:
        Yosinski, Clune, Bengio and Lipson (2014), How transferable are features in deep neural
        networks?
    """
    if until is not None:
        _position(model, until)
    images, labels = _examples(model, images, labels)
    if preprocess is not None:
        images = preprocess(images)
    keras.utils.set_random_seed(integer(seed, "seed", minimum=0))
    history = {"loss": [], "accuracy": []}
    stages = zip(
        (model.layers[-2].name, until),
        _two(epochs, "epochs", lambda value, name: integer(value, name, minimum=0)),
        _two(learning_rates, "learning_rates", positive),
        strict=True,
    )
    for frozen, count, rate in stages:
        freeze_until(model, frozen)
        # Compiled after freezing, and anew: Adam's averages are those of other weights.
        adam = keras.optimizers.Adam(rate)
        model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.optimizer.build(model.trainable_variables)  # spares a trace
        batch = integer(batch_size, "batch_size")
        found = model.fit(images, labels, batch_size=batch, epochs=count, verbose=0)
        for name, numbers in history.items():
            numbers.extend(found.history.get(name, []))
    return history


def _head(features, classes):
    if integer(classes, "classes") < 2:
        raise ValueError(
            "classes must be at least 2; got 1. A softmax over one class is always 1: for "
            "yes or no, give 2."
        )
    return layers.Dense(classes, activation="softmax", name="head")(features)


def _position(model, name):
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise ValueError(
            f"the model has no layer {name!r}; give one of its layers: {', '.join(names)}."
        )
    return names.index(name)


def _examples(model, images, labels):
    images, labels = np.asarray(images), np.asarray(labels)
    classes = model.output_shape[-1]
    if images.ndim != 4 or not len(images) or labels.shape != images.shape[:1]:
        raise ValueError(
            "images must have the shape (batch, height, width, channels) and labels (batch,), with "
            f"at least one image; got {images.shape} and {labels.shape}. One-hot labels become "
            "integers by labels.argmax(axis=-1)."
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels must be integers from 0 to {classes - 1}, one of the model's {classes} "
            f"classes; got {labels.dtype} from {labels.min()} to {labels.max()}. Subtract the "
            "first label, or give replace_head more classes."
        )
    return images, labels


def _two(values, name, read):
    if not isinstance(values, (list, tuple)) or len(values) != 2:
        raise ValueError(
            f"{name} must be a pair, for the head alone and for the second stage; got {values!r}. "
            f"Write {name}=({values!r}, {values!r})."
        )
    return tuple(read(value, name) for value in values)
