# %% freeze-until-answer
def freeze_until(model, name):
    names = [layer.name for layer in model.layers]
    count = 0 if name is None else names.index(name) + 1
    model.trainable = True
    for place, layer in enumerate(model.layers):
        norm = isinstance(layer, layers.BatchNormalization)
        layer.trainable = place >= count or norm
    return model


# %% replace-head-answer
def replace_head(model, name, classes):
    if classes < 2:
        raise ValueError("classes")
    copy = keras.models.clone_model(keras.Model(model.input, model.get_layer(name).output))
    for layer in copy.layers:
        old = model.get_layer(layer.name).trainable_weights
        for new, weight in zip(layer.trainable_weights, old):
            new.assign(weight)
    x = copy.output
    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(copy.input, layers.Dense(classes, activation="softmax")(x))
