"""Still picture of the exhibit of `transfer_learning`, for print and readers without JavaScript."""

import numpy as np

from course_lib.exhibits.transfer_learning_features import TESTS, load

INK, CHOSEN, OTHER, WRONG = "#1f2328", "#0b5cad", "#b6c2cf", "#c25500"
COLUMNS, ROWS, GAP = 6, 6, 2  # a part of the tests: noise makes large files


def draw_heads(figure, exhibit):
    """Draw how many tests each head reads right, and some of the tests."""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    accuracies = exhibit.accuracies()
    colours = [CHOSEN if name == exhibit.features else OTHER for name in accuracies]
    left.barh(list(accuracies), list(accuracies.values()), color=colours, height=0.6)
    for place, number in enumerate(accuracies.values()):
        left.text(number + 1, place, str(number), va="center", fontsize=9, color=INK)
    left.axvline(10, color=INK, lw=0.8, ls=":")
    left.set(xlim=(0, 100), xlabel="of 100 read right (10 by chance)")
    left.invert_yaxis()
    left.spines[["top", "right"]].set_visible(False)
    left.tick_params(labelsize=9)
    right.imshow(sheet(), cmap="gray", vmin=0, vmax=255)
    wrong = exhibit.scores(exhibit.features).argmax(axis=1) != load()["labels"][-TESTS:]
    for place in np.flatnonzero(wrong[: ROWS * COLUMNS]):
        row, column = divmod(int(place), COLUMNS)
        corner = (column * (16 + GAP) - 0.5, row * (16 + GAP) - 0.5)
        right.add_patch(_frame(corner))
    right.set_title(
        f"{ROWS * COLUMNS} of them; framed: misread on {exhibit.features}", fontsize=9, color=INK
    )
    right.set_axis_off()


def sheet():
    """Return the first tests as one picture, with gaps.

    Example:
        >>> sheet().shape
        (106, 106)
    """
    pages = load()["pages"][-TESTS:][: ROWS * COLUMNS]
    side = pages.shape[1] + GAP
    picture = np.full((ROWS * side - GAP, COLUMNS * side - GAP), 255, np.uint8)
    for place, page in enumerate(pages):
        row, column = divmod(place, COLUMNS)
        picture[row * side : row * side + 16, column * side : column * side + 16] = page
    return picture


def _frame(corner):
    from matplotlib.patches import Rectangle

    return Rectangle(corner, 16, 16, fill=False, ec=WRONG, lw=1.3)
