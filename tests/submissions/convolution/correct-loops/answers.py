# %% output-size-answer
import math


def output_size(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
    if padding == "same":
        return math.ceil(size / strides)
    k = (kernel_size - 1) * dilation_rate + 1
    if k > size:
        raise ValueError("Kernel is bigger than the image!")
    return math.floor((size - k) / strides) + 1

# %% conv2d-answer
def conv2d(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    if images.shape[-1] != kernels.shape[2]:
        raise ValueError("wrong number of channels")
    sh, sw = pair(strides)
    dh, dw = pair(dilation_rate)
    if padding == "same":
        images = pad_same(images, kernels.shape[:2], strides, dilation_rate)
    x = images.astype(float)
    kh, kw, cin, cout = kernels.shape
    oh = output_size(x.shape[1], kh, sh, "valid", dh)
    ow = output_size(x.shape[2], kw, sw, "valid", dw)
    y = np.zeros((x.shape[0], oh, ow, cout))
    for n in range(x.shape[0]):
        for i in range(oh):
            for j in range(ow):
                for f in range(cout):
                    total = 0.0
                    for a in range(kh):
                        for b in range(kw):
                            for c in range(cin):
                                total += x[n, i * sh + a * dh, j * sw + b * dw, c] * kernels[a, b, c, f]
                    if bias is not None:
                        total += bias[f]
                    y[n, i, j, f] = total
    return y

# %% learn-kernels-answer
def learn_kernels(images, targets, kernel_size, steps=100, learning_rate=0.1):
    # my conv2d is slow, so I use a sum of shifted images here
    kh, kw = pair(kernel_size)
    h, w = targets.shape[1:3]
    K = np.zeros((kh, kw, images.shape[3], targets.shape[3]))
    losses = []
    for _ in range(steps):
        out = sum(images[:, a : a + h, b : b + w] @ K[a, b] for a in range(kh) for b in range(kw))
        e = out - targets
        losses.append((e**2).mean())
        K = K - learning_rate * conv2d_gradients(images, K, 2 * e / e.size)[1]
    return K, losses

# %% in-your-own-words
1. If conv2d flipped the kernel, the training would find [1, 0, -1] instead of [-1, 0, 1], and the
   picture would look the same. It matters if I copy weights into another program that flips.
2. The others are zero because the noise is different in every row, so using another row only adds
   error.
