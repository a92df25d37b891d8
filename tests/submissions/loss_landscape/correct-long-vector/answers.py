# %% random-direction-answer
def random_direction(weights, seed):
    np.random.seed(seed)
    numbers = np.random.randn(sum(w.size for w in weights))
    ends = np.cumsum([w.size for w in weights])
    return [numbers[e - w.size : e].reshape(w.shape) for e, w in zip(ends, weights)]


# %% filter-normalise-answer
def filter_normalise(direction, weights):
    def lengths(a):
        return np.linalg.norm(a.reshape(-1, a.shape[-1]), axis=0)

    return [
        d * lengths(w) / (lengths(d) + 1e-10) if d.ndim > 1 else 0 * d
        for d, w in zip(direction, weights)
    ]


# %% loss-surface-answer
def loss_surface(loss, weights, directions, steps):
    A, B = np.meshgrid(steps, steps, indexing="ij")
    d1, d2 = directions
    values = [
        loss([w + a * x + b * y for w, x, y in zip(weights, d1, d2)])
        for a, b in zip(A.flatten(), B.flatten())
    ]
    return np.array(values).reshape(A.shape)
