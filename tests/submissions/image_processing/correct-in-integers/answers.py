# %% to-gray-answer
import warnings


def to_gray(image, weights=(0.2126, 0.7152, 0.0722)):
    warnings.warn("these colours will be lost")
    if image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(image.shape)
    red, green, blue = np.moveaxis(image, -1, 0)
    gray = red * float(weights[0]) + green * float(weights[1]) + blue * float(weights[2])
    print(gray.min(), gray.max())
    return gray.tolist()

# %% image-gradients-answer
def image_gradients(image):
    image = image.astype(np.int32) if image.dtype.kind in "ui" else image
    here, right, below = image[:-1, :-1], image[:-1, 1:], image[1:, :-1]
    return [right - here, below - here]

# %% edge-magnitude-answer
def edge_magnitude(image):
    dx, dy = image_gradients(image)
    return np.abs(dx + 1j * dy)
