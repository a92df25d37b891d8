# %% augment-pair-answer
def augment_pair(images, seed=0, shift=1, contrast=0.3):
    rng = np.random.default_rng(seed)
    batch, height, width, _ = images.shape
    wide = ((0, 0), (shift, shift), (shift, shift), (0, 0))
    padded = np.pad(images, wide, mode="edge")
    views = []
    for _ in range(2):
        top, left = rng.integers(0, 2 * shift + 1, 2)
        cut = padded[:, top : top + height, left : left + width]
        views.append(cut * rng.uniform(1 - contrast, 1 + contrast, (batch, 1, 1, 1)))
    return views


# %% nt-xent-answer
def nt_xent(first, second, temperature=0.5):
    if first.shape != second.shape:
        raise ValueError("shapes differ")
    n = first.shape[0]
    rows = ops.normalize(ops.concatenate([first, second], axis=0), axis=1)
    scores = ops.matmul(rows, ops.transpose(rows)) * temperature - 1e9 * ops.eye(2 * n)
    partners = np.roll(np.arange(2 * n), n)
    losses = keras.losses.sparse_categorical_crossentropy(partners, scores, from_logits=True)
    return ops.mean(losses)


# %% linear-probe-answer
def linear_probe(train_features, train_labels, features, labels):
    from scipy.optimize import minimize

    x = np.c_[train_features, np.ones(len(train_features))].astype(float)
    z = np.c_[features, np.ones(len(features))].astype(float)
    target = np.eye(1 + train_labels.max())[train_labels]

    def loss(flat):
        w = flat.reshape(x.shape[1], -1)
        scores = x @ w
        scores = scores - scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        slope = x.T @ (np.exp(logs) - target) + w
        return -np.sum(target * logs) + 0.5 * np.sum(w**2), slope.ravel()

    start = np.zeros(x.shape[1] * target.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return float(np.mean((z @ found.reshape(x.shape[1], -1)).argmax(1) == labels))
