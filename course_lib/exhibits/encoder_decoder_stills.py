"""The still picture of the exhibit of `encoder_decoder`."""

import numpy as np
from matplotlib.patches import Polygon, Rectangle

from course_lib.exhibits.encoder_decoder_upsampling import enlarged, picture_of, scale_of

INK, LINE, PAPER, COLOURS = "#1f2328", "#6e7781", "#ffffff", ("#0b5cad", "#c25500", "#00795a")
TITLES = ("input", "transposed", "times written", "nearest", "bilinear")
HIGH = 3  # cells that the tallest pile may take


def draw_upsampling(figure, exhibit):
    """Draw the stamps along one axis above, and five pictures below."""
    above, below = figure.subfigures(2, 1, height_ratios=(1.5, 1))
    _draw_stamps(above.subplots(), exhibit)
    scale = scale_of(exhibit.kernel_size, exhibit.strides, exhibit.weights)
    picture, counts = picture_of(exhibit.picture, exhibit.size), np.array(exhibit.plan().counts)
    images = (
        picture,
        enlarged(picture, exhibit.matrix("transposed"), scale),
        np.outer(counts, counts),
        enlarged(picture, exhibit.matrix("nearest")),
        enlarged(picture, exhibit.matrix("bilinear")),
    )
    for place, (axes, title) in enumerate(zip(below.subplots(1, 5), TITLES, strict=True)):
        shown, most = np.round(images[place], 6), images[place].max()
        range_of = {"cmap": "Oranges", "vmin": 0, "vmax": most} if place == 2 else {"cmap": "gray"}
        axes.imshow(shown, **{"vmin": 0, "vmax": 1, **range_of})
        axes.set(xticks=[], yticks=[])
        axes.set_title(title, fontsize=9, color=INK)
        axes.set_xlabel(" × ".join(map(str, shown.shape)), fontsize=8)


def _draw_stamps(axes, exhibit):
    matrix = exhibit.matrix()
    outputs, size = matrix.shape
    most = max(1, matrix.sum(axis=1).max())
    for pixel in range(size):
        written, colour = np.flatnonzero(matrix[:, pixel]), COLOURS[pixel % 3]
        first, last = written[0], written[-1] + 1
        left = (first + last) / 2 - 0.5
        corners = [(left, 0), (left + 1, 0), (last, 1.5), (first, 1.5)]
        axes.add_patch(Rectangle((left, -1), 1, 1, fc=colour, ec=PAPER))
        axes.add_patch(Polygon(corners, fc=colour, alpha=0.22, ec="none"))
    for place, row in enumerate(matrix):
        axes.add_patch(Rectangle((place, 1.5), 1, 1, fc=PAPER, ec=LINE, lw=0.8))
        count, top = np.count_nonzero(row), 2.6
        axes.text(place + 0.5, 2, count, ha="center", va="center", fontsize=8, color=INK)
        for pixel in np.flatnonzero(row):
            height = HIGH * row[pixel] / most
            colour = COLOURS[pixel % 3]
            axes.add_patch(Rectangle((place + 0.1, top), 0.8, height, fc=colour, ec=PAPER, lw=0.8))
            top += height
    axes.set(xlim=(-0.2, outputs + 0.2), ylim=(2.7 + HIGH, -1.1), aspect="equal")
    axes.axis("off")
