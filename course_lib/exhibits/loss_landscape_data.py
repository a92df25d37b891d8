"""The surfaces that ship with the book; `book/_data/loss_landscape.py` is their recipe."""

import json
from functools import cache
from pathlib import Path

import numpy as np

FILES = Path(__file__).resolve().parents[2] / "book" / "_data"
DEPTHS, SEEDS, KINDS, STATISTICS = (56, 20), (0, 1, 2), ("plain", "residual"), ("batch", "moving")


@cache
def surfaces():
    """Return the steps of the grid, and the losses by depth, seed, kind and statistics.

    Returns:
        A tuple `(steps, surfaces)`: array of shape `(points,)`, and a dictionary from
        `(depth, seed, kind, statistics)` to arrays of shape `(points, points)`.
    """
    with np.load(FILES / "loss_landscape.npz") as file:
        held = {
            (depth, seed, kind, way): file[f"{kind}-{depth}-{seed}-{way}"].astype(float)
            for depth in DEPTHS
            for seed in SEEDS
            for kind in KINDS
            for way in STATISTICS
        }
        return file["steps"], held


@cache
def accuracies():
    """Return each network's accuracy on the images it was trained on, and on others.

    Returns:
        A dictionary from `(depth, seed, kind)` to pairs.
    """
    told = json.loads((FILES / "loss_landscape.json").read_text("utf8"))
    return {
        (depth, seed, kind): tuple(told[f"{kind}-{depth}-{seed}"])
        for depth in DEPTHS
        for seed in SEEDS
        for kind in KINDS
    }
