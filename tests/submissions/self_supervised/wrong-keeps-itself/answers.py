# %% augment-pair-answer
def augment_pair(images, seed=0, shift=1, contrast=0.3):
    rng = np.random.default_rng(seed)

    def view(image):
        step = rng.integers(-shift, shift + 1, 2)
        return np.roll(image, step, axis=(0, 1)) * rng.uniform(1 - contrast, 1 + contrast)

    return np.array([view(i) for i in images]), np.array([view(i) for i in images])


# %% nt-xent-answer
def nt_xent(first, second, temperature=0.5):
    if first.shape != second.shape:
        raise ValueError("shapes differ")
    n = first.shape[0]
    rows = ops.normalize(ops.concatenate([first, second], axis=0), axis=1)
    scores = ops.matmul(rows, ops.transpose(rows)) / temperature
    partners = np.roll(np.arange(2 * n), n)
    losses = keras.losses.sparse_categorical_crossentropy(partners, scores, from_logits=True)
    return ops.mean(losses)


# %% linear-probe-answer
def linear_probe(train_features, train_labels, features, labels):
    mean, std = train_features.mean(axis=0), train_features.std(axis=0)
    std = np.where(std == 0, 1, std)
    x, z = (train_features - mean) / std, (features - mean) / std
    target = np.eye(train_labels.max() + 1)[train_labels]
    w, b = np.zeros((x.shape[1], target.shape[1])), np.zeros(target.shape[1])
    for _ in range(400):
        p = np.exp(x @ w + b)
        error = (p / p.sum(axis=1, keepdims=True) - target) / len(x)
        w, b = w - 0.5 * x.T @ error, b - 0.5 * error.sum(axis=0)
    return 100 * np.mean((z @ w + b).argmax(axis=1) == labels)
