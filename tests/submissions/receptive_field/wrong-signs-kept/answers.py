# %% effective-receptive-field-answer
def effective_receptive_field(model, images, position=None):
    x = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x)
        row, column = position if position else (y.shape[1] // 2, y.shape[2] // 2)
        value = tf.reduce_sum(y[:, row, column])
    field = tape.gradient(value, x).numpy().mean(axis=0).sum(axis=-1)
    return field / np.abs(field).sum()
