# %% filter-normalise-answer
def filter_normalise(direction, weights):
    for d, w in zip(direction, weights):
        if d.ndim < 2:
            d[:] = 0
        else:
            axes = tuple(range(d.ndim - 1))
            length = np.sqrt((d**2).sum(axis=axes))
            d *= np.sqrt((w**2).sum(axis=axes)) / np.where(length == 0, 1, length)
    return direction
