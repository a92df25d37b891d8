# %% to-gray-answer
def to_gray(image, weights=(0.2126, 0.7152, 0.0722)):
    if len(image.shape) != 3 or image.shape[2] != 3:
        raise ValueError("I need red, green and blue, but the shape is " + str(image.shape))
    h, w, _ = image.shape
    gray = np.zeros((h, w))
    for i in range(h):
        for j in range(w):
            r, g, b = image[i, j]
            gray[i, j] = weights[0] * float(r) + weights[1] * float(g) + weights[2] * float(b)
    return gray

# %% box-kernel-answer
def box_kernel(kernel_size):
    if isinstance(kernel_size, int):
        h = w = kernel_size
    else:
        h, w = kernel_size
    kernel = np.zeros((h, w))
    for i in range(h):
        for j in range(w):
            kernel[i, j] = 1 / (h * w)
    return kernel

# %% filter2d-answer
def filter2d(image, kernel, padding="valid"):
    if padding not in ["valid", "constant", "edge", "reflect"]:
        raise ValueError("I do not know this padding: " + str(padding))
    kh, kw = kernel.shape
    img = image.astype(float)
    if padding != "valid":
        img = np.pad(img, (((kh - 1) // 2, kh // 2), ((kw - 1) // 2, kw // 2)), mode=padding)
    h = img.shape[0] - kh + 1
    w = img.shape[1] - kw + 1
    if h <= 0 or w <= 0:
        raise ValueError("Kernel is bigger than the image!")
    out = np.zeros((h, w))
    for i in range(h):
        for j in range(w):
            total = 0.0
            for a in range(kh):
                for b in range(kw):
                    total += img[i + a, j + b] * kernel[a, b]
            out[i, j] = total
    return out

# %% image-gradients-answer
def image_gradients(image):
    img = image.astype(float)
    h, w = img.shape
    dx = np.zeros((h - 1, w - 1))
    dy = np.zeros((h - 1, w - 1))
    for i in range(h - 1):
        for j in range(w - 1):
            dx[i, j] = img[i, j + 1] - img[i, j]
            dy[i, j] = img[i + 1, j] - img[i, j]
    return dx, dy

# %% edge-magnitude-answer
import math


def edge_magnitude(image):
    dx, dy = image_gradients(image)
    result = np.zeros(dx.shape)
    for i in range(dx.shape[0]):
        for j in range(dx.shape[1]):
            result[i, j] = math.sqrt(dx[i, j] ** 2 + dy[i, j] ** 2)
    return result

# %% in-your-own-words
1. 90 -> 100 is 10, almost black. 100 -> 90 is -10, which is 246 in uint8, almost white. The
   background changes by +1 and -1 all the time, so it flickers between black and white.
2. The noise is different in every pixel and averages out, the border of a coin does not. But the
   edges get wide: at 7 x 7 every coin is a fat ring.
3. 3 rows and 4 columns, each row is [-1, 0, 0, 1] / 9. I tried it, the difference is 1e-14.
