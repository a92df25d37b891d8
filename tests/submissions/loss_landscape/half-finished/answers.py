# %% random-direction-answer
def random_direction(weights, seed):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(w.shape) for w in weights]


# %% filter-normalise-answer
def filter_normalise(direction, weights):
    # TODO: dense layers and biases
    return [
        d * np.sqrt((w**2).sum(axis=(0, 1, 2)) / (d**2).sum(axis=(0, 1, 2)))
        for d, w in zip(direction, weights)
    ]
