# %% random-direction-answer
def random_direction(weights, seed):
    rng = np.random.default_rng(seed)
    return [rng.random(w.shape) for w in weights]


# %% loss-surface-answer
def loss_surface(loss, weights, directions, steps):
    A, B = np.meshgrid(steps, steps)
    surface = np.zeros(A.shape)
    for place in np.ndindex(A.shape):
        moved = [w + A[place] * d + B[place] * e for w, d, e in zip(weights, *directions)]
        surface[place] = loss(moved)
    return surface
