# %% replace-head-answer
def replace_head(model, name, classes):
    model.get_layer(name)
    if classes < 2:
        raise ValueError("classes")
    return keras.Model(model.input, layers.Dense(classes, activation="softmax")(model.output))


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
    adam = keras.optimizers.Adam(learning_rates[0])
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(images, labels, batch_size, sum(epochs), verbose=0).history
