# %% freeze-until-answer
def freeze_until(model, name):
    for layer in model.layers:
        layer.trainable = False
        if layer.name == name:
            break
    return model


# %% replace-head-answer
def replace_head(model, name, classes):
    features = model.get_layer(name).output
    return keras.Model(model.input, layers.Dense(classes, activation="softmax")(features))
