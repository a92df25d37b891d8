# %% max-pool2d-gradient-answer
def max_pool2d_gradient(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    (kh, kw), (sh, sw) = pair(pool_size), pair(pool_size if strides is None else strides)
    rows, top = positions(images.shape[1], kh, sh, padding)
    columns, left = positions(images.shape[2], kw, sw, padding)
    if output_gradient.shape != (len(images), rows, columns, images.shape[3]):
        raise ValueError("output_gradient does not fit")
    gradient = np.zeros(images.shape)
    for n, i, j, c in np.ndindex(output_gradient.shape):
        y, x = i * sh - top, j * sw - left
        here = (n, slice(max(y, 0), y + kh), slice(max(x, 0), x + kw), c)
        wins = images[here] == images[here].max()
        gradient[here][wins] = output_gradient[n, i, j, c]
    return gradient
