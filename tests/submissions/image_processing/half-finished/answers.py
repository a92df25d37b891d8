# %% to-gray-answer
def to_gray(image, weights=(0.2126, 0.7152, 0.0722)):
    image = image.astype(float)
    gray = 0
    for channel in range(3):
        gray = gray + image[:, :, channel] * weights[channel]
    return gray

# %% box-kernel-answer
def box_kernel(kernel_size):
    return np.ones((kernel_size, kernel_size)) / kernel_size**2

# %% filter2d-answer
def filter2d(image, kernel, padding="valid"):
    if padding != "valid":
        raise NotImplementedError("borders: tomorrow")
    rows, columns = kernel.shape
    height, width = image.shape[0] - rows + 1, image.shape[1] - columns + 1
    output = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            window = image[i : i + rows, j : j + columns].astype(float)
            output[i, j] = (window * kernel).sum()
    return output
