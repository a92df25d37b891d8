# %% residual-block-answer
from tensorflow.keras.layers.experimental import SyncBatchNormalization


def residual_block_v1(tensor, filters, strides=1, kernel_size=3):
    return SyncBatchNormalization()(tensor)
