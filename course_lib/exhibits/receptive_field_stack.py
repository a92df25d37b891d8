"""The field explorer's arithmetic, as the page's JavaScript has it too: one axis of a stack."""

from dataclasses import dataclass

import numpy as np

from course_lib.convolution import output_size

KINDS = ("convolution", "pooling")
LIMITS = {"kernel_size": 11, "strides": 4, "dilation_rate": 16}
MOST_LAYERS, SMALLEST, LARGEST = 24, 16, 224


def _layers(*described):
    """Unpack `(how many, kind, kernel_size, strides, dilation_rate)` to one list a layer."""
    return [list(layer) for count, *layer in described for _ in range(count)]


def _convolution(kernel_size=3, strides=1, count=1, dilation_rate=1):
    return count, "convolution", kernel_size, strides, dilation_rate


def _pool(kernel_size=2, strides=2):
    return 1, "pooling", kernel_size, strides, 1


def _resnet50(stride_on_3x3):
    """The longest path through ResNet50, of its 1 x 1 layers only those with strides."""
    described = [_convolution(7, 2), _pool(3, 2), _convolution(count=3)]
    for blocks in (4, 6, 3):
        if stride_on_3x3:
            described += [_convolution(3, 2), _convolution(count=blocks - 1)]
        else:
            described += [_convolution(1, 2), _convolution(count=blocks)]
    return _layers(*described)


# Name -> (layers, pixels along a side of the image, padding).
PRESETS = {
    "five of 3 × 3": (_layers(_convolution(count=5)), 65, "same"),
    "stride 2": (_layers(_convolution(3, 2, 5)), 65, "same"),
    "dilation 1, 2, 4, 8, 16": (
        _layers(*(_convolution(dilation_rate=2**i) for i in range(5))), 65, "same",
    ),
    "pooling between": (_layers(*(2 * [_convolution(), _pool()]), _convolution()), 65, "same"),
    "VGG16": (
        _layers(*(
            part for count in (2, 2, 3, 3, 3) for part in (_convolution(count=count), _pool())
        )), 224, "same",
    ),
    "MobileNet": (
        _layers(_convolution(3, 2), _convolution(), _convolution(3, 2), _convolution(),
                _convolution(3, 2), _convolution(), _convolution(3, 2), _convolution(count=5),
                _convolution(3, 2), _convolution()), 224, "same",
    ),
    "ResNet50, stride on 3 × 3": (_resnet50(True), 224, "same"),
    "ResNet50, stride on 1 × 1": (_resnet50(False), 224, "same"),
}  # fmt: skip


@dataclass(frozen=True)
class Level:
    """The input, or what one layer of a stack makes of it, along one axis.

    Attributes:
        units: how many there are; 0 where the kernel does not fit.
        size: how many pixels of the input one unit depends on.
        stride: how many pixels lie between the fields of two neighbours.
        padding: how many pixels before the input the first unit's field begins.
    """

    units: int
    size: int
    stride: int
    padding: int


def padding_before(units, kernel_size, strides, dilation_rate, padding):
    """Return how many zeros a layer puts before its input.

    Example:
        >>> padding_before(64, 3, 2, 1, "same"), padding_before(63, 3, 2, 1, "same")
        (0, 1)
    """
    if padding == "valid" or not units:
        return 0
    extent = (kernel_size - 1) * dilation_rate + 1
    return max((-(-units // strides) - 1) * strides + extent - units, 0) // 2


def levels(layers, units, padding):
    """Return the input's `Level` and one for each layer.

    Args:
        layers: lists `[kind, kernel_size, strides, dilation_rate]`.
        units: pixels of the input along the axis.
        padding: `"same"` or `"valid"`, of all layers.

    Example:
        >>> levels([["convolution", 3, 2, 1], ["convolution", 3, 1, 1]], 64, "same")[-1]
        Level(units=32, size=7, stride=2, padding=2)
    """
    found = [Level(units, 1, 1, 0)]
    for _, kernel_size, strides, dilation_rate in layers:
        last, settings = found[-1], (kernel_size, strides, dilation_rate)
        found.append(
            Level(
                _outputs(last.units, settings, padding),
                last.size + (kernel_size - 1) * dilation_rate * last.stride,
                last.stride * strides,
                last.padding + padding_before(last.units, *settings, padding) * last.stride,
            )
        )
    return found


def _outputs(units, settings, padding):
    kernel_size, strides, dilation_rate = settings
    if not units or (padding == "valid" and (kernel_size - 1) * dilation_rate >= units):
        return 0
    return output_size(units, kernel_size, strides, padding, dilation_rate)


def ways(layers, units, padding, unit):
    """Return in how many ways a unit of the last layer depends on each place of each level.

    Args:
        layers: as in `levels`; the last one has the unit.
        units: as in `levels`.
        padding: as in `levels`.
        unit: the one that looks, counted from 0.

    Returns:
        A list of pairs `(start, counts)`, input first: `counts[i]` belongs to place `start + i`.
        Places outside the level are padding. They are read, and depend on nothing further.

    Example:
        >>> start, counts = ways([["convolution", 3, 1, 1]] * 2, 8, "same", 4)[0]
        >>> start, counts.astype(int).tolist()                # 9 = 3 * 3 ways
        (2, [1, 2, 3, 2, 1])
    """
    above = levels(layers, units, padding)
    found = [(unit, np.ones(1))]
    for (_, kernel_size, strides, dilation_rate), level, here in zip(
        layers[::-1], above[-2::-1], above[:0:-1], strict=True
    ):
        start, counts = found[0]
        inside = [i for i in range(start, start + len(counts)) if 0 <= i < here.units]
        if not inside:  # taps far apart around a short level: zeros alone are read
            found.insert(0, (0, np.zeros(0)))
            continue
        left = padding_before(level.units, kernel_size, strides, dilation_rate, padding)
        first = inside[0] * strides - left
        last = inside[-1] * strides - left + (kernel_size - 1) * dilation_rate
        below = np.zeros(last - first + 1)
        for i in inside:
            at = i * strides - left - first
            below[at : at + (kernel_size - 1) * dilation_rate + 1 : dilation_rate] += counts[
                i - start
            ]
        found.insert(0, (first, below))
    return found
