"""Correct answers of `multitask` in other styles, and ready-made ones that must be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import keras
from keras import layers, ops

from course_lib.checks.multitask.cases import multitask_loss, multitask_model

# --- multitask_model -----------------------------------------------------------------------------


@multitask_model.variant
def plainly(tensor, classes=3, filters=(8, 16, 32)):
    """No normalisation; activations in the layers; a list in place of a tuple."""
    x = tensor
    for number, maps in enumerate(filters):
        x = layers.Conv2D(maps, (3, 3), padding="same", activation="relu")(x)
        if number < len(filters) - 1:
            x = layers.MaxPool2D((2, 2))(x)
    x = layers.GlobalAvgPool2D()(x)
    kind = layers.Dense(classes, activation="softmax", name="kind")(x)
    return [kind, layers.Dense(1, activation="linear", name="quantity")(x)]


@multitask_model.variant
def nested(tensor, classes=3, filters=(8, 16, 32)):
    """The backbone as a model of its own, which is called once for each head."""
    inputs = x = keras.Input(tensor.shape[1:])
    for number, maps in enumerate(filters):
        x = layers.MaxPooling2D(padding="same")(x) if number else x
        x = layers.BatchNormalization()(layers.Conv2D(maps, 3, padding="same", use_bias=False)(x))
        x = layers.Activation("relu")(x)
    backbone = keras.Model(inputs, layers.GlobalAveragePooling2D()(x), name="backbone")
    scores = layers.Dense(classes, kernel_initializer="he_normal")(backbone(tensor))
    kind = layers.Softmax(name="kind")(scores)
    return kind, layers.Dense(1, use_bias=False, name="quantity")(backbone(tensor))


@multitask_model.variant
def by_operations(tensor, classes=3, filters=(8, 16, 32)):
    """Rims before valid convolutions, pooling before the ReLU, means by keras.ops, dropout."""
    x = tensor
    for maps in filters[:-1]:
        x = layers.Conv2D(maps, 3, use_bias=False)(layers.ZeroPadding2D(1)(x))
        x = ops.maximum(layers.MaxPooling2D(strides=2)(x), 0)
        x = layers.SpatialDropout2D(0.1)(x)
    x = layers.Conv2D(filters[-1], 3)(layers.ZeroPadding2D(1)(x))
    x = layers.Dropout(0.2)(ops.mean(ops.relu(x), axis=(1, 2)))
    powers = ops.exp(layers.Dense(classes)(x))
    kind = powers / ops.sum(powers, axis=-1, keepdims=True)
    quantity = layers.Dense(1)(x)
    return layers.Identity(name="kind")(kind), layers.Identity(name="quantity")(quantity)


@multitask_model.variant
def by_sequential(tensor, classes=3, filters=(8, 16, 32)):
    """Models of layers in a row, normalised after the ReLU; the backbone's output is kept."""
    backbone = keras.Sequential(name="shared")
    for number, maps in enumerate(filters):
        if number > 0:
            backbone.add(layers.MaxPooling2D())
        backbone.add(layers.Conv2D(maps, 3, padding="same"))
        backbone.add(layers.ReLU())
        backbone.add(layers.BatchNormalization(epsilon=1e-5, momentum=0.8))
    backbone.add(layers.GlobalAveragePooling2D(keepdims=True))
    backbone.add(layers.Flatten())
    features = backbone(tensor)
    quantity = layers.Dense(1, name="quantity")(features)
    return layers.Dense(classes, "softmax", name="kind")(features), quantity


@multitask_model.variant
def heads_of_convolutions(tensor, classes=3, filters=(8, 16, 32)):
    """The heads are 1x1 convolutions, whose maps are averaged: linear steps change places."""
    x = layers.Conv2D(filters[0], 3, padding="same", activation="relu")(tensor)
    for maps in filters[1:]:
        x = layers.MaxPooling2D(2)(x)
        x = layers.Conv2D(maps, 3, padding="same", activation="relu")(x)
    kind = layers.GlobalAveragePooling2D()(layers.Conv2D(classes, 1)(x))
    quantity = layers.GlobalAveragePooling2D(name="quantity")(layers.Conv2D(1, 1)(x))
    return layers.Activation("softmax", name="kind")(kind), quantity


@multitask_model.forbid
def the_courses_model(tensor, classes=3, filters=(8, 16, 32)):
    from course_lib import multitask as topic

    return topic.multitask_model(tensor, classes, filters)


@multitask_model.forbid
def the_courses_backbone(tensor, classes=3, filters=(8, 16, 32)):
    from course_lib.multitask import backbone

    features = backbone(tensor, filters)
    kind = layers.Dense(classes, activation="softmax", name="kind")(features)
    return kind, layers.Dense(1, name="quantity")(features)


# --- multitask_loss ------------------------------------------------------------------------------


@multitask_loss.variant
def by_one_hot(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    """A kind of -1 has no one in its row; the rows are counted."""
    hot = ops.one_hot(kinds, probabilities.shape[-1])
    rows = ops.sum(hot, axis=-1)
    logarithms = ops.log(ops.clip(probabilities, 1e-7, 1.0))
    entropy = -ops.sum(hot * logarithms) / ops.maximum(ops.sum(rows), 1.0)
    known = ops.cast(~ops.isnan(quantities), "float32")
    errors = known * ops.square(ops.reshape(predicted, (-1,)) - ops.nan_to_num(quantities))
    return weights[0] * entropy + weights[1] * ops.sum(errors) / ops.maximum(ops.sum(known), 1.0)


@multitask_loss.variant
def by_keras_losses(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    """Keras's losses of each image, where a label that is there stands in for a missing one."""
    there = ops.greater_equal(kinds, 0)
    losses = keras.losses.sparse_categorical_crossentropy(ops.where(there, kinds, 0), probabilities)
    count = ops.count_nonzero(there)
    mean = ops.sum(ops.where(there, losses, 0.0)) / ops.cast(ops.maximum(count, 1), "float32")
    missing = ops.expand_dims(ops.isnan(quantities), -1)
    targets = ops.where(missing, predicted, ops.expand_dims(quantities, -1))
    squares = keras.losses.mean_squared_error(targets, predicted)
    count = ops.sum(1.0 - ops.cast(missing, "float32"))
    return weights[0] * mean + weights[1] * ops.sum(squares) / ops.maximum(count, 1.0)


@multitask_loss.variant
def by_divide_no_nan(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    """The quotient of 0 and 0 is 0; NaN is not itself; 1e-7 is added to a probability."""
    first, second = weights
    columns = ops.arange(probabilities.shape[1])
    chosen = ops.cast(ops.equal(ops.expand_dims(kinds, 1), columns), "float32")
    picked = ops.sum(chosen * probabilities, axis=1)
    there = ops.cast(kinds >= 0, "float32")
    logs = ops.log(picked * there + (1 - there) + 1e-7)
    entropy = ops.divide_no_nan(-ops.sum(logs * there), ops.sum(there))
    is_there = quantities == quantities
    value = ops.where(is_there, quantities, 0.0)
    error = ops.where(is_there, predicted[:, 0] - value, 0.0)
    squares = ops.divide_no_nan(ops.sum(error**2), ops.sum(ops.cast(is_there, "float32")))
    return first * entropy + second * squares


@multitask_loss.variant
def with_masks_of_keras(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    """Sample weights of Keras's losses, whose mean is taken over the weights."""
    there = ops.cast(ops.greater(kinds, -1), "float32")
    labels = ops.maximum(kinds, 0)
    entropy = keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")
    first = entropy(labels, probabilities, sample_weight=there)
    known = ops.logical_not(ops.isnan(quantities))
    squared = keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")
    targets = ops.where(known, quantities, ops.zeros_like(quantities))[:, None]
    second = squared(targets, predicted, sample_weight=ops.cast(known, "float32"))
    return ops.sum(ops.stack([weights[0] * first, weights[1] * second]))


@multitask_loss.forbid
def the_courses_loss(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    from course_lib import multitask as topic

    return topic.multitask_loss(kinds, quantities, probabilities, predicted, weights)


@multitask_loss.forbid
def the_courses_parts(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    from course_lib.multitask import masked_cross_entropy, masked_squared_error

    entropy = masked_cross_entropy(kinds, probabilities)
    return weights[0] * entropy + weights[1] * masked_squared_error(quantities, predicted)
