# %% random-direction-answer
def random_direction(weights, seed):
    return np.random.default_rng(seed).standard_normal(sum(w.size for w in weights))
