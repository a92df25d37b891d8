# %% multitask-model-answer
def multitask_model(tensor, classes=3, filters=(8, 16, 32)):
    x = tensor
    for maps in filters[:-1]:
        x = ops.relu(layers.Conv2D(maps, 3, padding="same")(x))
        x = ops.max_pool(x, 2)
    x = ops.relu(layers.Conv2D(filters[-1], 3, padding="same")(x))
    x = layers.Dropout(0.1)(ops.mean(x, axis=[1, 2]))
    heads = {"kind": (classes, "softmax"), "quantity": (1, None)}
    return [layers.Dense(n, activation=a, name=name)(x) for name, (n, a) in heads.items()]


# %% multitask-loss-answer
def multitask_loss(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    has_kind = kinds >= 0
    has_quantity = ops.logical_not(ops.isnan(quantities))
    labels = ops.where(has_kind, kinds, ops.zeros_like(kinds))
    predicted = ops.reshape(predicted, (-1,))
    targets = ops.where(has_quantity, quantities, predicted)
    total = 0.0
    losses = (
        keras.losses.sparse_categorical_crossentropy(labels, probabilities),
        ops.square(targets - predicted),
    )
    for weight, there, loss in zip(weights, (has_kind, has_quantity), losses):
        there = ops.cast(there, "float32")
        total = total + weight * ops.divide_no_nan(ops.sum(loss * there), ops.sum(there))
    return total
