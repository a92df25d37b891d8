# %% multitask-model-answer
def multitask_model(tensor, classes=3, filters=(8, 16, 32)):
    backbone = keras.applications.MobileNetV2(
        input_tensor=tensor, include_top=False, weights=None, pooling="avg"
    )
    kind = layers.Dense(classes, activation="softmax", name="kind")(backbone.output)
    return kind, layers.Dense(1, name="quantity")(backbone.output)
