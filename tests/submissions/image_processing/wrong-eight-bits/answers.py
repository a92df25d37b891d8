# %% filter2d-answer
def filter2d(image, kernel, padding="valid"):
    kh, kw = kernel.shape
    if padding in ("constant", "edge", "reflect"):
        image = np.pad(image, (((kh - 1) // 2, kh // 2), ((kw - 1) // 2, kw // 2)), padding)
    elif padding != "valid":
        raise ValueError("padding?")
    h, w = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    if min(h, w) < 1:
        raise ValueError("too large")
    out = np.zeros((h, w), dtype=image.dtype)
    for i in range(h):
        for j in range(w):
            out[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return out

# %% image-gradients-answer
def image_gradients(image):
    dx = image[:-1, 1:] - image[:-1, :-1]
    dy = image[1:, :-1] - image[:-1, :-1]
    return dx, dy

# %% edge-magnitude-answer
def edge_magnitude(image):
    dx, dy = image_gradients(image)
    return np.sqrt(dx**2 + dy**2)
