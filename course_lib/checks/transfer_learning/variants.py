"""Correct answers of `transfer_learning` in other styles, and ready-made ones that must be found.

They stand on their own, as a student's answer does, and import nothing of the reference.
"""

import keras
import numpy as np
from keras import layers, ops

from course_lib.checks.transfer_learning.cases import fine_tune, freeze_until, replace_head

# --- freeze_until --------------------------------------------------------------------------------


@freeze_until.variant
def by_a_flag(model, name):
    """A loop that remembers whether the layer has come."""
    learns = name is None
    if not learns and all(layer.name != name for layer in model.layers):
        raise ValueError("no such layer")
    model.trainable = True
    for layer in model.layers:
        layer.trainable = learns
        learns = learns or layer.name == name
    return model


@freeze_until.variant
def by_slices(model, name):
    """Keras says itself that there is no such layer."""
    last = model.layers.index(model.get_layer(name)) if name is not None else -1
    model.trainable = False
    model.trainable = True
    for layer in model.layers[: last + 1]:
        layer.trainable = False
    return model


@freeze_until.variant
def layer_by_layer(model, name):
    """Only layers with weights are frozen, and nested models from within as well."""
    names = [layer.name for layer in model.layers]
    end = names.index(name) + 1 if name else 0
    model.trainable = True
    for place, layer in enumerate(model.layers):
        for one in layer._flatten_layers():
            if one.weights:
                one.trainable = place >= end
    return model


@freeze_until.forbid
def the_courses_freezing(model, name):
    from course_lib import transfer_learning as topic

    return topic.freeze_until(model, name)


# --- replace_head --------------------------------------------------------------------------------


@replace_head.variant
def on_shared_layers(model, name, classes):
    """A softmax layer of its own, dropout before the head, operations for the mean."""
    if classes < 2:
        raise ValueError("at least two classes")
    tensor = model.get_layer(name).output
    if len(tensor.shape) == 4:
        tensor = ops.mean(tensor, axis=(1, 2))
    tensor = layers.Dropout(0.2)(tensor)
    return keras.Model(model.input, layers.Softmax()(layers.Dense(classes)(tensor)))


@replace_head.variant
def on_a_nested_model(model, name, classes):
    """The features are a model within the model."""
    if classes <= 1 or name not in [layer.name for layer in model.layers]:
        raise ValueError("classes or name")
    features = keras.Model(model.inputs, model.get_layer(name).output)
    images = keras.Input(model.input_shape[1:])
    tensor = features(images)
    if len(tensor.shape) == 4:
        tensor = layers.GlobalAveragePooling2D()(tensor)
    return keras.Model(images, layers.Dense(classes, activation="softmax")(tensor))


@replace_head.variant
def on_a_copy(model, name, classes):
    """Layers of its own, with the weights carried over one by one."""
    if classes < 2:
        raise ValueError("classes")
    part = keras.Model(model.input, model.get_layer(name).output)
    copy = keras.models.clone_model(part)
    for new, old in zip(copy.layers, part.layers, strict=True):
        new.set_weights(old.get_weights())
    parts = [copy] if len(copy.output_shape) == 2 else [copy, layers.GlobalAveragePooling2D()]
    new = keras.Sequential([*parts, layers.Dense(classes, "softmax")])
    new.build((None, *model.input_shape[1:]))
    return new


@replace_head.variant
def by_a_convolution(model, name, classes):
    """A 1x1 convolution at all places and the mean of its scores, which is the same function."""
    if classes < 2:
        raise ValueError("classes")
    tensor = model.get_layer(name).output
    if len(tensor.shape) == 4:
        tensor = layers.GlobalAveragePooling2D()(layers.Conv2D(classes, 1)(tensor))
    else:
        tensor = layers.Dense(classes)(tensor)
    return keras.Model(model.input, keras.activations.softmax(tensor))


@replace_head.forbid
def the_courses_head(model, name, classes):
    from course_lib import transfer_learning as topic

    return topic.replace_head(model, name, classes)


# --- fine_tune -----------------------------------------------------------------------------------


def _refuse(model, images, labels, until):
    if until is not None and until not in [layer.name for layer in model.layers]:
        raise ValueError(until)
    if len(images) != len(labels) or max(labels) >= model.output_shape[-1]:
        raise ValueError("labels")


@fine_tune.variant
def with_features_kept(
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
    """The first stage computes the features once, and trains the head on them."""
    _refuse(model, images, labels, until)
    images = preprocess(images) if preprocess else images
    keras.utils.set_random_seed(seed)
    body, last = keras.Model(model.input, model.layers[-2].output), model.layers[-1]
    kept = {"loss": [], "accuracy": []}
    if epochs[0]:
        features = keras.Input(body.output_shape[1:])
        head = keras.Model(features, last(features))
        head.compile(
            keras.optimizers.Adam(learning_rates[0]),
            keras.losses.SparseCategoricalCrossentropy(),
            metrics=["accuracy"],
        )
        given = body.predict(images, verbose=0)
        found = head.fit(given, labels, batch_size, epochs[0], verbose=0).history
        kept = {name: kept[name] + found[name] for name in kept}
    if epochs[1]:
        frozen, model.trainable = until is not None, True
        for layer in model.layers:
            layer.trainable = not frozen
            frozen = frozen and layer.name != until
        adam = keras.optimizers.Adam(learning_rates[1])
        model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
        found = model.fit(images, labels, batch_size, epochs[1], verbose=0).history
        kept = {name: kept[name] + found[name] for name in kept}
    return kept


@fine_tune.variant
def step_by_step(
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
    """One-hot labels, batches of its own, and variables that are chosen by hand."""
    import tensorflow as tf

    _refuse(model, images, labels, until)
    images = np.asarray(images if preprocess is None else preprocess(images), "float32")
    rng, truth = np.random.default_rng(seed), np.eye(model.output_shape[-1])[labels]
    names = [layer.name for layer in model.layers]
    starts = len(names) - 1, names.index(until) + 1 if until else 0
    history = {"loss": [], "accuracy": []}
    for start, count, rate in zip(starts, epochs, learning_rates, strict=True):
        for place, layer in enumerate(model.layers):
            layer.trainable = place >= start
        adam = keras.optimizers.Adam(rate)
        for _ in range(count):
            order, losses, right = rng.permutation(len(images)), [], 0
            for begin in range(0, len(images), batch_size):
                chosen = order[begin : begin + batch_size]
                with tf.GradientTape() as tape:
                    output = model(images[chosen], training=True)
                    loss = ops.mean(keras.losses.categorical_crossentropy(truth[chosen], output))
                variables = model.trainable_variables
                adam.apply(tape.gradient(loss, [v.value for v in variables]), variables)
                losses.append(float(loss))
                right += int(np.sum(np.argmax(output, axis=-1) == labels[chosen]))
            history["loss"].append(np.mean(losses))
            history["accuracy"].append(right / len(images))
    return history


@fine_tune.forbid
def the_courses_training(
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
    from course_lib import transfer_learning as topic

    return topic.fine_tune(
        model, images, labels, until, preprocess, epochs, learning_rates, batch_size, seed
    )
