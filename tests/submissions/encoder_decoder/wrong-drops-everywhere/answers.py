# %% in-your-own-words
1. Both sizes give 3, so the transpose cannot know which one it was; Keras has output_padding for it. The values do not come back: 9 numbers cannot hold 49.
2. With 3x3 and strides of 2 some pixels get one copy and some two along each axis. With 2x2 every pixel gets one. After repeating, the convolution has strides of 1 and treats all pixels alike. I would repeat: 36 multiplications for a small pixel instead of 4, but no pattern.


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
    if learnable_sampling:
        tensor = conv_bn_relu(tensor, filters[-1], 2, 2)
    else:
        tensor = layers.MaxPooling2D(2, padding="same")(tensor)
    if drop_rate:
        tensor = layers.SpatialDropout2D(drop_rate)(tensor)
    return residual(tensor, filters, kernel_size, 0)


# %% decoder-block-answer
def with_dropout(tensor, filters, kernel_size, drop_rate):
    if not isinstance(kernel_size, (list, tuple)):
        kernel_size = [kernel_size] * len(filters)
    if len(kernel_size) != len(filters):
        raise ValueError("one kernel size for each convolution")
    branch = layers.Dropout(drop_rate)(tensor) if drop_rate else tensor
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

def decoder_residual_block(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    if learnable_sampling:
        tensor = layers.Conv2DTranspose(filters[-1], 2, strides=2)(tensor)
        tensor = layers.ReLU()(layers.BatchNormalization()(tensor))
    else:
        tensor = layers.UpSampling2D(2)(tensor)
    return with_dropout(tensor, filters, kernel_size, drop_rate)
