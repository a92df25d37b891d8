# %% loss-surface-answer
def loss_surface(loss, weights, directions, steps):
    surface = np.zeros((len(steps), len(steps)))
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            for k in range(len(weights)):
                weights[k] += a * directions[0][k] + b * directions[1][k]
            surface[i, j] = loss(weights)
    return surface
