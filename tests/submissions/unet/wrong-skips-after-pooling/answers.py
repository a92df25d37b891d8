# %% unet-answer
def unet(tensor, filters=(8, 16, 32), classes=1, skips=True):
    def two_convolutions(x, maps):
        x = layers.Conv2D(maps, 3, activation="relu", padding="same")(x)
        return layers.Conv2D(maps, 3, activation="relu", padding="same")(x)

    features = []
    x = tensor
    for maps in filters[:-1]:
        x = two_convolutions(x, maps)
        size = x.shape
        x = layers.MaxPooling2D(padding="same")(x)
        features.append(layers.UpSampling2D()(x)[:, : size[1], : size[2]])
    x = two_convolutions(x, filters[-1])
    for maps, skip in zip(filters[-2::-1], features[::-1]):
        x = layers.Conv2DTranspose(maps, 2, strides=2)(x)
        x = x[:, : skip.shape[1], : skip.shape[2]]
        if skips:
            x = layers.concatenate([skip, x])
        x = two_convolutions(x, maps)
    activation = "sigmoid" if classes == 1 else "softmax"
    return layers.Conv2D(classes, 1, activation=activation)(x)


# %% iou-answer
def iou(truth, prediction, threshold=0.5):
    if truth.shape != prediction.shape:
        raise ValueError("shapes differ")
    truth, prediction = truth > 0, prediction > threshold
    intersection = np.sum(truth & prediction, axis=(1, 2))
    return intersection / np.sum(truth | prediction, axis=(1, 2))
