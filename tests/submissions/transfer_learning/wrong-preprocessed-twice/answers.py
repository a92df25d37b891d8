# %% replace-head-answer
def replace_head(model, name, classes):
    if classes < 2:
        raise ValueError("classes")
    x = layers.Flatten()(model.get_layer(name).output)
    return keras.Model(model.input, layers.Dense(classes, activation="softmax")(x))


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
    keras.utils.set_random_seed(seed)
    for last, count, rate in zip((model.layers[-2].name, until), epochs, learning_rates):
        if preprocess:
            images = preprocess(images)
        freeze_until(model, last)
        adam = keras.optimizers.Adam(rate)
        model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(images, labels, batch_size, count, verbose=0)
    return history.history
