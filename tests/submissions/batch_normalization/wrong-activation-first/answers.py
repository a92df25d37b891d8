# %% conv-bn-relu-answer
def conv_bn_relu(tensor, filters, strides=1, kernel_size=3):
    tensor = keras.layers.Conv2D(
        filters, kernel_size, strides=strides, padding="same", use_bias=False, activation="relu"
    )(tensor)
    return keras.layers.BatchNormalization(momentum=0.9)(tensor)

# %% dense-bn-relu-answer
def dense_bn_relu(tensor, units):
    tensor = keras.layers.Dense(units, activation="relu", use_bias=False)(tensor)
    return keras.layers.BatchNormalization(momentum=0.9)(tensor)
