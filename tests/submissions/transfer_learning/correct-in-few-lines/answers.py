# %% replace-head-answer
def replace_head(model, name, classes):
    if classes < 2:
        raise ValueError("classes")
    x = model.get_layer(name).output
    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D()(layers.Conv2D(classes, 1)(x))
    else:
        x = layers.Dense(classes)(layers.Dropout(0.3)(x))
    return keras.Model(model.inputs, layers.Activation("softmax")(x))


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
    images = preprocess(images) if preprocess else images
    truth = keras.utils.to_categorical(labels, model.output_shape[-1])
    keras.utils.set_random_seed(seed)
    loss, accuracy = [], []
    for stage in (0, 1):
        if epochs[stage] == 0:
            continue
        for layer in model.layers:
            layer.trainable = stage == 1
        model.layers[-1].trainable = True
        if stage == 1 and until:
            freeze_until(model, until)
        model.compile(
            keras.optimizers.AdamW(learning_rates[stage]),
            "categorical_crossentropy",
            metrics=["accuracy"],
        )
        settings = {"epochs": epochs[stage], "batch_size": batch_size}
        result = model.fit(images, truth, verbose=0, shuffle=False, **settings)
        loss += result.history["loss"]
        accuracy += result.history["accuracy"]
    return {"loss": loss, "accuracy": accuracy}
