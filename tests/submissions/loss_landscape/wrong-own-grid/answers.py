# %% loss-surface-answer
def loss_surface(loss, weights, directions, steps):
    points = np.linspace(-1, 1, len(steps))
    return np.array(
        [
            [loss([w + a * d + b * e for w, d, e in zip(weights, *directions)]) for b in points]
            for a in points
        ]
    )
