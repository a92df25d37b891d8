# %% inverted-answer
from keras.layers.experimental import DepthwiseConvolution2D


def inverted_residual_block(tensor, filters, expansion=6, strides=1, kernel_size=3):
    return DepthwiseConvolution2D(kernel_size)(tensor)
