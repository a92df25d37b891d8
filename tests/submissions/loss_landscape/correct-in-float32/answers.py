# %% random-direction-answer
import warnings


def random_direction(weights, seed):
    print("drawing", seed)
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal(w.shape, dtype=np.float32) for w in weights)


# %% filter-normalise-answer
def filter_normalise(direction, weights):
    warnings.warn("take care of zeros")
    result = ()
    for d, w in zip(direction, weights):
        axis = tuple(range(d.ndim))[:-1]
        if axis == ():
            result += (np.zeros_like(d),)
        else:
            own = np.sqrt((d**2).sum(axis, keepdims=True))
            own[own == 0] = 1
            result += ((d / own * np.sqrt((w**2).sum(axis, keepdims=True))).astype("float32"),)
    return result


# %% loss-surface-answer
def loss_surface(loss, weights, directions, steps):
    rows = []
    for a in steps:
        row = []
        for b in steps:
            row.append(loss([w + a * d + b * e for w, d, e in zip(weights, *directions)]))
        rows.append(row)
    return rows
