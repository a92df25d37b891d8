# %% freeze-until-answer
def freeze_until(model, name):
    learns = name is None
    if not learns and name not in [layer.name for layer in model.layers]:
        raise ValueError(f"there is no layer {name}")
    model.trainable = True
    for layer in model.layers:
        layer.trainable = learns
        learns = learns or layer.name == name
    return model


# %% replace-head-answer
def replace_head(model, name, classes):
    if classes < 2:
        raise ValueError("classes")
    features = keras.Model(model.input, model.get_layer(name).output)
    images = keras.Input(model.input_shape[1:])
    x = features(images)
    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(classes, activation="softmax")(x))


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
    history = {"loss": [], "accuracy": []}

    def train(network, inputs, stage):
        network.compile(
            keras.optimizers.Adam(learning_rates[stage]),
            keras.losses.SparseCategoricalCrossentropy(),
            metrics=["accuracy"],
        )
        found = network.fit(inputs, labels, batch_size, epochs[stage], verbose=0).history
        for name in history:
            history[name].extend(found[name])

    if epochs[0]:
        features = keras.Model(model.input, model.layers[-2].output)
        inputs = keras.Input(features.output_shape[1:])
        head = keras.Model(inputs, model.layers[-1](inputs))
        train(head, features.predict(images, verbose=0), 0)
    if epochs[1]:
        train(freeze_until(model, until), images, 1)
    return history
