# %% segment-answer
def segment(unlabelled, pages, points, hidden):
    tensor = keras.Input((None, None, 1))
    model = keras.Model(tensor, layers.Conv2D(6, 1, activation="softmax")(tensor))
    model.compile("sgd", "sparse_categorical_crossentropy")
    known = np.maximum(points, 0)
    while (model.predict_on_batch(pages).argmax(axis=-1) != known).any():
        model.train_on_batch(pages, known)
    return model.predict(hidden).argmax(axis=-1)
