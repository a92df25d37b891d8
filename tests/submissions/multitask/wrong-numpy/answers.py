# %% multitask-model-answer
def multitask_model(tensor, classes=3, filters=(8, 16, 32)):
    for level, maps in enumerate(filters):
        tensor = layers.MaxPooling2D()(tensor) if level else tensor
        tensor = layers.Conv2D(maps, 3, padding="same", activation="relu")(tensor)
    features = layers.GlobalAveragePooling2D()(tensor)
    kind = layers.Dense(classes, name="kind")(features)
    return kind, layers.Dense(1, name="quantity")(features)


# %% multitask-loss-answer
def multitask_loss(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    has_kind, has_quantity = kinds >= 0, ~np.isnan(quantities)
    entropy = squared = 0.0
    if has_kind.any():
        chosen = probabilities[has_kind, kinds[has_kind]]
        entropy = -np.log(np.maximum(chosen, 1e-7)).mean()
    if has_quantity.any():
        squared = ((predicted[has_quantity, 0] - quantities[has_quantity]) ** 2).mean()
    return weights[0] * entropy + weights[1] * squared
