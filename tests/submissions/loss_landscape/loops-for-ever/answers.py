# %% random-direction-answer
def random_direction(weights, seed):
    rng = np.random.default_rng(seed)
    while True:
        direction = [rng.standard_normal(w.shape) for w in weights]
        length = sum((d**2).sum() for d in direction)
        if length == sum((w**2).sum() for w in weights):
            return direction
