"""Our convolution against Keras's and SciPy's on the CPU: `python -m benchmarks.convolution`.

The ratio is our default form's (im2col) time over Keras's, so less is better. A row's ratio is
the median over rounds of the ratio within a round: what slows the machine slows both.
"""

import os
import statistics

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from scipy import signal

from benchmarks.timing import in_turn
from course_lib import convolution

# batch, size, channels, kernel_size, filters, strides, padding
SIZES = (
    (1, 64, 3, 3, 8, 1, "same"),
    (1, 256, 3, 3, 8, 1, "same"),
    (1, 64, 8, 3, 16, 1, "valid"),
    (32, 28, 1, 3, 8, 1, "same"),
    (32, 28, 1, 5, 16, 1, "valid"),
    (8, 64, 16, 3, 32, 1, "same"),
    (8, 64, 16, 3, 32, 2, "same"),
    (32, 32, 16, 3, 16, 1, "same"),
    (8, 14, 64, 3, 64, 1, "same"),
    (4, 56, 64, 1, 64, 1, "valid"),
    (1, 128, 3, 15, 8, 1, "same"),
)


def scipy_convolution(images, kernels, strides, padding):
    """The same with one SciPy call for each image and filter; the channels are its third axis."""
    if padding == "same":
        images = convolution.pad_same(images, kernels.shape[:2], strides)
    maps = [
        [signal.correlate(image, kernels[..., f], mode="valid") for f in range(kernels.shape[3])]
        for image in images
    ]
    return np.moveaxis(np.array(maps)[..., 0], 1, 3)[:, ::strides, ::strides]


def contestants(batch, size, channels, kernel_size, filters, strides, padding):
    """Return the functions to time, by name, after making sure that they agree."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(batch, size, size, channels)).astype("float32")
    kernels = rng.normal(size=(kernel_size, kernel_size, channels, filters)).astype("float32")
    tensors = keras.ops.convert_to_tensor(images), keras.ops.convert_to_tensor(kernels)
    functions = {
        "im2col": lambda: convolution.conv2d(images, kernels, None, strides, padding),
        "keras": lambda: np.asarray(keras.ops.conv(*tensors, strides=strides, padding=padding)),
        "fft": lambda: convolution.conv2d_fft(images, kernels, None, strides, padding),
        "scipy": lambda: scipy_convolution(images, kernels, strides, padding),
    }
    expected = functions["keras"]()
    for name, function in functions.items():
        np.testing.assert_allclose(function(), expected, rtol=1e-3, atol=1e-2, err_msg=name)
    return functions


def main():
    """Print the table and the median ratio."""
    print("milliseconds, medians; images float32, channels last; Keras on TensorFlow, CPU")
    header = f"{'batch size channels kernel filters strides padding':54}"
    print(header + "".join(f"{name:>9}" for name in ("im2col", "keras", "fft", "scipy", "ratio")))
    ratios = []
    for sizes in SIZES:
        functions = contestants(*sizes)
        # SciPy is slower by far; two calls are enough to see that.
        slow = {"scipy": functions.pop("scipy")}
        medians, times = in_turn(functions, rounds=7)
        medians |= in_turn(slow, rounds=1, calls=2)[0]
        pairs = zip(times["im2col"], times["keras"], strict=True)
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        ratios.append(ratio)
        row = "".join(f"{seconds * 1e3:9.2f}" for seconds in medians.values())
        batch, size, channels, kernel, filters, strides, padding = sizes
        print(
            f"{batch:5} {size:4} {channels:8} {kernel:6} {filters:7} {strides:7} {padding:>7}"
            f"{'':5}{row}{ratio:9.2f}"
        )
    print(f"ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
