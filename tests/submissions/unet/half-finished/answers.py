# %% unet-answer
def unet(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def two_convolutions(x, maps):
        x = layers.Conv2D(maps, 3, activation="relu", padding="same")(x)
        return layers.Conv2D(maps, 3, activation="relu", padding="same")(x)

    features = []
    x = tensor
    for maps in filters[:-1]:
        x = two_convolutions(x, maps)
        features.append(x)
        x = layers.MaxPooling2D(padding="same")(x)
    x = two_convolutions(x, filters[-1])
    for maps, skip in zip(filters[-2::-1], features[::-1]):
        x = layers.Conv2DTranspose(maps, 2, strides=2)(x)
        # TODO: cut to the size of the skip
        if skips:
            x = x  # TODO: the skips
        x = two_convolutions(x, maps)
    activation = "sigmoid" if classes == 1 else "softmax"
    return layers.Conv2D(classes, 1, activation=activation)(x)


# %% iou-answer
def iou(truth, prediction, threshold=0.5):
    if truth.shape != prediction.shape:
        raise ValueError("shapes differ")
    a, b = truth > 0, prediction > threshold
    both, either = (a & b).sum((1, 2)), (a | b).sum((1, 2))
    return np.where(either > 0, both / np.maximum(1, either), 1)


# %% dice-loss-answer
def dice_loss(truth, prediction, smooth=1.0):
    truth = ops.cast(truth, "float32")
    both = ops.sum(truth * prediction, axis=(1, 2))
    areas = ops.sum(truth, axis=(1, 2)) + ops.sum(prediction, axis=(1, 2))
    return ops.mean(1 - (2 * both + smooth) / (areas + smooth))
