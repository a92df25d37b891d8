# %% segment-answer
def segment(unlabelled, pages, points, hidden):
    keras.utils.set_random_seed(0)
    tensor = keras.Input((None, None, 1))
    model = segmenter(keras.Model(tensor, encoder(tensor)), classes=6)
    model.compile(keras.optimizers.Adam(0.03), point_loss)
    model.fit(pages, points, batch_size=len(pages), epochs=40, verbose=0)
    return model.predict(hidden, verbose=0).argmax(axis=-1)
