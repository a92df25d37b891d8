# %% unet-answer
def level(x, filters, skips):
    for _ in range(2):
        x = layers.Conv2D(filters[0], 3, padding="same", use_bias=False)(x)
        x = ops.relu(layers.BatchNormalization(momentum=0.9)(x))
    if len(filters) == 1:
        return x
    up = level(layers.MaxPooling2D(padding="same")(x), filters[1:], skips)
    up = layers.Conv2DTranspose(filters[0], 2, strides=2, use_bias=False)(up)
    up = up[:, : x.shape[1], : x.shape[2], :]
    x = ops.concatenate([up, x], axis=-1) if skips else up
    for _ in range(2):
        x = layers.Conv2D(filters[0], 3, padding="same", use_bias=False)(x)
        x = ops.relu(layers.BatchNormalization(momentum=0.9)(x))
    return x


def unet(tensor, filters=(8, 16, 32), classes=1, skips=True):
    scores = layers.Dense(classes)(level(tensor, list(filters), skips))
    return ops.sigmoid(scores) if classes == 1 else ops.softmax(scores, axis=-1)
