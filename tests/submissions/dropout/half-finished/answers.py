# %% dropout-answer
def dropout(x, rate, training=False, seed=None):
    # TODO: scaling
    mask = np.random.default_rng(seed).random(x.shape) > rate
    if training:
        return x * mask
    return x
