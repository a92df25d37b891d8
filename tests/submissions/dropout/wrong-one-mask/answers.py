# %% dropout-answer
def dropout(x, rate, training=False, seed=None):
    if rate < 0 or rate >= 1:
        raise ValueError("rate must be in [0, 1)")
    if not training:
        return x
    mask = np.random.default_rng(seed).random(x.shape[1:]) >= rate
    return x * mask / (1 - rate)

# %% spatial-dropout-answer
def spatial_dropout(x, rate, training=False, seed=None):
    if rate < 0 or rate >= 1:
        raise ValueError("rate must be in [0, 1)")
    if x.ndim != 4:
        raise ValueError("images only")
    if not training:
        return x
    mask = np.random.default_rng(seed).random(x.shape[-1]) >= rate
    return x * mask / (1 - rate)
