# %% max-pool2d-answer
def max_pool2d(images, pool_size=2, strides=None, padding="valid"):
    (kh, kw), (sh, sw) = pair(pool_size), pair(1 if strides is None else strides)
    rows, top = positions(images.shape[1], kh, sh, padding)
    columns, left = positions(images.shape[2], kw, sw, padding)
    output = np.zeros((len(images), rows, columns, images.shape[3]))
    for i in range(rows):
        for j in range(columns):
            y, x = i * sh - top, j * sw - left
            output[:, i, j] = images[:, max(y, 0) : y + kh, max(x, 0) : x + kw].max(axis=(1, 2))
    return output

# %% average-pool2d-answer
def average_pool2d(images, pool_size=2, strides=None, padding="valid"):
    (kh, kw), (sh, sw) = pair(pool_size), pair(pool_size if strides is None else strides)
    rows, top = positions(images.shape[1], kh, sh, padding)
    columns, left = positions(images.shape[2], kw, sw, padding)
    output = np.zeros((len(images), rows, columns, images.shape[3]))
    for i in range(rows):
        for j in range(columns):
            y, x = i * sh - top, j * sw - left
            output[:, i, j] = images[:, max(y, 0) : y + kh, max(x, 0) : x + kw].sum(axis=(1, 2))
    return output

# %% max-pool2d-gradient-answer
def max_pool2d_gradient(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    (kh, kw), (sh, sw) = pair(pool_size), pair(pool_size if strides is None else strides)
    rows, top = positions(images.shape[1], kh, sh, padding)
    columns, left = positions(images.shape[2], kw, sw, padding)
    if output_gradient.shape != (len(images), rows, columns, images.shape[3]):
        raise ValueError("does not fit")
    gradient = np.zeros(images.shape)
    for n, i, j, c in np.ndindex(output_gradient.shape):
        y, x = i * sh - top, j * sw - left
        window = gradient[n, max(y, 0) : y + kh, max(x, 0) : x + kw, c]
        window += output_gradient[n, i, j, c] / window.size
    return gradient

# %% cnn-with-pooling-answer
def cnn_with_pooling(image, flatten=True):
    x = image
    for filters in (8, 16, 32):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.AveragePooling2D(2, padding="same")(x)
    x = layers.Flatten()(x) if flatten else layers.GlobalAveragePooling2D()(x)
    return layers.Dense(3, activation="softmax")(x)

# %% clip-by-global-norm-answer
def clip_by_global_norm(gradients, max_norm):
    clipped, total = [], 0.0
    for gradient in gradients:
        square = np.sum(gradient.astype(float) ** 2)
        total += square
        clipped.append(gradient * min(1, max_norm / max(np.sqrt(square), 1e-12)))
    return clipped, np.sqrt(total)
