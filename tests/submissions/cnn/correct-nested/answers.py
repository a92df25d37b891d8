# %% max-pool2d-gradient-answer
def max_pool2d_gradient(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    batch, height, width, channels = images.shape
    (kh, kw), (sh, sw) = pair(pool_size), pair(pool_size if strides is None else strides)
    rows, top = positions(height, kh, sh, padding)
    columns, left = positions(width, kw, sw, padding)
    if output_gradient.shape != (batch, rows, columns, channels):
        raise ValueError("the shapes do not fit together")
    padded = np.pad(images, ((0, 0), (top, kh + sh), (left, kw + sw), (0, 0)), constant_values=-np.inf)
    result = np.zeros(padded.shape)
    n, c = np.meshgrid(np.arange(batch), np.arange(channels), indexing="ij")
    for i in range(rows):
        for j in range(columns):
            window = padded[:, i * sh : i * sh + kh, j * sw : j * sw + kw]
            place = window.reshape(batch, kh * kw, channels).argmax(axis=1)
            result[n, i * sh + place // kw, j * sw + place % kw, c] += output_gradient[:, i, j]
    return result[:, top : top + height, left : left + width]

# %% cnn-with-pooling-answer
def cnn_with_pooling(image, flatten=True):
    backbone = keras.Sequential(name="backbone")
    for filters in (8, 16, 32):
        backbone.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        backbone.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        backbone.add(layers.MaxPooling2D(padding="same"))
    features = backbone(image)
    head = layers.Flatten() if flatten else layers.GlobalAveragePooling2D()
    return layers.Softmax()(layers.Dense(3)(head(features)))
