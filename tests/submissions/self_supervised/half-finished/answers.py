# %% augment-pair-answer
def augment_pair(images, seed=0, shift=1, contrast=0.3):
    rng = np.random.default_rng(seed)
    batch, height, width, _ = images.shape
    wide = ((0, 0), (shift, shift), (shift, shift), (0, 0))
    padded = np.pad(images, wide, mode="edge")
    views = []
    for _ in range(2):
        corners = rng.integers(0, 2 * shift + 1, (batch, 2))
        cut = [p[a : a + height, b : b + width] for p, (a, b) in zip(padded, corners)]
        views.append(np.array(cut))  # TODO: contrast
    return views


# %% nt-xent-answer
def nt_xent(first, second, temperature=0.5):
    if first.shape != second.shape:
        raise ValueError("shapes differ")
    n = first.shape[0]
    rows = ops.concatenate([first, second], axis=0)
    rows = rows / ops.sqrt(ops.sum(rows**2, axis=1, keepdims=True))
    scores = ops.matmul(rows, ops.transpose(rows)) - 1e9 * ops.eye(2 * n)  # TODO: temperature
    partners = np.roll(np.arange(2 * n), n)
    return keras.losses.sparse_categorical_crossentropy(partners, scores, from_logits=True)
