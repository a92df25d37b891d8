# %% random-direction-answer
def random_direction(weights, seed):
    rng = np.random.RandomState(seed)
    direction = []
    for w in weights:
        direction.append(rng.normal(size=w.shape))
    return direction

# %% filter-normalise-answer
def filter_normalise(direction, weights):
    result = []
    for d, w in zip(direction, weights):
        new = np.zeros(d.shape)
        if len(d.shape) > 1:
            for f in range(d.shape[-1]):
                length = np.linalg.norm(d[..., f])
                if length != 0:
                    new[..., f] = d[..., f] * (np.linalg.norm(w[..., f]) / length)
        result.append(new)
    return result

# %% loss-surface-answer
def loss_surface(loss, weights, directions, steps):
    moving = [w.copy() for w in weights]
    surface = np.zeros((len(steps), len(steps)))
    for i in range(len(steps)):
        for j in range(len(steps)):
            for m, w, d, e in zip(moving, weights, directions[0], directions[1]):
                m[...] = w + steps[i] * d + steps[j] * e
            surface[i, j] = loss(moving)
    return surface

# %% in-your-own-words
1. With the same step the weights of A may be small and those of B large, then A changes more. You can multiply a layer by 10 and divide the next by 10 and it is the same network but the picture is other. I would normalise each filter, and say whether batch norm uses the batch's statistics or the saved ones.
2. No, there are many more directions. If it is not convex in the cut then it is not convex at all.
