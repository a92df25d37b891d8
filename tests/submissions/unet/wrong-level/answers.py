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
    for maps, skip in zip(filters[-2::-1], features):
        x = layers.Conv2DTranspose(maps, 2, strides=2)(x)
        like = features[filters[:-1].index(maps)]
        x = x[:, : like.shape[1], : like.shape[2]]
        if skip.shape[1] > like.shape[1]:
            skip = layers.MaxPooling2D(padding="same")(skip)
        elif skip.shape[1] < like.shape[1]:
            skip = layers.UpSampling2D()(skip)[:, : like.shape[1], : like.shape[2]]
        if skips:
            x = layers.concatenate([skip, x])
        x = two_convolutions(x, maps)
    activation = "sigmoid" if classes == 1 else "softmax"
    return layers.Conv2D(classes, 1, activation=activation)(x)


# %% iou-answer
def iou(truth, prediction, threshold=0.5):
    if truth.shape != prediction.shape:
        raise ValueError("shapes differ")
    a, b = truth > 0, prediction > threshold
    both, either = (a & b).sum(axis=(1, 2)), (a | b).sum(axis=(1, 2))
    return np.mean(np.where(either == 0, 1, both / np.maximum(either, 1)))


# %% dice-loss-answer
def dice_loss(truth, prediction, smooth=1.0):
    truth = ops.cast(truth, "float32")
    both = ops.sum(truth * prediction, axis=(1, 2))
    areas = ops.sum(truth, axis=(1, 2)) + ops.sum(prediction, axis=(1, 2))
    return ops.mean(1 - (2 * both + smooth) / (areas + smooth))
