# %% conv-bn-relu-answer
def conv_bn_relu(x, feature_maps, strides=1, kernel_size=3):
    x = keras.layers.Conv2D(
        filters=feature_maps, kernel_size=kernel_size,
        strides=strides, padding='same')(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.ReLU()(x)
    return x

# %% dense-bn-relu-answer
def dense_bn_relu(x, units):
    x = keras.layers.Dense(units)(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.ReLU()(x)
    return x
