# %% to-gray-answer
def to_gray(image, weights=(0.2126, 0.7152, 0.0722)):
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError("not an RGB image")
    return image[..., 0] * 0.299 + image[..., 1] * 0.587 + image[..., 2] * 0.114
