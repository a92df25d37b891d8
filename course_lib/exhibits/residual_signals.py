"""The small networks of the gradient explorer, as the page's JavaScript computes them too."""

from dataclasses import dataclass

import numpy as np

from course_lib.convolution import conv2d, conv2d_gradients
from course_lib.data import digits

CHANNELS, SIDE, MOST_BLOCKS = 4, 8, 27
EPSILON = 1e-3  # of batch normalisation, as in Keras
QUANTITIES = ("kernels", "maps", "values")


@dataclass(frozen=True)
class Signals:
    """What is measured at each convolution, from input to output.

    Attributes:
        values: root of the mean square of the numbers that the layer hands on.
        maps: norm of the loss's gradient there.
        kernels: norm of the loss's gradient for the layer's kernel.
    """

    values: np.ndarray
    maps: np.ndarray
    kernels: np.ndarray


def draws(count, seed):
    """Return normally distributed numbers that JavaScript can draw as well.

    Example:
        >>> draws(4, seed=0).round(3)
        array([-1.157,  1.243, -0.327, -1.124])
    """
    state, numbers = (seed * 2654435761 + 1) % 2**32, np.empty(count + count % 2)
    uniform = np.empty_like(numbers)
    for place in range(len(uniform)):
        state = (1664525 * state + 1013904223) % 2**32
        uniform[place] = (state + 0.5) / 2**32
    radius, angle = np.sqrt(-2 * np.log(uniform[::2])), 2 * np.pi * uniform[1::2]
    numbers[::2], numbers[1::2] = radius * np.cos(angle), radius * np.sin(angle)
    return numbers[:count]


def picture():
    """Return the digit that all networks see, standardised, of shape `(1, 8, 8, 1)`."""
    image = digits()[0][3:4]
    return (image - image.mean()) / image.std()


def kernels_of(blocks, scale, seed):
    """Return the kernels of `2 * blocks + 1` convolutions: He's initialisation times `scale`."""
    shapes = [(3, 3, 1, CHANNELS)] + [(3, 3, CHANNELS, CHANNELS)] * (2 * MOST_BLOCKS)
    sizes = [int(np.prod(shape)) for shape in shapes]
    parts = np.split(draws(sum(sizes), seed), np.cumsum(sizes)[:-1])
    return [
        scale * np.sqrt(2 / (9 * shape[2])) * part.reshape(shape)
        for part, shape in list(zip(parts, shapes, strict=True))[: 2 * blocks + 1]
    ]


def last_gradient(seed):
    """Return the loss's gradient at the last feature maps: random, of norm 1."""
    drawn = draws(SIDE * SIDE * CHANNELS, seed + 1000)
    return (drawn / np.linalg.norm(drawn)).reshape(1, SIDE, SIDE, CHANNELS)


def signals(kernels, gradient, shortcuts, batch_norm=False, branch_scale=1.0):
    """Send a digit forward and a gradient back, and measure both at every layer.

    The first convolution stands alone; each two of the others make a block.

    Args:
        kernels: of all convolutions.
        gradient: at the output of the last one.
        shortcuts: whether each block adds its input before its last ReLU.
        batch_norm: whether to normalise after each convolution, over the one image.
        branch_scale: factor on what a block adds to its input; without shortcuts it does nothing.

    Returns:
        `Signals`.
    """
    tensor, kept, values = picture(), [], []
    for layer, kernel in enumerate(kernels):
        joins = shortcuts and layer > 0 and layer % 2 == 0
        if layer % 2:
            block_input = tensor
        linear = conv2d(tensor, kernel, padding="same")
        branch, spread = _normalise(linear) if batch_norm else (linear, None)
        total = branch_scale * branch + block_input if joins else branch
        kept.append((tensor, branch, spread, total, joins))
        tensor = np.maximum(total, 0)
        values.append(np.sqrt(np.mean(tensor**2)))
    maps, by_kernel, around = [], [], 0.0
    for layer in reversed(range(len(kernels))):
        source, branch, spread, total, joins = kept[layer]
        maps.append(np.linalg.norm(gradient))
        gradient = gradient * (total > 0)
        if joins:
            around, gradient = gradient, branch_scale * gradient
        if batch_norm:
            gradient = _normalise_back(branch, spread, gradient)
        gradient, kernel_gradient, _ = conv2d_gradients(
            source, kernels[layer], gradient, padding="same"
        )
        by_kernel.append(np.linalg.norm(kernel_gradient))
        if layer % 2 and shortcuts:
            gradient = gradient + around
    return Signals(np.array(values), np.array(maps[::-1]), np.array(by_kernel[::-1]))


def _normalise(tensor):
    spread = np.sqrt(tensor.var(axis=(0, 1, 2)) + EPSILON)
    return (tensor - tensor.mean(axis=(0, 1, 2))) / spread, spread


def _normalise_back(normal, spread, gradient):
    mean, along = gradient.mean(axis=(0, 1, 2)), (gradient * normal).mean(axis=(0, 1, 2))
    return (gradient - mean - normal * along) / spread
