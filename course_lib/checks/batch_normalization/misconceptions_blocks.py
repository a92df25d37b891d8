"""Plausible wrong blocks of `batch_normalization`, each with the line that explains it.

Keras is imported where a block is built, and not before.
"""

from course_lib.checks.batch_normalization.cases import conv_bn_relu, dense_bn_relu

ORDER = "conv, norm, relu"


def _block(tensor, layer, order=ORDER, **norm):
    """A layer, a normalisation and an activation, in this order, as far as they are named."""
    from keras import layers

    for step in order.split(", "):
        if step == "conv":
            tensor = layer(tensor)
        elif step == "relu":
            tensor = layers.ReLU()(tensor)
        elif step == "norm of the batch":
            tensor = layers.BatchNormalization(momentum=0.9)(tensor, training=True)
        elif step == "layer norm":
            tensor = layers.LayerNormalization()(tensor)
        else:
            tensor = layers.BatchNormalization(**{"momentum": 0.9, **norm})(tensor)
    return tensor


def _conv(filters, strides=1, kernel_size=3, padding="same", use_bias=False):
    from keras import layers

    return layers.Conv2D(filters, kernel_size, strides, padding=padding, use_bias=use_bias)


def _dense(units, use_bias=False):
    from keras import layers

    return layers.Dense(units, use_bias=use_bias)


RELU_MISSING = "The ReLU is missing. After the normalisation, what is below zero is cut off."
RELU_FIRST = (
    "The activation came before the normalisation. The block normalises first, so that half of "
    "what reaches the ReLU is cut off, whatever the layer before gave."
)
RELU_TWICE = "There is a ReLU before the normalisation and one after. Leave the first one out."
NORM_MISSING = "The batch normalisation is missing: nothing here has moving averages."
NORM_FIRST = (
    "The normalisation came before the layer. It normalises what the layer gives: put it after."
)
BIAS_KEPT = (
    "The layer before the normalisation has a bias. The mean takes it away again, so that it "
    "learns nothing: use_bias=False."
)
MOMENTUM_OF_KERAS = (
    "The momentum is Keras's default, 0.99. After a training of some hundred steps the moving "
    "averages are then still half of what they started from: momentum=0.9."
)
MOMENTUM_OF_PYTORCH = (
    "The momentum is 0.1, PyTorch's share of the new batch. Keras means the share that is kept: "
    "momentum=0.9."
)
FROZEN = (
    "The normalisation is frozen, trainable=False, and never sees its batch. A block that trains "
    "leaves this argument out."
)
ALWAYS_TRAINS = (
    "The normalisation takes the batch's statistics at inference too: with training=True it does "
    "wherever the block is called. Leave the argument out; Keras sets it in training."
)
LAYER_NORM = (
    "This is layer normalisation, which treats each example for itself. The block has batch "
    "normalisation: keras.layers.BatchNormalization."
)
NO_GAMMA = "Gamma is switched off (scale=False). Both gamma and beta are learnt here."
NO_BETA = "Beta is switched off (center=False), and with it any shift. Both are learnt here."

# --- conv_bn_relu --------------------------------------------------------------------------------


@conv_bn_relu.misconception(RELU_MISSING)
def relu_missing(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), "conv, norm")


@conv_bn_relu.misconception(RELU_FIRST)
def relu_before_norm(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), "conv, relu, norm")


@conv_bn_relu.misconception(RELU_TWICE)
def relu_twice(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), "conv, relu, norm, relu")


@conv_bn_relu.misconception(NORM_MISSING)
def norm_missing(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), "conv, relu")


@conv_bn_relu.misconception(NORM_FIRST)
def norm_before_conv(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), "norm, conv, relu")


@conv_bn_relu.misconception(BIAS_KEPT)
def bias_kept(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size, use_bias=True))


@conv_bn_relu.misconception(MOMENTUM_OF_KERAS)
def momentum_of_keras_in_block(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), momentum=0.99)


@conv_bn_relu.misconception(MOMENTUM_OF_PYTORCH)
def momentum_of_pytorch(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), momentum=0.1)


@conv_bn_relu.misconception(ALWAYS_TRAINS)
def always_trains(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), "conv, norm of the batch, relu")


@conv_bn_relu.misconception(FROZEN)
def frozen(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), trainable=False)


@conv_bn_relu.misconception(LAYER_NORM)
def layer_norm_instead(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), "conv, layer norm, relu")


@conv_bn_relu.misconception(
    "Axis 1 was normalised, as where channels come first. Here the channels are last: leave out "
    "axis=1."
)
def rows_normalised(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), axis=1)


@conv_bn_relu.misconception(NO_GAMMA)
def gamma_switched_off(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), scale=False)


@conv_bn_relu.misconception(NO_BETA)
def beta_switched_off(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size), center=False)


@conv_bn_relu.misconception(
    "Strides and kernel size were swapped. Here strides come first, as in the lecture; Conv2D "
    "takes them the other way round, so name them: kernel_size=..., strides=...."
)
def strides_and_size_swapped(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, kernel_size, strides))


@conv_bn_relu.misconception("The strides were ignored: hand them to the convolution.")
def block_strides_ignored(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, 1, kernel_size))


@conv_bn_relu.misconception("The kernel size was ignored: hand it to the convolution.")
def kernel_size_ignored(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, 3))


@conv_bn_relu.misconception(
    'The convolution does not pad, so that the border is lost. The block pads: padding="same".'
)
def no_padding(tensor, filters, strides=1, kernel_size=3):
    return _block(tensor, _conv(filters, strides, kernel_size, padding="valid"))


# --- dense_bn_relu -------------------------------------------------------------------------------


@dense_bn_relu.misconception(RELU_MISSING)
def dense_relu_missing(tensor, units):
    return _block(tensor, _dense(units), "conv, norm")


@dense_bn_relu.misconception(RELU_FIRST)
def dense_relu_before_norm(tensor, units):
    return _block(tensor, _dense(units), "conv, relu, norm")


@dense_bn_relu.misconception(RELU_TWICE)
def dense_relu_twice(tensor, units):
    return _block(tensor, _dense(units), "conv, relu, norm, relu")


@dense_bn_relu.misconception(NORM_MISSING)
def dense_norm_missing(tensor, units):
    return _block(tensor, _dense(units), "conv, relu")


@dense_bn_relu.misconception(NORM_FIRST)
def norm_before_dense(tensor, units):
    return _block(tensor, _dense(units), "norm, conv, relu")


@dense_bn_relu.misconception(BIAS_KEPT)
def dense_bias_kept(tensor, units):
    return _block(tensor, _dense(units, use_bias=True))


@dense_bn_relu.misconception(MOMENTUM_OF_KERAS)
def dense_momentum_of_keras(tensor, units):
    return _block(tensor, _dense(units), momentum=0.99)


@dense_bn_relu.misconception(MOMENTUM_OF_PYTORCH)
def dense_momentum_of_pytorch(tensor, units):
    return _block(tensor, _dense(units), momentum=0.1)


@dense_bn_relu.misconception(ALWAYS_TRAINS)
def dense_always_trains(tensor, units):
    return _block(tensor, _dense(units), "conv, norm of the batch, relu")


@dense_bn_relu.misconception(FROZEN)
def dense_frozen(tensor, units):
    return _block(tensor, _dense(units), trainable=False)


@dense_bn_relu.misconception(LAYER_NORM)
def dense_layer_norm_instead(tensor, units):
    return _block(tensor, _dense(units), "conv, layer norm, relu")


@dense_bn_relu.misconception(NO_GAMMA)
def dense_gamma_switched_off(tensor, units):
    return _block(tensor, _dense(units), scale=False)


@dense_bn_relu.misconception(NO_BETA)
def dense_beta_switched_off(tensor, units):
    return _block(tensor, _dense(units), center=False)
