# %% random-direction-answer
def random_direction(weights, seed):
    direction = []
    for w in weights:
        np.random.seed(seed)
        direction.append(np.random.randn(*w.shape))
    return direction
