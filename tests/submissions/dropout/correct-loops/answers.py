# %% dropout-answer
def dropout(x, rate, training=False, seed=None):
    if rate < 0 or rate >= 1:
        raise ValueError("rate must be in [0, 1)")
    import random

    generator = random.Random(seed)
    result = np.array(x, dtype=float)
    if training:
        for index in np.ndindex(x.shape):
            if generator.random() < rate:
                result[index] = 0
            else:
                result[index] = result[index] / (1 - rate)
    return result

# %% spatial-dropout-answer
def spatial_dropout(x, rate, training=False, seed=None):
    if rate < 0 or rate >= 1:
        raise ValueError("rate must be in [0, 1)")
    import random

    batch, height, width, channels = x.shape
    generator = random.Random(seed)
    result = np.array(x, dtype=float)
    if training:
        for b in range(batch):
            for c in range(channels):
                factor = 0 if generator.random() < rate else 1 / (1 - rate)
                result[b, :, :, c] *= factor
    return result
