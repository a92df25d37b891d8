# %% max-pool2d-answer
def max_pool2d(images, pool_size=2, strides=None, padding="valid"):
    import keras

    return np.array(keras.ops.max_pool(images, pool_size, strides, padding))

# %% clip-by-global-norm-answer
def clip_by_global_norm(gradients, max_norm):
    import tensorflow as tf

    clipped, norm = tf.clip_by_global_norm(gradients, max_norm)
    return [g.numpy() for g in clipped], float(norm)
