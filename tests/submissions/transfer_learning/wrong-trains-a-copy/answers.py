# %% freeze-until-answer
def freeze_until(model, name):
    if name is not None:
        model.get_layer(name)
    for layer in model.layers:
        layer.trainable = name is None
    model.trainable = model.trainable
    model.layers[-1].trainable = True
    return model


# %% replace-head-answer
def replace_head(model, name, classes):
    if classes < 2:
        raise ValueError("classes")
    copy = keras.models.clone_model(model)
    x = copy.get_layer(name).output
    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(copy.input, layers.Dense(classes, activation="softmax")(x))


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
    if until is not None:
        model.get_layer(until)
    if len(images) != len(labels) or max(labels) >= model.output_shape[-1]:
        raise ValueError("labels")
    if preprocess:
        images = preprocess(images)
    keras.utils.set_random_seed(seed)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    history = {"loss": [], "accuracy": []}
    names = [layer.name for layer in copy.layers]
    starts = len(names) - 1, names.index(until) + 1 if until else 0
    for start, count, rate in zip(starts, epochs, learning_rates):
        for place, layer in enumerate(copy.layers):
            layer.trainable = place >= start
        adam = keras.optimizers.Adam(rate)
        copy.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
        found = copy.fit(images, labels, batch_size, count, verbose=0).history
        for name in history:
            history[name] += found.get(name, [])
    return history
