# %% freeze-until-answer
def freeze_until(model, name):
    names = [layer.name for layer in model.layers]
    count = 0 if name is None else names.index(name) + 1

    def set_all(layer, learns):
        layer.trainable = learns
        for inner in getattr(layer, "layers", []):
            set_all(inner, learns)

    set_all(model, True)
    for layer in model.layers[:count]:
        set_all(layer, False)
    return model


# %% replace-head-answer
def replace_head(model, name, classes):
    if classes < 2:
        raise ValueError("at least two classes")
    body = keras.Model(model.input, model.get_layer(name).output)
    copy = keras.models.clone_model(body)
    copy.set_weights(body.get_weights())
    x = copy.output
    if len(x.shape) == 4:
        x = keras.ops.mean(x, axis=(1, 2))
    return keras.Model(copy.input, layers.Softmax()(layers.Dense(classes)(x)))


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
    images = np.asarray(preprocess(images) if preprocess is not None else images)
    rng, history = np.random.default_rng(seed), {"loss": [], "accuracy": []}
    for last, count, rate in zip((model.layers[-2].name, until), epochs, learning_rates):
        freeze_until(model, last)
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate=rate),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        for _ in range(count):
            order = rng.permutation(len(images))
            for start in range(0, len(images), batch_size):
                chosen = order[start : start + batch_size]
                loss, accuracy = model.train_on_batch(images[chosen], labels[chosen])
            history["loss"].append(float(loss))
            history["accuracy"].append(float(accuracy))
    return history
