# %% multitask-model-answer
def multitask_model(tensor, classes=3, filters=(8, 16, 32)):
    tensor = keras.applications.mobilenet_v2.preprocess_input(tensor)
    for level, maps in enumerate(filters):
        tensor = layers.MaxPooling2D()(tensor) if level else tensor
        tensor = layers.Conv2D(maps, 3, padding="same", activation="relu")(tensor)
    features = layers.GlobalAveragePooling2D()(tensor)
    kind = layers.Dense(classes, activation="softmax", name="kind")(features)
    return kind, layers.Dense(1, name="quantity")(features)
