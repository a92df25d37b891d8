# %% encoder-block-answer
def residual(tensor, filters, kernel_size, drop_rate):
    if not isinstance(kernel_size, (list, tuple)):
        kernel_size = [kernel_size] * len(filters)
    if len(kernel_size) != len(filters):
        raise ValueError("one kernel size for each convolution")
    branch = layers.SpatialDropout2D(drop_rate)(tensor) if drop_rate else tensor
    for maps, size in zip(filters[:-1], kernel_size[:-1]):
        branch = conv_bn_relu(branch, maps, 1, size)
    branch = layers.Conv2D(filters[-1], kernel_size[-1], padding="same")(branch)
    branch = layers.BatchNormalization()(branch)
    missing = filters[-1] - tensor.shape[-1]
    if missing > 0:
        tensor = keras.ops.pad(tensor, [[0, 0], [0, 0], [0, 0], [0, missing]])
    elif missing < 0:
        tensor = layers.BatchNormalization()(layers.Conv2D(filters[-1], 1)(tensor))
    return layers.ReLU()(layers.Add()([branch, tensor]))


def encoder_residual_block(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    import tensorflow as tf

    x = tensor
    if not isinstance(kernel_size, list):
        kernel_size = [kernel_size] * len(filters)
    if len(kernel_size) != len(filters):
        raise ValueError("one kernel size for each")
    if learnable_sampling:
        x = conv_bn_relu(x, filters[-1], strides=2, kernel_size=2)
    else:
        x = layers.MaxPool2D(padding="same")(x)
    residual = x
    if x.shape[-1] < filters[-1]:
        additional_channels = filters[-1] - x.shape[-1]
        residual = tf.pad(residual, [[0, 0], [0, 0], [0, 0], [0, additional_channels]])
    if drop_rate > 0:
        x = layers.SpatialDropout2D(drop_rate)(x)
    for i in range(len(filters)):
        x = conv_bn_relu(x, filters[i], strides=1, kernel_size=kernel_size[i])
    return layers.Add()([x, residual])
