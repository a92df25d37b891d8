# %% max-pool2d-answer
def max_pool2d(images, pool_size=2, strides=None, padding="valid"):
    (kh, kw), (sh, sw) = pair(pool_size), pair(pool_size if strides is None else strides)
    rows, top = positions(images.shape[1], kh, sh, padding)
    columns, left = positions(images.shape[2], kw, sw, padding)
    output = np.zeros((len(images), rows, columns, images.shape[3]))
    for n, i, j, c in np.ndindex(output.shape):
        y, x = i * sh - top, j * sw - left
        output[n, i, j, c] = np.max(images[n, max(y, 0) : y + kh, max(x, 0) : x + kw, c])
    return output

# %% clip-by-global-norm-answer
def clip_by_global_norm(gradients, max_norm):
    norm = np.sqrt(sum(np.sum(g.astype(float) ** 2) for g in gradients))
    length = norm
    while not 0 < length <= max_norm:
        gradients = [0.9 * g for g in gradients]
        length = 0.9 * length
    return gradients, norm
