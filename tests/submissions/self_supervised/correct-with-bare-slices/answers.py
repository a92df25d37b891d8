# %% augment-pair-answer
def augment_pair(images, seed=0, shift=1, contrast=0.3):
    rng = np.random.RandomState(seed)
    views = np.stack([images, images]).astype(np.float64)
    height, width = images.shape[1:3]
    for pair in views:
        for i in range(len(pair)):
            around = np.pad(pair[i], ((shift,) * 2, (shift,) * 2, (0, 0)), "edge")
            y, x = rng.randint(2 * shift + 1, size=2)
            pair[i] = around[y : y + height, x : x + width] * rng.uniform(1 - contrast, 1 + contrast)
    return views


# %% nt-xent-answer
def nt_xent(first, second, temperature=0.5):
    n = first.shape[0]
    if first.shape != second.shape:
        raise ValueError("shapes differ")
    z = ops.concatenate([first, second], axis=0)
    z = z / ops.norm(z, axis=1, keepdims=True)
    powers = ops.exp(ops.matmul(z, ops.transpose(z)) / temperature) * (1 - ops.eye(2 * n))
    positive = ops.exp(ops.sum(z[:n] * z[n:], axis=1) / temperature)
    positive = ops.concatenate([positive, positive], axis=0)
    return -ops.mean(ops.log(positive / ops.sum(powers, axis=1)))


# %% linear-probe-answer
def linear_probe(train_features, train_labels, features, labels):
    from scipy.optimize import minimize

    mean, std = train_features.mean(0), train_features.std(0)
    std = np.where(std == 0, 1, std)
    x = np.c_[(train_features - mean) / std, np.ones(len(train_features))]
    z = np.c_[(features - mean) / std, np.ones(len(features))]
    target = np.eye(1 + train_labels.max())[train_labels]

    def loss(flat):
        w = flat.reshape(x.shape[1], -1)
        scores = x @ w
        scores = scores - scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        slope = x.T @ (np.exp(logs) - target) / len(x) + 0.01 * w
        return -np.mean(np.sum(target * logs, axis=1)) + 0.005 * np.sum(w**2), slope.ravel()

    found = minimize(loss, np.zeros(x.shape[1] * target.shape[1]), jac=True).x
    return float(np.mean((z @ found.reshape(x.shape[1], -1)).argmax(1) == labels))
