# %% spatial-dropout-answer
def spatial_dropout(x, rate, training=False, seed=None):
    if rate < 0 or rate >= 1:
        raise ValueError("rate must be in [0, 1)")
    if x.ndim != 4:
        raise ValueError("images only")
    if not training:
        return x
    rng = np.random.default_rng(seed)
    while True:
        mask = rng.random((x.shape[0], 1, 1, x.shape[3])) >= rate
        if mask.mean() == 1 - rate + 1e-9:
            return x * mask / (1 - rate)
