# %% augment-pair-answer
def augment_pair(images, seed=0, shift=1, contrast=0.3):
    rng = np.random.default_rng(seed)
    batch, height, width, channels = images.shape

    def view():
        down, right = rng.integers(-shift, shift + 1, size=(2, batch, 1, 1, 1))
        rows = np.clip(np.arange(height).reshape(1, -1, 1, 1) - down, 0, height - 1)
        columns = np.clip(np.arange(width).reshape(1, 1, -1, 1) - right, 0, width - 1)
        moved = np.take_along_axis(np.take_along_axis(images, rows, 1), columns, 2)
        return (moved * (1 + rng.uniform(-contrast, contrast, (batch, 1, 1, 1)))).astype("float32")

    return [view(), view()]


# %% nt-xent-answer
def nt_xent(first, second, temperature=0.5):
    if tuple(first.shape) != tuple(second.shape):
        raise ValueError("embeddings must have one shape")
    batch = ops.shape(first)[0]
    a, b = ops.normalize(first, axis=-1), ops.normalize(second, axis=-1)
    labels = ops.one_hot(ops.arange(batch), 2 * batch)
    masks = ops.one_hot(ops.arange(batch), batch)
    aa = ops.matmul(a, ops.transpose(a)) / temperature - masks * 1e9
    bb = ops.matmul(b, ops.transpose(b)) / temperature - masks * 1e9
    ab = ops.matmul(a, ops.transpose(b)) / temperature
    ba = ops.matmul(b, ops.transpose(a)) / temperature
    entropy = keras.losses.categorical_crossentropy
    one = entropy(labels, ops.concatenate([ab, aa], axis=1), from_logits=True)
    two = entropy(labels, ops.concatenate([ba, bb], axis=1), from_logits=True)
    return ops.mean((one + two) / 2)


# %% linear-probe-answer
def linear_probe(train_features, train_labels, features, labels):
    mean = np.mean(train_features, axis=0, dtype=float)
    std = np.std(train_features, axis=0, dtype=float) + 1e-8
    kinds, places = np.unique(train_labels, return_inverse=True)
    x, z = (train_features - mean) / std, (features - mean) / std
    x, z = np.c_[x, np.ones(len(x))], np.c_[z, np.ones(len(z))]
    target = np.eye(len(kinds))[places]
    weights = np.random.default_rng(0).normal(0, 0.01, (x.shape[1], len(kinds)))
    speed = 0
    for _ in range(300):
        powers = np.exp(x @ weights - np.max(x @ weights, axis=1, keepdims=True))
        slope = x.T @ (powers / powers.sum(axis=1, keepdims=True) - target) / len(x)
        speed = 0.9 * speed + slope + 1e-3 * weights
        weights = weights - 0.1 * speed
    return np.mean(kinds[(z @ weights).argmax(axis=1)] == labels)
