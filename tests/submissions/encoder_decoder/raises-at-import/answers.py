# %% encoder-block-answer
from tensorflow.keras.layers.experimental import SyncBatchNormalization


def encoder_residual_block(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    return SyncBatchNormalization()(tensor)


# %% decoder-block-answer
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


def decoder_residual_block(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    if learnable_sampling:
        tensor = layers.Conv2DTranspose(filters[-1], 2, strides=2)(tensor)
        tensor = layers.ReLU()(layers.BatchNormalization()(tensor))
    else:
        tensor = layers.UpSampling2D(2)(tensor)
    return residual(tensor, filters, kernel_size, drop_rate)


# %% encoder-decoder-answer
def halve(tensor, filters, kernel_size=3, drop_rate=0.0, learnable_sampling=False):
    if learnable_sampling:
        tensor = conv_bn_relu(tensor, filters[-1], 2, 2)
    else:
        tensor = layers.MaxPooling2D(2, padding="same")(tensor)
    return residual(tensor, filters, kernel_size, drop_rate)


def encoder_decoder(
    tensor, encoder_filters, encoder_kernel_sizes, decoder_filters, decoder_kernel_sizes,
    code_filters=256, code_kernel_size=5, channels=3, drop_rate=0.0, learnable_sampling=False,
):
    levels = len(encoder_filters)
    for one in (encoder_kernel_sizes, decoder_filters, decoder_kernel_sizes):
        if len(one) != levels:
            raise ValueError(f"{len(one)} entries for {levels} levels")
    x = tensor
    for i in range(levels):
        x = halve(
            x, encoder_filters[i], encoder_kernel_sizes[i], drop_rate, learnable_sampling
        )
    x = conv_bn_relu(x, code_filters, 1, code_kernel_size)
    for i in range(levels):
        x = decoder_residual_block(
            x, decoder_filters[i], decoder_kernel_sizes[i], drop_rate, learnable_sampling
        )
    x = layers.Conv2D(channels, 3, padding="same")(x)
    return x[:, : tensor.shape[1], : tensor.shape[2], :]
