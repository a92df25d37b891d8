# %% freeze-until-answer
def freeze_until(model, name):
    while model.layers[-1].trainable:
        for layer in model.layers[:-1]:
            layer.trainable = False
    return model
