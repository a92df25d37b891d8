"""Mistakes that are planted in `freeze_until` and `replace_head`, with the hints that name them."""

import keras
from keras import layers

from course_lib.checks.transfer_learning.cases import freeze_until, replace_head


def _end(model, name):
    """How many layers stand up to the one named, itself included."""
    if name is None:
        return 0
    return [layer.name for layer in model.layers].index(name) + 1


def _freeze(model, end):
    """Freeze so many layers and let the others learn."""
    model.trainable = True
    for place, layer in enumerate(model.layers):
        layer.trainable = place >= end
    return model


# --- freeze_until --------------------------------------------------------------------------------


@freeze_until.misconception(
    "nothing is frozen. What counts is layer.trainable = False, of each layer; trainable of its "
    "variables, or a setting of compile, is not the same."
)
def nothing_frozen(model, name):
    _end(model, name)
    model.trainable = True
    return model


@freeze_until.misconception(
    "variables are frozen here, and no layer is. Batch normalisation asks its layer's trainable "
    "whether to go on counting: set layer.trainable = False, which freezes the variables too."
)
def variables_frozen(model, name):
    model.trainable = False
    model.trainable = True
    for layer in model.layers[: _end(model, name)]:
        for variable in layer.weights:
            variable.trainable = False
    return model


@freeze_until.misconception(
    "the layer that is named still learns: the loop stops before it. Freeze it, then stop."
)
def named_layer_left_out(model, name):
    return _freeze(model, max(0, _end(model, name) - 1))


@freeze_until.misconception("one layer too many is frozen: the one behind the layer that is named.")
def one_layer_too_many(model, name):
    return _freeze(model, _end(model, name) + (name is not None))


@freeze_until.misconception(
    "it is the wrong way round: the layers behind the one that is named are frozen, and those "
    "before it learn. Early layers are the general ones, which are kept."
)
def turned_around(model, name):
    end = _end(model, name)
    model.trainable = True
    for place, layer in enumerate(model.layers):
        layer.trainable = place < end or name is None
    return model


@freeze_until.misconception(
    "the whole model is frozen, its head too. model.trainable = False freezes every layer of it: "
    "set trainable of those layers only that are meant."
)
def all_frozen(model, name):
    _end(model, name)
    model.trainable = False
    return model


@freeze_until.misconception(
    "all layers but the last are frozen, whatever name says. Which layer is the last frozen one "
    "is told by name."
)
def all_but_the_head(model, name):
    _end(model, name)
    return _freeze(model, len(model.layers) - 1 if name else 0)


@freeze_until.misconception("only the layer that is named is frozen, and those before it learn.")
def only_the_named_layer(model, name):
    end = _end(model, name)
    model.trainable = True
    for place, layer in enumerate(model.layers):
        layer.trainable = place + 1 != end
    return model


@freeze_until.misconception(
    "frozen batch normalisation goes on counting: its layer's trainable is still True, so that "
    "training changes its moving statistics. Set layer.trainable of these layers as well; to "
    "freeze their variables is not enough."
)
def batch_norm_left_out(model, name):
    end = _end(model, name)
    model.trainable = True
    for place, layer in enumerate(model.layers):
        for one in layer._flatten_layers():
            if not hasattr(one, "layers"):
                norm = isinstance(one, layers.BatchNormalization)
                one.trainable = place >= end or (norm and one is layer)
    return model


@freeze_until.misconception(
    "only convolutions are frozen. Batch normalisation, and a model within the model, have weights "
    "as well: freeze each layer, whatever its kind."
)
def only_convolutions(model, name):
    end = _end(model, name)
    model.trainable = True
    for place, layer in enumerate(model.layers):
        layer.trainable = place >= end or not isinstance(layer, layers.Conv2D)
    return model


@freeze_until.misconception(
    "a model within the model is passed over. It is a layer like any other: its trainable = False "
    "freezes all that is in it."
)
def nested_left_out(model, name):
    end = _end(model, name)
    model.trainable = True
    for place, layer in enumerate(model.layers):
        layer.trainable = place >= end or hasattr(layer, "layers")
    return model


@freeze_until.misconception(
    "what was frozen before stays so: no layer's trainable is set to True. Set it for each layer "
    "behind the one that is named. model.trainable = True is not enough: where it is True already, "
    "Keras does nothing."
)
def never_set_to_true(model, name):
    for layer in model.layers[: _end(model, name)]:
        layer.trainable = False
    return model


@freeze_until.misconception(
    "a model that was frozen as a whole stays so: with model.trainable = False none of its layers "
    "learns, whatever their own say. Set model.trainable = True first."
)
def models_own_flag_forgotten(model, name):
    end = _end(model, name)
    for place, layer in enumerate(model.layers):
        layer.trainable = place >= end
    return model


@freeze_until.misconception(
    "with None everything is frozen: the loop waits for a layer that never comes."
)
def none_freezes_all(model, name):
    return _freeze(model, _end(model, name) if name else len(model.layers))


@freeze_until.misconception(
    "a name that no layer has freezes the whole model without a word: the loop waits for a layer "
    "that never comes. Look for the name first, and raise a ValueError."
)
def unknown_name_freezes_all(model, name):
    names = [layer.name for layer in model.layers]
    return _freeze(model, _end(model, name) if name in (*names, None) else len(names))


@freeze_until.misconception(
    "a name that no layer has is passed over: nothing is frozen, and nobody is told. Raise a "
    "ValueError."
)
def unknown_name_passed_over(model, name):
    names = [layer.name for layer in model.layers]
    return _freeze(model, _end(model, name) if name in names else 0)


@freeze_until.misconception(
    "an unknown name ends in another error than a ValueError. Look whether a layer has this name."
)
def unknown_name_as_a_key(model, name):
    places = {layer.name: place for place, layer in enumerate(model.layers)}
    return _freeze(model, 0 if name is None else places[name] + 1)


@freeze_until.misconception(
    "the model is frozen, and does not come back: the function must end with return model."
)
def nothing_returned(model, name):
    _freeze(model, _end(model, name))


@freeze_until.misconception(
    "another model comes back, a copy, and the one that was given is as it was. Set trainable of "
    "the given model's own layers, and return that model."
)
def copy_returned(model, name):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return _freeze(copy, _end(model, name))


# --- replace_head --------------------------------------------------------------------------------


def _averaged(tensor):
    return layers.GlobalAveragePooling2D()(tensor) if len(tensor.shape) == 4 else tensor


def _refuse(model, name, classes):
    model.get_layer(name)
    if classes < 2:
        raise ValueError("at least two classes")


def _on(model, tensor, classes, activation="softmax"):
    head = layers.Dense(classes, activation=activation)
    return keras.Model(model.input, head(tensor))


@replace_head.misconception(
    "the new head is as wide as the old one. It needs an output for each of the new classes."
)
def old_width(model, name, classes):
    _refuse(model, name, classes)
    tensor = _averaged(model.get_layer(name).output)
    return _on(model, tensor, model.output_shape[-1])


@replace_head.misconception(
    "the head has no activation: what comes out are scores, and no probabilities. Give the dense "
    "layer a softmax."
)
def no_softmax(model, name, classes):
    _refuse(model, name, classes)
    return _on(model, _averaged(model.get_layer(name).output), classes, None)


@replace_head.misconception(
    "the head ends in a sigmoid, which says yes or no to each class by itself. Of several classes "
    "one is right: use a softmax."
)
def sigmoid_head(model, name, classes):
    _refuse(model, name, classes)
    return _on(model, _averaged(model.get_layer(name).output), classes, "sigmoid")


@replace_head.misconception(
    "the head ends in a ReLU. What comes out should be probabilities: use a softmax."
)
def relu_head(model, name, classes):
    _refuse(model, name, classes)
    return _on(model, _averaged(model.get_layer(name).output), classes, "relu")


@replace_head.misconception(
    "the softmax is taken over the batch: the probabilities of one image do not sum to 1, and "
    "depend on the images beside it. Its axis is the last."
)
def softmax_over_the_batch(model, name, classes):
    _refuse(model, name, classes)
    scores = layers.Dense(classes)(_averaged(model.get_layer(name).output))
    return keras.Model(model.input, layers.Softmax(axis=0)(scores))


@replace_head.misconception(
    "the old head is still there, and the new one reads its probabilities. Let the new head read "
    "model.get_layer(name).output."
)
def on_the_old_head(model, name, classes):
    _refuse(model, name, classes)
    return _on(model, model.output, classes)


@replace_head.misconception(
    "name is not used: only the last layer is replaced, whatever is named. Cut at "
    "model.get_layer(name).output."
)
def last_layer_only(model, name, classes):
    _refuse(model, name, classes)
    return _on(model, model.layers[-2].output, classes)


@replace_head.misconception("the head reads the layer before the one that is named.")
def one_layer_too_early(model, name, classes):
    _refuse(model, name, classes)
    names = [layer.name for layer in model.layers]
    return _on(model, _averaged(model.layers[names.index(name) - 1].output), classes)


@replace_head.misconception(
    "there is a layer between the features and the new head. The head is one dense layer: with "
    "few labels, each further weight is one more to be learnt from nothing."
)
def hidden_layer(model, name, classes):
    _refuse(model, name, classes)
    tensor = _averaged(model.get_layer(name).output)
    return _on(model, layers.Dense(16, activation="relu")(tensor), classes)


@replace_head.misconception(
    "maps are flattened and not averaged: the head gets a weight for each pixel. Use "
    "GlobalAveragePooling2D."
)
def flattened(model, name, classes):
    _refuse(model, name, classes)
    return _on(model, layers.Flatten()(model.get_layer(name).output), classes)


@replace_head.misconception(
    "of each map the largest number is taken, and not the mean. Use GlobalAveragePooling2D."
)
def largest_taken(model, name, classes):
    _refuse(model, name, classes)
    tensor = model.get_layer(name).output
    tensor = layers.GlobalMaxPooling2D()(tensor) if len(tensor.shape) == 4 else tensor
    return _on(model, tensor, classes)


@replace_head.misconception(
    "maps are not averaged: each pixel gets probabilities of its own. Where the features have four "
    "axes, put GlobalAveragePooling2D before the head."
)
def not_averaged(model, name, classes):
    _refuse(model, name, classes)
    return _on(model, model.get_layer(name).output, classes)


@replace_head.misconception(
    "what comes out is not the softmax of the head's scores. Take the mean of the features, before "
    "the head and not behind it, and the softmax once."
)
def averaged_behind_the_softmax(model, name, classes):
    _refuse(model, name, classes)
    new = _on(model, model.get_layer(name).output, classes)
    return keras.Model(model.input, _averaged(new.output))


@replace_head.misconception(
    "the backbone is new as well: its weights are drawn afresh, and what was learnt is lost. "
    "clone_model copies layers and no weights; build on model.get_layer(name).output."
)
def fresh_backbone(model, name, classes):
    _refuse(model, name, classes)
    return _on_a_copy(model, name, classes, lambda layer: [])


@replace_head.misconception(
    "the moving statistics of batch normalisation stayed behind: they are weights that are not "
    "trained. Copy get_weights(), not trainable_weights."
)
def statistics_left_behind(model, name, classes):
    _refuse(model, name, classes)
    return _on_a_copy(model, name, classes, lambda layer: layer.trainable_weights)


@replace_head.misconception(
    "only the convolutions' weights came along. Copy each layer's, whatever its kind, or build on "
    "the given model's own layers."
)
def only_convolutions_copied(model, name, classes):
    _refuse(model, name, classes)

    def of(layer):
        return layer.weights if isinstance(layer, layers.Conv2D) else []

    return _on_a_copy(model, name, classes, of)


def _on_a_copy(model, name, classes, carried):
    """The new head on new layers, with those weights that are carried over."""
    copy = keras.models.clone_model(model)
    for new, old in zip(copy.layers, model.layers, strict=True):
        for variable, value in zip(new.weights, carried(old), strict=False):
            variable.assign(value)
    return _on(copy, _averaged(copy.get_layer(name).output), classes)


@replace_head.misconception(
    "where there are as many classes as before, the old head stays. Its weights are those of other "
    "classes: make a new one."
)
def old_head_where_it_fits(model, name, classes):
    _refuse(model, name, classes)
    new = _on(model, _averaged(model.get_layer(name).output), classes)
    weights = model.layers[-1].get_weights()
    if [w.shape for w in weights] == [w.shape for w in new.layers[-1].get_weights()]:
        new.layers[-1].set_weights(weights)
    return new


@replace_head.misconception(
    "it freezes the features. Layers that two models share are frozen in both; leave that to "
    "freeze_until."
)
def features_frozen(model, name, classes):
    _refuse(model, name, classes)
    new = _on(model, _averaged(model.get_layer(name).output), classes)
    for layer in new.layers[:-1]:
        layer.trainable = False
    return new


@replace_head.misconception(
    "a single class is accepted. A softmax over one class is always 1: raise a ValueError."
)
def single_class_accepted(model, name, classes):
    return _on(model, _averaged(model.get_layer(name).output), classes)


@replace_head.misconception(
    "an unknown name ends in another error than a ValueError. model.get_layer(name) raises one."
)
def unknown_layer_as_a_key(model, name, classes):
    outputs = {layer.name: layer.output for layer in model.layers}
    tensor = outputs[name]
    _refuse(model, name, classes)
    return _on(model, _averaged(tensor), classes)


@replace_head.misconception("a tensor comes back. Wrap it: keras.Model(model.input, tensor).")
def tensor_returned(model, name, classes):
    _refuse(model, name, classes)
    return _on(model, _averaged(model.get_layer(name).output), classes).output
