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
        views.append(np.array(cut) * rng.uniform(1 - contrast, 1 + contrast, (batch, 1, 1, 1)))
    return views


# %% nt-xent-answer
def nt_xent(first, second, temperature=0.5):
    if first.shape != second.shape:
        raise ValueError("shapes differ")
    n = first.shape[0]
    rows = np.concatenate([first, second], axis=0)
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    powers = np.exp(rows @ rows.T / temperature)
    np.fill_diagonal(powers, 0)
    positive = powers[np.arange(2 * n), np.roll(np.arange(2 * n), n)]
    return -np.mean(np.log(positive / powers.sum(axis=1)))


# %% linear-probe-answer
def linear_probe(train_features, train_labels, features, labels):
    mean, std = train_features.mean(axis=0), train_features.std(axis=0)
    x, z = (train_features - mean) / std, (features - mean) / std
    target = np.eye(train_labels.max() + 1)[train_labels]
    w, b = np.zeros((x.shape[1], target.shape[1])), np.zeros(target.shape[1])
    for _ in range(400):
        p = np.exp(x @ w + b)
        error = (p / p.sum(axis=1, keepdims=True) - target) / len(x)
        w, b = w - 0.5 * x.T @ error, b - 0.5 * error.sum(axis=0)
    return np.mean((z @ w + b).argmax(axis=1) == labels)
