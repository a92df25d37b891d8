# %% residual-block-answer
def residual_block_v1(tensor, filters, strides=1, kernel_size=3):
    if not isinstance(strides, list):
        strides = [strides] + [1] * (len(filters) - 1)
    if len(strides) != len(filters):
        raise ValueError("one stride for each convolution")
    strides = [pair(s) for s in strides]
    x = tensor
    for i in range(len(filters)):
        activation = "relu" if i < len(filters) - 1 else None
        x = layers.Conv2D(
            filters[i], kernel_size, strides=strides[i], padding="same", activation=activation
        )(x)
    down = np.prod([s[0] for s in strides])
    right = np.prod([s[1] for s in strides])
    shortcut = tensor
    if down * right > 1 or tensor.shape[-1] != filters[-1]:
        shortcut = layers.Conv2D(filters[-1], 1, strides=max(strides), padding="same")(tensor)
    return layers.ReLU()(layers.Add()([x, shortcut]))


# %% in-your-own-words
1. The derivative is 1 + f'(x). With ten blocks the ones multiply to 1, so the gradient comes through even if all f are nearly zero. With ReLU(x) on the shortcut the 1 becomes 0 where x is negative: the gradient stops there, and the negative numbers of x are lost, so the block is not the identity for f = 0.
2. The 56 layers could copy the 20 layers and let the other 36 pass their input on, so their training error could be as low. It is not, so it is a problem of finding the weights and not of overfitting. With a shortcut, doing nothing is f = 0, which is near the small weights that one starts with.
