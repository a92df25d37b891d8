# %% residual-block-answer
def residual_block_v1(tensor, filters, strides=1, kernel_size=3):
    if not isinstance(strides, list):
        strides = [strides] + [1] * (len(filters) - 1)
    residual = tensor
    if 2 in strides or tensor.shape[-1] < filters[-1]:
        residual = layers.Conv2D(
            filters[-1], kernel_size=1, strides=max(strides), padding="same", activation="relu"
        )(tensor)
    conv = tensor
    for i in range(len(filters)):
        conv = layers.Conv2D(
            filters[i], kernel_size, strides=strides[i], padding="same", activation="relu"
        )(conv)
    return layers.Add()([conv, residual])
