"""Plausible wrong networks of `multitask`, each with the line that explains it.

Every one is a right answer with one step done wrong. `_two` is the right network, whose steps are
arguments.
"""

from keras import layers, ops

from course_lib.checks.multitask.cases import multitask_model


def _convolve(tensor, maps, last=False):
    return layers.Conv2D(maps, 3, padding="same", activation="relu")(tensor)


def _pool(tensor):
    return layers.MaxPooling2D(2)(tensor)


def _mean(tensor):
    return layers.GlobalAveragePooling2D()(tensor)


def _backbone(tensor, filters, convolve=_convolve, pool=_pool, end=_mean):
    for level, maps in enumerate(filters):
        if level > 0:
            tensor = pool(tensor)
        tensor = convolve(tensor, maps, level == len(filters) - 1)
    return end(tensor)


def _kind(features, classes, activation="softmax"):
    return layers.Dense(classes, activation=activation, name="kind")(features)


def _quantity(features, activation=None):
    return layers.Dense(1, activation=activation, name="quantity")(features)


def _two(tensor, classes, filters, kind=_kind, quantity=_quantity, **steps):
    """Build the right network, but for the steps that are given."""
    features = _backbone(tensor, filters, **steps)
    return kind(features, classes), quantity(features)


# --- what is shared ------------------------------------------------------------------------------


@multitask_model.misconception(
    "these are two networks side by side: each head has a backbone of its own, and neither task "
    "learns anything from the other one's labels. Build the backbone once, and give its features "
    "to both heads."
)
def two_networks(tensor, classes=3, filters=(8, 16, 32)):
    kind = _kind(_backbone(tensor, filters), classes)
    return kind, _quantity(_backbone(tensor, filters))


@multitask_model.misconception(
    "only the first convolution is shared; behind it the tasks go apart. All levels of the "
    "backbone are for both."
)
def only_the_first_level_shared(tensor, classes=3, filters=(8, 16, 32)):
    first = _convolve(tensor, filters[0])

    def rest(tensor):
        for maps in filters[1:]:
            tensor = _convolve(_pool(tensor), maps)
        return _mean(tensor)

    return _kind(rest(first), classes), _quantity(rest(first))


@multitask_model.misconception(
    "all levels but the last one are shared. The last convolution is part of the backbone too: "
    "build it once."
)
def all_but_the_last_level_shared(tensor, classes=3, filters=(8, 16, 32)):
    for maps in filters[:-1]:
        tensor = _pool(_convolve(tensor, maps))
    kind, quantity = (_mean(_convolve(tensor, filters[-1])) for _ in range(2))
    return _kind(kind, classes), _quantity(quantity)


@multitask_model.misconception(
    "no gradient of the quantity reaches the backbone (stop_gradient): it is trained by the kinds "
    "alone, and the quantity makes do with what it finds."
)
def quantity_does_not_train(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, quantity=lambda x: _quantity(ops.stop_gradient(x)))


@multitask_model.misconception(
    "no gradient of the kind reaches the backbone (stop_gradient): it is trained by the quantity "
    "alone."
)
def kind_does_not_train(tensor, classes=3, filters=(8, 16, 32)):
    def kind(features, classes):
        return _kind(ops.stop_gradient(features), classes)

    return _two(tensor, classes, filters, kind)


@multitask_model.misconception(
    "the backbone cannot be trained: its layers have trainable=False, or a gradient stops at its "
    "end. Both tasks train it here."
)
def backbone_is_frozen(tensor, classes=3, filters=(8, 16, 32)):
    def convolve(tensor, maps, last=False):
        layer = layers.Conv2D(maps, 3, padding="same", activation="relu", trainable=False)
        return layer(tensor)

    return _two(tensor, classes, filters, convolve=convolve)


# --- the heads -----------------------------------------------------------------------------------


@multitask_model.misconception(
    "the quantity is computed from the probabilities of the kinds. Two things of one kind would "
    "always have nearly the same size; the head must read the backbone's features."
)
def quantity_from_the_kind(tensor, classes=3, filters=(8, 16, 32)):
    kind = _kind(_backbone(tensor, filters), classes)
    return kind, _quantity(kind)


@multitask_model.misconception(
    "the quantity's head reads the probabilities of the kinds beside the features. A mistake about "
    "the kind then spoils the quantity: each head reads the features and nothing else."
)
def quantity_reads_the_kind_too(tensor, classes=3, filters=(8, 16, 32)):
    features = _backbone(tensor, filters)
    kind = _kind(features, classes)
    return kind, _quantity(layers.Concatenate()([features, kind]))


@multitask_model.misconception(
    "the kind is computed from the quantity: one number has to carry all that is known about the "
    "kind. Its head must read the backbone's features."
)
def kind_from_the_quantity(tensor, classes=3, filters=(8, 16, 32)):
    quantity = _quantity(_backbone(tensor, filters))
    return _kind(quantity, classes), quantity


@multitask_model.misconception(
    "the kind's head reads the quantity beside the features. Each head reads the features and "
    "nothing else."
)
def kind_reads_the_quantity_too(tensor, classes=3, filters=(8, 16, 32)):
    features = _backbone(tensor, filters)
    quantity = _quantity(features)
    return _kind(layers.Concatenate()([features, quantity]), classes), quantity


@multitask_model.misconception(
    "both heads have a hidden layer before their last one. The task asks for one dense layer each."
)
def hidden_layers_in_the_heads(tensor, classes=3, filters=(8, 16, 32)):
    def hidden(features):
        return layers.Dense(features.shape[-1], activation="relu")(features)

    def kind(features, classes):
        return _kind(hidden(features), classes)

    return _two(tensor, classes, filters, kind, lambda features: _quantity(hidden(features)))


@multitask_model.misconception(
    "there is a dense layer between the backbone and the heads. The heads read the mean of each of "
    "the last maps."
)
def a_dense_layer_for_both(tensor, classes=3, filters=(8, 16, 32)):
    def end(tensor):
        features = _mean(tensor)
        return layers.Dense(features.shape[-1], activation="relu")(features)

    return _two(tensor, classes, filters, end=end)


@multitask_model.misconception(
    "one dense layer gives all numbers, and is cut in two. It computes the same; but the task asks "
    "for a layer of its own for each output, so that it has a name and a loss."
)
def one_layer_cut_in_two(tensor, classes=3, filters=(8, 16, 32)):
    scores = layers.Dense(classes + 1)(_backbone(tensor, filters))
    kind = layers.Softmax(name="kind")(scores[:, :classes])
    return kind, layers.Identity(name="quantity")(scores[:, classes:])


@multitask_model.misconception(
    "the kind has no activation: scores come out, of any size and sign. The loss takes the "
    "logarithm of probabilities: end in a softmax."
)
def kind_without_softmax(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, lambda x, classes: _kind(x, classes, None))


@multitask_model.misconception(
    "the kind ends in sigmoids: its probabilities do not add up to 1. Kinds that exclude each "
    "other need a softmax."
)
def kind_by_sigmoids(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, lambda x, classes: _kind(x, classes, "sigmoid"))


@multitask_model.misconception(
    "the kind goes through a softmax twice, which makes all probabilities nearly alike. Either the "
    "layer's activation or a Softmax behind it, not both."
)
def kind_by_softmax_twice(tensor, classes=3, filters=(8, 16, 32)):
    def kind(features, classes):
        return layers.Softmax(name="kind")(layers.Dense(classes, "softmax")(features))

    return _two(tensor, classes, filters, kind)


@multitask_model.misconception(
    "the kind goes through a ReLU. What comes out are no probabilities: end in a softmax."
)
def kind_by_relu(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, lambda x, classes: _kind(x, classes, "relu"))


@multitask_model.misconception(
    "the quantity goes through a ReLU: it can never be negative, and where it should be there is "
    "no gradient. Leave the activation out."
)
def quantity_by_relu(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, quantity=lambda x: _quantity(x, "relu"))


@multitask_model.misconception(
    "the quantity goes through a sigmoid: nothing above 1 or below 0 can come out. A quantity is "
    "no probability; leave the activation out."
)
def quantity_by_sigmoid(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, quantity=lambda x: _quantity(x, "sigmoid"))


@multitask_model.misconception(
    "the quantity goes through a softmax. Over a single number it divides it by itself: the answer "
    "is 1 for every image."
)
def quantity_by_softmax(tensor, classes=3, filters=(8, 16, 32)):
    def quantity(features):  # Keras's own softmax would warn whoever looks for another mistake
        powers = ops.exp(layers.Dense(1)(features))
        sums = ops.sum(powers, axis=-1, keepdims=True)
        return layers.Identity(name="quantity")(powers / sums)

    return _two(tensor, classes, filters, quantity=quantity)


@multitask_model.misconception(
    "the quantity goes through a tanh: nothing beyond -1 and 1 can come out. Leave the activation "
    "out."
)
def quantity_by_tanh(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, quantity=lambda x: _quantity(x, "tanh"))


@multitask_model.misconception(
    "the quantity goes through a softplus: it can never be negative. Leave the activation out."
)
def quantity_by_softplus(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, quantity=lambda x: _quantity(x, "softplus"))


# --- what comes back -----------------------------------------------------------------------------


@multitask_model.misconception(
    "the outputs are in the wrong order: first the kind, then the quantity."
)
def outputs_swapped(tensor, classes=3, filters=(8, 16, 32)):
    kind, quantity = _two(tensor, classes, filters)
    return quantity, kind


@multitask_model.misconception(
    "there is a quantity for each kind. One number is asked for: Dense(1)."
)
def a_quantity_for_each_kind(tensor, classes=3, filters=(8, 16, 32)):
    return _two(
        tensor, classes, filters, quantity=lambda x: layers.Dense(classes, name="quantity")(x)
    )


@multitask_model.misconception(
    "the quantity has lost its last axis. Leave it as the dense layer gives it, (batch, 1)."
)
def quantity_without_its_axis(tensor, classes=3, filters=(8, 16, 32)):
    def quantity(features):
        return layers.Reshape((), name="quantity")(layers.Dense(1)(features))

    return _two(tensor, classes, filters, quantity=quantity)


@multitask_model.misconception(
    "both outputs are joined to one tensor. Return the two, kind and quantity, as a tuple."
)
def one_tensor_of_both(tensor, classes=3, filters=(8, 16, 32)):
    return layers.Concatenate()(list(_two(tensor, classes, filters)))


@multitask_model.misconception("classes is ignored: there are three kinds, whatever was asked for.")
def classes_ignored(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, 3, filters)


@multitask_model.misconception(
    "the last layers do not have the names that were asked for. compile gives each output its loss "
    'by this name: name="kind" and name="quantity".'
)
def without_names(tensor, classes=3, filters=(8, 16, 32)):
    features = _backbone(tensor, filters)
    return layers.Dense(classes, activation="softmax")(features), layers.Dense(1)(features)


@multitask_model.misconception(
    "the layer with the kind's name is not the last one: a softmax comes after it. The layer that "
    'gives the output is the one that needs the name "kind".'
)
def kinds_name_before_the_end(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, lambda x, c: layers.Softmax()(_kind(x, c, None)))


@multitask_model.misconception(
    "the names of the last layers are exchanged: each output would get the other one's loss."
)
def names_exchanged(tensor, classes=3, filters=(8, 16, 32)):
    features = _backbone(tensor, filters)
    kind = layers.Dense(classes, activation="softmax", name="quantity")(features)
    return kind, layers.Dense(1, name="kind")(features)


# --- the backbone --------------------------------------------------------------------------------


@multitask_model.misconception(
    "the last maps are made flat: each place has weights of its own in the heads, many times as "
    "many. Take the mean of each map, GlobalAveragePooling2D."
)
def made_flat(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, end=lambda tensor: layers.Flatten()(tensor))


@multitask_model.misconception(
    "the largest number of each last map is taken. It does not tell how much of the image answers: "
    "take the mean, GlobalAveragePooling2D."
)
def global_maximum(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, end=lambda x: layers.GlobalMaxPooling2D()(x))


@multitask_model.misconception(
    "the last level is pooled before the mean is taken. Pooling stands between levels only."
)
def pooled_after_the_last_level(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, end=lambda tensor: _mean(_pool(tensor)))


@multitask_model.misconception(
    "the image itself is pooled before the first convolution. Pooling stands between levels only."
)
def image_pooled_first(tensor, classes=3, filters=(8, 16, 32)):
    return _two(_pool(tensor), classes, filters)


@multitask_model.misconception(
    "the pixels are changed before the first convolution, by a rescaling for instance. It takes "
    "the tensor as it is: whoever calls the network prepares the images."
)
def image_rescaled(tensor, classes=3, filters=(8, 16, 32)):
    return _two(layers.Rescaling(1 / 255)(tensor), classes, filters)


@multitask_model.misconception(
    "levels are pooled by their means. Take the largest of each four: MaxPooling2D."
)
def pooled_by_means(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, pool=lambda x: layers.AveragePooling2D(2)(x))


@multitask_model.misconception(
    "nothing is pooled between the levels: all of them have the size of the image."
)
def not_pooled(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, filters, pool=lambda tensor: tensor)


@multitask_model.misconception(
    "convolutions with strides of 2 stand in for pooling: three of four numbers are never "
    "computed. Convolve with strides of 1, and take the largest of each four."
)
def strides_in_place_of_pooling(tensor, classes=3, filters=(8, 16, 32)):
    for level, maps in enumerate(filters):
        step = 2 if level else 1
        convolution = layers.Conv2D(maps, 3, step, padding="same", activation="relu")
        tensor = convolution(tensor)
    features = _mean(tensor)
    return _kind(features, classes), _quantity(features)


@multitask_model.misconception(
    "convolutions have no activation: without a ReLU between them they are one convolution."
)
def no_relu(tensor, classes=3, filters=(8, 16, 32)):
    def convolve(tensor, maps, last=False):
        return layers.Conv2D(maps, 3, padding="same")(tensor)

    return _two(tensor, classes, filters, convolve=convolve)


@multitask_model.misconception("the last convolution has no ReLU. Each one has.")
def no_relu_at_the_end(tensor, classes=3, filters=(8, 16, 32)):
    def convolve(tensor, maps, last=False):
        activation = None if last else "relu"
        return layers.Conv2D(maps, 3, padding="same", activation=activation)(tensor)

    return _two(tensor, classes, filters, convolve=convolve)


@multitask_model.misconception(
    "convolutions are followed by another function than a ReLU: a sigmoid, a tanh or a leaky one, "
    "for instance. Take a ReLU."
)
def sigmoids_in_the_backbone(tensor, classes=3, filters=(8, 16, 32)):
    def convolve(tensor, maps, last=False):
        return layers.Conv2D(maps, 3, padding="same", activation="sigmoid")(tensor)

    return _two(tensor, classes, filters, convolve=convolve)


@multitask_model.misconception(
    'convolutions have no padding and lose a row and a column at each side: padding="same".'
)
def valid_convolutions(tensor, classes=3, filters=(8, 16, 32)):
    def convolve(tensor, maps, last=False):
        return layers.Conv2D(maps, 3, activation="relu")(tensor)

    return _two(tensor, classes, filters, convolve=convolve)


@multitask_model.misconception(
    "filters is ignored: the levels have 8, 16 and 32 maps, whatever was asked for."
)
def filters_ignored(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, (8, 16, 32))


@multitask_model.misconception(
    "filters is read from its end. Its first entry belongs to the level of the image's size."
)
def filters_backwards(tensor, classes=3, filters=(8, 16, 32)):
    return _two(tensor, classes, tuple(reversed(filters)))


@multitask_model.misconception("there are two convolutions in each level. One is asked for.")
def two_convolutions_a_level(tensor, classes=3, filters=(8, 16, 32)):
    def convolve(tensor, maps, last=False):
        return _convolve(_convolve(tensor, maps), maps)

    return _two(tensor, classes, filters, convolve=convolve)


@multitask_model.misconception(
    "kernels are dilated: they skip pixels, and what is seen in between is lost. 3×3 neighbours "
    "are asked for; leave dilation_rate out."
)
def dilated_kernels(tensor, classes=3, filters=(8, 16, 32)):
    def convolve(tensor, maps, last=False):
        layer = layers.Conv2D(maps, 3, padding="same", dilation_rate=2, activation="relu")
        return layer(tensor)

    return _two(tensor, classes, filters, convolve=convolve)


@multitask_model.misconception("kernels have 5×5 numbers. 3×3 are asked for.")
def larger_kernels(tensor, classes=3, filters=(8, 16, 32)):
    def convolve(tensor, maps, last=False):
        return layers.Conv2D(maps, 5, padding="same", activation="relu")(tensor)

    return _two(tensor, classes, filters, convolve=convolve)
