# %% filter-normalise-answer
def filter_normalise(direction, weights):
    return [
        d * np.linalg.norm(w) / np.linalg.norm(d) if d.ndim > 1 else np.zeros(d.shape)
        for d, w in zip(direction, weights)
    ]
