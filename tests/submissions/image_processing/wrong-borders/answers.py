# %% filter2d-answer
def filter2d(image, kernel, padding="valid"):
    image = image.astype(float)
    kh, kw = kernel.shape
    if padding != "valid":
        modes = {"constant": "constant", "edge": "edge", "reflect": "symmetric"}
        if padding not in modes:
            raise ValueError(f"padding must be one of {list(modes)}")
        widths = ((kh // 2, kh - 1 - kh // 2), (kw // 2, kw - 1 - kw // 2))
        image = np.pad(image, widths, mode=modes[padding])
    h, w = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    if h < 1 or w < 1:
        raise ValueError("the kernel does not fit")
    return sum(kernel[a, b] * image[a : a + h, b : b + w] for a in range(kh) for b in range(kw))
