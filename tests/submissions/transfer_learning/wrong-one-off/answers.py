# %% freeze-until-answer
def freeze_until(model, name):
    names = [layer.name for layer in model.layers]
    count = 0 if name is None else names.index(name)
    model.trainable = True
    for place, layer in enumerate(model.layers):
        layer.trainable = place >= count
    return model


# %% replace-head-answer
def replace_head(model, name, classes):
    if classes < 2:
        raise ValueError("classes")
    names = [layer.name for layer in model.layers]
    x = model.layers[names.index(name) - 1].output
    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(model.input, layers.Dense(classes, activation="softmax")(x))
