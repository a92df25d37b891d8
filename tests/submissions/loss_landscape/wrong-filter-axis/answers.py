# %% filter-normalise-answer
def filter_normalise(direction, weights):
    result = []
    for d, w in zip(direction, weights):
        new = np.zeros(d.shape)
        if d.ndim > 1:
            for f in range(len(d)):
                new[f] = d[f] / np.linalg.norm(d[f]) * np.linalg.norm(w[f])
        result.append(new)
    return result
