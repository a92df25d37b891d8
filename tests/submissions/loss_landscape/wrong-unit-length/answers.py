# %% filter-normalise-answer
def filter_normalise(direction, weights):
    return [
        d / np.sqrt((d**2).sum(axis=tuple(range(d.ndim - 1)))) if d.ndim > 1 else 0 * d
        for d, w in zip(direction, weights)
    ]
