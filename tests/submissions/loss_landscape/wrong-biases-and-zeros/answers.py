# %% filter-normalise-answer
def filter_normalise(direction, weights):
    result = []
    for d, w in zip(direction, weights):
        if d.ndim > 1:
            axes = tuple(range(d.ndim - 1))
            d = d * np.sqrt((w**2).sum(axis=axes)) / np.sqrt((d**2).sum(axis=axes))
        result.append(d)
    return result
