# %% encoder-decoder-answer
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
        x = encoder_residual_block(
            x, encoder_filters[i], encoder_kernel_sizes[i], drop_rate, learnable_sampling
        )
    x = conv_bn_relu(x, code_filters, 1, code_kernel_size)
    for i in range(levels):
        x = decoder_residual_block(
            x, decoder_filters[i], decoder_kernel_sizes[i], drop_rate, learnable_sampling
        )
    x = layers.Conv2D(channels, 3, padding="same", activation="sigmoid")(x)
    return x[:, : tensor.shape[1], : tensor.shape[2], :]
