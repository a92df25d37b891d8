# %% freeze-until-answer
def freeze_until(model, name):
    names = [layer.name for layer in model.layers]
    count = 0 if name is None else names.index(name) + 1
    model.trainable = False
    model.trainable = True
    for layer in model.layers[:count]:
        for variable in layer.weights:
            variable.trainable = False
    return model


# %% replace-head-answer
def replace_head(model, name, classes):
    if classes < 2:
        raise ValueError("classes")
    x = model.get_layer(name).output
    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(model.input, layers.Dense(classes)(x))


# %% fine-tune-answer
def fine_tune(
    model,
    images,
    labels,
    until=None,
    preprocess=None,
    epochs=(20, 20),
    learning_rates=(0.01, 0.001),
    batch_size=16,
    seed=0,
):
    images = images if preprocess is None else preprocess(images)
    keras.utils.set_random_seed(seed)
    histories = []
    for last, count, rate in zip((model.layers[-2].name, until), epochs, learning_rates):
        freeze_until(model, last)
        adam = keras.optimizers.Adam(rate)
        model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
        found = model.fit(images, labels, batch_size, count, verbose=0).history
        histories.append(found)
    return histories
