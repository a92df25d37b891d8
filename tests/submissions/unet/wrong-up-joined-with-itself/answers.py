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
        x = x[:, : skip.shape[1], : skip.shape[2]]
        if skips:
            x = layers.concatenate([x, x])
        x = two_convolutions(x, maps)
    activation = "sigmoid" if classes == 1 else "softmax"
    return layers.Conv2D(classes, 1, activation=activation)(x)


# %% iou-answer
def iou(truth, prediction, threshold=0.5):
    if truth.shape != prediction.shape:
        raise ValueError("shapes differ")
    a, b = truth > 0, prediction > threshold
    both, areas = (a & b).sum(axis=(1, 2)), a.sum(axis=(1, 2)) + b.sum(axis=(1, 2))
    return np.where(areas == 0, 1, both / np.maximum(areas, 1))
