# %% convolution-matrix-answer
def convolution_matrix(kernels, input_shape, strides=1, padding="valid"):
    count = np.prod(input_shape)
    units = np.eye(count).reshape(count, *input_shape)
    (sy, sx), (kh, kw) = pair(strides), kernels.shape[:2]
    if input_shape[-1] != kernels.shape[2]:
        raise ValueError(f"{input_shape[-1]} channels, kernels for {kernels.shape[2]}")
    oh, ow = output_size(input_shape[0], kh, sy, padding), output_size(input_shape[1], kw, sx, padding)
    top = zeros_before(input_shape[0], kh, sy, padding)
    left = zeros_before(input_shape[1], kw, sx, padding)
    padded = np.pad(units, [(0, 0), (top, oh * sy + kh), (left, ow * sx + kw), (0, 0)])
    outputs = np.zeros((count, oh, ow, kernels.shape[3]), dtype=np.float32)
    for i in range(oh):
        for j in range(ow):
            window = padded[:, i * sy : i * sy + kh, j * sx : j * sx + kw, :]
            outputs[:, i, j] = np.tensordot(window, kernels, axes=3)
    return outputs.reshape(count, -1)

# %% conv2d-as-dense-answer
def conv2d_as_dense(images, kernels, bias=None, strides=1, padding="valid"):
    (sy, sx), shape = pair(strides), images.shape[1:]
    A = convolution_matrix(kernels, shape, strides, padding)
    O = np.stack([image.ravel() @ A for image in images])
    if bias is not None:
        O = O + np.tile(bias, O.shape[1] // len(bias))
    height = output_size(shape[0], kernels.shape[0], sy, padding)
    return O.reshape(len(images), height, -1, kernels.shape[3])
