"""The exhibit of the topic `capstone`: which places look alike to an encoder."""

import numpy as np
import traitlets

from course_lib.arguments import integer
from course_lib.exhibits.base import Exhibit
from course_lib.exhibits.capstone_features import COUNT, ENCODERS, FACTOR, load

SIDE = 64
TITLES = {"pretrained": "pretrained encoder", "untrained": "untrained encoder"}


def _synchronised(trait):
    return trait.tag(sync=True)


class KinExplorer(Exhibit):
    """Point at a place of a page: all places of all pages light up as they look alike.

    Two encoders are asked, one that has been pretrained on pages without labels and one with the
    weights it was born with. Neither has ever been told a class.

    Args:
        page: 0, 1 or 2.
        row: of the place, 0 to 63.
        column: of the place, 0 to 63.

    Raises:
        ValueError: if an argument does not fit; the message names it.

    Example:
        >>> explorer = KinExplorer()
        >>> explorer.kin("pretrained") > explorer.kin("untrained")
        True
    """

    front = "capstone/kin_explorer"
    still_size = (7.2, 5.2)
    pages = _synchronised(traitlets.Bytes())
    cells = _synchronised(traitlets.Bytes())
    pretrained = _synchronised(traitlets.Bytes())
    untrained = _synchronised(traitlets.Bytes())
    page = _synchronised(traitlets.Int())
    row = _synchronised(traitlets.Int())
    column = _synchronised(traitlets.Int())

    def __init__(self, page=0, row=12, column=12):
        held = load()
        super().__init__(
            **{name: values.tobytes() for name, values in held.items()},
            page=_at_most(page, "page", COUNT - 1),
            row=_at_most(row, "row", SIDE - 1),
            column=_at_most(column, "column", SIDE - 1),
        )

    def similarities(self, encoder):
        """Return the cosine between the place and each place, of shape `(3, 16, 16)`."""
        side = SIDE // FACTOR
        rows = np.frombuffer(getattr(self, encoder), np.int8).astype(float)
        rows = rows.reshape(COUNT, side, side, -1) / 127
        return rows @ rows[self.page, self.row // FACTOR, self.column // FACTOR]

    def kin(self, encoder):
        """Return the share of one class among the places that look most alike.

        As many places are taken as have the class of the place pointed at.
        """
        cells = np.frombuffer(self.cells, np.uint8).reshape(COUNT, -1)
        side = SIDE // FACTOR
        mine = cells[self.page, self.row // FACTOR * side + self.column // FACTOR]
        same = (cells == mine).ravel()
        order = np.argsort(-self.similarities(encoder).ravel(), kind="stable")
        return float(same[order[: same.sum()]].mean())

    def draw_still(self, figure):
        """Draw the pages in a row, and below what each encoder says of them."""
        grid = figure.subplots(3, COUNT)
        shown = np.frombuffer(self.pages, np.uint8).reshape(COUNT, SIDE, SIDE)
        for number in range(COUNT):
            grid[0, number].imshow(shown[number] // 8, cmap="gray", vmin=0, vmax=31)
        grid[0, self.page].plot(self.column, self.row, "o", mfc="none", mec="#c25500", ms=11, mew=2)
        for line, encoder in zip(grid[1:], ENCODERS, strict=True):
            like = np.round(12 * self.similarities(encoder)) / 12
            for panel, picture in zip(line, like, strict=True):
                panel.imshow(picture, cmap="inferno", vmin=0, vmax=1)
        for panel in grid.flat:
            panel.set(xticks=[], yticks=[])
        for line, name in zip(grid, ("pages", *TITLES.values()), strict=True):
            line[0].set_ylabel(name, fontsize=9)

    def alternative_text(self):
        """Say what the picture shows."""
        shares = " and ".join(f"{self.kin(e):.0%} for the {TITLES[e]}" for e in ENCODERS)
        return (
            "Three pages, each of three or four regions papered with handwritten digits, and under "
            f"each how like every place is to row {self.row}, column {self.column} of page "
            f"{self.page + 1}. Of the places that look most alike, as many as have its class, the "
            f"share that has it is {shares}."
        )


def _at_most(value, name, most):
    if integer(value, name, 0) > most:
        raise ValueError(f"{name} must be at most {most} here; got {value}.")
    return int(value)


EXHIBITS = (KinExplorer,)
