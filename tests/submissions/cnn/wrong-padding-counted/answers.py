# %% average-pool2d-answer
def average_pool2d(images, pool_size=2, strides=None, padding="valid"):
    (kh, kw), (sh, sw) = pair(pool_size), pair(pool_size if strides is None else strides)
    rows, top = positions(images.shape[1], kh, sh, padding)
    columns, left = positions(images.shape[2], kw, sw, padding)
    padded = np.pad(images.astype(float), ((0, 0), (top, kh + sh), (left, kw + sw), (0, 0)))
    output = np.zeros((len(images), rows, columns, images.shape[3]))
    for i in range(rows):
        for j in range(columns):
            window = padded[:, i * sh : i * sh + kh, j * sw : j * sw + kw]
            output[:, i, j] = window.sum(axis=(1, 2)) / (kh * kw)
    return output

# %% clip-by-global-norm-answer
def clip_by_global_norm(gradients, max_norm):
    norm = np.sqrt(sum((g.astype(float) ** 2).sum() for g in gradients))
    return [np.clip(g, -max_norm, max_norm) for g in gradients], norm
