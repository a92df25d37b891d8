# %% multitask-model-answer
def backbone(tensor, filters):
    for level, maps in enumerate(filters):
        tensor = layers.MaxPooling2D()(tensor) if level else tensor
        tensor = layers.Conv2D(maps, 3, padding="same", activation="relu")(tensor)
    return layers.GlobalAveragePooling2D()(tensor)


def multitask_model(tensor, classes=3, filters=(8, 16, 32)):
    kind = layers.Dense(classes, activation="softmax", name="kind")(backbone(tensor, filters))
    return kind, layers.Dense(1, name="quantity")(backbone(tensor, filters))


# %% multitask-loss-answer
def multitask_loss(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    has_kind = ops.cast(ops.greater_equal(kinds, 0), "float32")
    rows = ops.one_hot(kinds, probabilities.shape[-1])
    entropies = -ops.log(ops.maximum(ops.sum(rows * probabilities, axis=-1), 1e-7))
    has_quantity = ops.cast(ops.logical_not(ops.isnan(quantities)), "float32")
    errors = predicted[:, 0] - ops.where(has_quantity > 0, quantities, 0.0)
    entropy = ops.mean(has_kind * entropies)
    squared = ops.mean(has_quantity * errors**2)
    return weights[0] * entropy + weights[1] * squared
