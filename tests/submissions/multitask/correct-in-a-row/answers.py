# %% multitask-model-answer
def multitask_model(tensor, classes=3, filters=(8, 16, 32)):
    backbone = keras.Sequential()
    for level, maps in enumerate(filters):
        if level:
            backbone.add(layers.MaxPool2D((2, 2), strides=2))
        backbone.add(layers.Conv2D(maps, (3, 3), padding="same"))
        backbone.add(layers.Activation("relu"))
        backbone.add(layers.BatchNormalization(momentum=0.9))
    maps = backbone(tensor)
    kind = layers.GlobalAveragePooling2D()(layers.Conv2D(classes, 1)(maps))
    quantity = layers.GlobalAveragePooling2D(name="quantity")(layers.Conv2D(1, 1)(maps))
    return layers.Activation("softmax", name="kind")(kind), quantity


# %% multitask-loss-answer
def masked_mean(values, there):
    there = ops.cast(there, values.dtype)
    return ops.sum(values * there) / ops.maximum(ops.sum(there), 1)


def multitask_loss(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    index = ops.expand_dims(ops.maximum(kinds, 0), axis=1)
    chosen = ops.take_along_axis(ops.convert_to_tensor(probabilities), index, axis=1)
    entropy = masked_mean(-ops.log(chosen + 1e-7)[:, 0], ops.not_equal(kinds, -1))
    there = ops.equal(quantities, quantities)
    known = ops.where(there, quantities, 0.0)
    return weights[0] * entropy + weights[1] * masked_mean((predicted[:, 0] - known) ** 2, there)
