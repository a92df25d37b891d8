# %% to-gray-answer
def to_gray(image, weights=(0.2126, 0.7152, 0.0722)):
    height, width, channels = image.shape  # a ValueError by itself if there are not three axes
    if channels != 3:
        raise ValueError(f"three channels, not {channels}")
    return np.einsum("ijc,c->ij", image.astype(np.float64), np.asarray(weights, float))

# %% box-kernel-answer
def box_kernel(kernel_size):
    shape = np.broadcast_to(kernel_size, 2)
    return np.full(shape, 1.0) / np.prod(shape)

# %% filter2d-answer
def filter2d(image, kernel, padding="valid"):
    image = np.asarray(image, dtype=np.float64)
    if padding != "valid":
        before = (np.array(kernel.shape) - 1) // 2
        after = np.array(kernel.shape) // 2
        image = np.pad(image, np.stack([before, after], axis=1), mode=padding)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijab,ab->ij", windows, kernel)

# %% image-gradients-answer
def image_gradients(image):
    image = image.astype(np.float32)
    return np.diff(image, axis=1)[:-1, :], np.diff(image, axis=0)[:, :-1]

# %% edge-magnitude-answer
def edge_magnitude(image):
    return np.linalg.norm(image_gradients(image), axis=0)

# %% in-your-own-words
1. 90 -> 100 is 10, almost black. 100 -> 90 is -10, which is 246 in uint8, almost white. The
   background changes by +1 and -1 all the time, so it flickers between black and white.
2. The noise is different in every pixel and averages out, the border of a coin does not. But the
   edges get wide: at 7 x 7 every coin is a fat ring.
3. 3 rows and 4 columns, each row is [-1, 0, 0, 1] / 9. I tried it, the difference is 1e-14.
