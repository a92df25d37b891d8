# %% gradient-norms-answer
def gradient_norms(model, images, labels):
    norms, number = [], 0
    while number < len(model.layers):
        if isinstance(model.layers[number], layers.Conv2D):
            norms.append(np.linalg.norm(model.layers[number].kernel))
            number += 1
    return np.array(norms)
