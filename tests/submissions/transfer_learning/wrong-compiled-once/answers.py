# %% replace-head-answer
def replace_head(model, name, classes):
    if classes < 2:
        raise ValueError("classes")
    x = model.get_layer(name).output
    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(model.input, layers.Dense(classes, activation="sigmoid")(x))


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
    freeze_until(model, model.layers[-2].name)
    adam = keras.optimizers.Adam(learning_rates[0])
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    settings = {"batch_size": batch_size, "verbose": 0}
    first = model.fit(images, labels, epochs=epochs[0], **settings).history
    freeze_until(model, until)
    second = model.fit(images, labels, epochs=epochs[1], **settings).history
    return {k: first.get(k, []) + second.get(k, []) for k in ("loss", "accuracy")}
