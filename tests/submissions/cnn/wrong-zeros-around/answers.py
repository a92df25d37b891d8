# %% max-pool2d-answer
def padded_with_zeros(images, pool_size, strides, padding):
    (kh, kw), (sh, sw) = pair(pool_size), pair(pool_size if strides is None else strides)
    rows, top = positions(images.shape[1], kh, sh, padding)
    columns, left = positions(images.shape[2], kw, sw, padding)
    padded = np.pad(images, ((0, 0), (top, kh + sh), (left, kw + sw), (0, 0)))
    return padded, (kh, kw), (sh, sw), (rows, columns), (top, left)


def max_pool2d(images, pool_size=2, strides=None, padding="valid"):
    padded, (kh, kw), (sh, sw), (rows, columns), _ = padded_with_zeros(
        images, pool_size, strides, padding
    )
    output = np.zeros((len(images), rows, columns, images.shape[3]))
    for i in range(rows):
        for j in range(columns):
            window = padded[:, i * sh : i * sh + kh, j * sw : j * sw + kw]
            output[:, i, j] = window.max(axis=(1, 2))
    return output

# %% max-pool2d-gradient-answer
def max_pool2d_gradient(images, output_gradient, pool_size=2, strides=None, padding="valid"):
    padded, (kh, kw), (sh, sw), (rows, columns), (top, left) = padded_with_zeros(
        images, pool_size, strides, padding
    )
    if output_gradient.shape != (len(images), rows, columns, images.shape[3]):
        raise ValueError("output_gradient does not fit")
    result = np.zeros(padded.shape)
    for n, i, j, c in np.ndindex(output_gradient.shape):
        window = padded[n, i * sh : i * sh + kh, j * sw : j * sw + kw, c]
        y, x = divmod(window.argmax(), kw)
        result[n, i * sh + y, j * sw + x, c] += output_gradient[n, i, j, c]
    return result[:, top : top + images.shape[1], left : left + images.shape[2]]
