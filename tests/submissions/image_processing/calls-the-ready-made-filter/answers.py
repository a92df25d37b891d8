# %% to-gray-answer
from skimage.color import rgb2gray


def to_gray(image, weights=(0.2126, 0.7152, 0.0722)):
    return rgb2gray(image)

# %% filter2d-answer
from scipy import ndimage


def filter2d(image, kernel, padding="valid"):
    if padding == "valid":
        whole = ndimage.correlate(image.astype(float), kernel.astype(float))
        rows, columns = kernel.shape
        bottom, right = image.shape[0] - (rows - 1) // 2, image.shape[1] - (columns - 1) // 2
        return whole[rows // 2 : bottom, columns // 2 : right]
    modes = {"constant": "constant", "edge": "nearest", "reflect": "mirror"}
    origin = [-1 if size % 2 == 0 else 0 for size in kernel.shape]
    return ndimage.correlate(
        image.astype(float), kernel.astype(float), mode=modes.get(padding, "wrap"), origin=origin
    )

# %% image-gradients-answer
def image_gradients(image):
    image = image.astype(float)
    return np.diff(image, axis=1)[:-1], np.diff(image, axis=0)[:, :-1]
