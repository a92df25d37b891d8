# %% augment-pair-answer
def augment_pair(images, seed=0, shift=1, contrast=0.3):
    rng = np.random.default_rng(seed)
    batch, height, width, _ = images.shape
    wide = ((0, 0), (shift, shift), (shift, shift), (0, 0))
    padded = np.pad(images, wide, mode="edge")
    views = []
    for _ in range(2):
        corners = shift - (rng.integers(-shift, shift, (batch, 2)) if shift else np.zeros((batch, 2), int))
        cut = [p[a : a + height, b : b + width] for p, (a, b) in zip(padded, corners)]
        views.append(np.array(cut) * rng.uniform(1 - contrast, 1 + contrast, (batch, 1, 1, 1)))
    return views


# %% nt-xent-answer
def nt_xent(first, second, temperature=0.5):
    if first.shape != second.shape:
        raise ValueError("shapes differ")
    n = first.shape[0]
    rows = ops.normalize(ops.concatenate([first, second], axis=0), axis=1)
    scores = ops.matmul(rows, ops.transpose(rows)) / temperature - 1e9 * ops.eye(2 * n)
    partners = np.array([i + 1 if i % 2 == 0 else i - 1 for i in range(2 * n)])
    losses = keras.losses.sparse_categorical_crossentropy(partners, scores, from_logits=True)
    return ops.mean(losses)


# %% linear-probe-answer
def linear_probe(train_features, train_labels, features, labels):
    mean, std = train_features.mean(axis=0), train_features.std(axis=0)
    std = np.where(std == 0, 1, std)
    x, z = (train_features - mean) / std, (features - mean) / std
    target = np.eye(train_labels.max() + 1)[train_labels]
    w = np.zeros((x.shape[1], target.shape[1]))
    for _ in range(400):
        p = np.exp(x @ w)
        w = w - 0.5 * x.T @ (p / p.sum(axis=1, keepdims=True) - target) / len(x)
    return np.mean((z @ w).argmax(axis=1) == labels)
