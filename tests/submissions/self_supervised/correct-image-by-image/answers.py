# %% augment-pair-answer
import random


def augment_pair(images, seed=0, shift=1, contrast=0.3):
    draw = random.Random(seed)
    height, width = images.shape[1:3]
    first, second = [], []
    for image in images:
        for views in (first, second):
            down, right = draw.randint(-shift, shift), draw.randint(-shift, shift)
            rows = [min(max(i - down, 0), height - 1) for i in range(height)]
            columns = [min(max(i - right, 0), width - 1) for i in range(width)]
            factor = draw.uniform(1 - contrast, 1 + contrast)
            views.append(image[rows][:, columns].astype(float) * factor)
    return np.array(first), np.array(second)


# %% nt-xent-answer
def nt_xent(first, second, temperature=0.5):
    if first.shape != second.shape:
        raise ValueError("not the same shape")
    n = first.shape[0]
    rows = [first[i] for i in range(n)] + [second[i] for i in range(n)]
    rows = [row / ops.norm(row) for row in rows]
    total = 0
    for i in range(2 * n):
        terms = {}
        for k in range(2 * n):
            if k != i:
                terms[k] = ops.exp(ops.sum(rows[i] * rows[k]) / temperature)
        total = total - ops.log(terms[(i + n) % (2 * n)] / sum(terms.values()))
    return total / (2 * n)


# %% linear-probe-answer
def linear_probe(train_features, train_labels, features, labels):
    mean, std = train_features.mean(axis=0), train_features.std(axis=0)
    std[std == 0] = 1.0
    x = np.hstack([(train_features - mean) / std, np.ones((len(train_features), 1))])
    z = np.hstack([(features - mean) / std, np.ones((len(features), 1))])
    w = np.zeros((x.shape[1], train_labels.max() + 1))
    rng = np.random.default_rng(0)
    for epoch in range(50):
        for i in rng.permutation(len(x)):
            p = np.exp(x[i] @ w - (x[i] @ w).max())
            p = p / p.sum()
            p[train_labels[i]] -= 1
            w -= 0.2 / (1 + epoch / 10) * np.outer(x[i], p)
    right = sum(int(np.argmax(row @ w) == label) for row, label in zip(z, labels))
    return right / len(labels)
