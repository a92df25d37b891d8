# %% dropout-answer
def dropout(x, rate, training=False, seed=None):
    if rate < 0 or rate >= 1:
        raise ValueError("rate must be in [0, 1)")
    import warnings

    print("dropout", x.shape, rate)
    warnings.warn("the global generator is used")
    np.random.seed(seed)
    if training:
        return np.where(np.random.rand(*x.shape) < rate, 0.0, x / (1 - rate))
    return x
