"""From a drawing to a mask, and from a mask to the noisy picture that the network must read.

The page does the same in JavaScript. `draw_at_random` stands in for readers when the network is
trained: outlines, blobs, stars and scribbles.
"""

from functools import cache

import numpy as np

SIDE = 64  # pixels of mask and picture, along each side
PEN = 1.5  # radius of a line, in pixels
CONTRAST = 0.3  # how much brighter the shape is than what lies around it
NOISE, SHADE = 0.3, 0.8  # the most that the page offers
STEPS = 32  # levels of the noise that make one standard deviation
JUMP = 577  # prime: another drawing of the noise begins this many pixels later


def mask_of(strokes, filled=True):
    """Return the mask of a drawing, of shape `(64, 64)`, as booleans.

    Args:
        strokes: list of lists of points `(x, y)`, from 0 to 1, y downwards.
        filled: whether each stroke is the outline of a shape, closed by a straight line, or a
            line of three pixels.

    Example:
        >>> square = [[(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)]]
        >>> int(mask_of(square).sum())                                        # 32 * 32
        1024
    """
    mask = np.zeros((SIDE, SIDE), bool)
    for stroke in strokes:
        points = np.asarray(stroke, float).reshape(-1, 2) * SIDE
        mask |= _inside(points) if filled else _near(points)
    return mask


def _inside(points):
    """Return which pixels' middles an outline goes around, by counting how often it crosses."""
    middles = np.arange(SIDE) + 0.5
    turns = np.zeros((SIDE, SIDE + 1), int)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        crossed = np.flatnonzero((y0 <= middles) != (y1 <= middles))
        at = x0 + (middles[crossed] - y0) / (y1 - y0 or 1) * (x1 - x0)
        first = np.clip(np.floor(at + 0.5), 0, SIDE).astype(int)  # the first middle at its right
        turns[crossed, first] += 1 if y1 > y0 else -1
    return turns.cumsum(axis=1)[:, :SIDE] != 0


def _near(points):
    """Return which pixels' middles lie within the pen's radius of a line."""
    near = np.zeros((SIDE, SIDE), bool)
    for start, end in zip(points, points[1:] if len(points) > 1 else points, strict=False):
        low = np.clip(np.floor(np.minimum(start, end) - PEN), 0, SIDE).astype(int)
        high = np.clip(np.ceil(np.maximum(start, end) + PEN), 0, SIDE).astype(int)
        x, y = np.meshgrid(*(np.arange(a, b) + 0.5 for a, b in zip(low, high, strict=True)))
        along = end - start
        away = np.stack([x - start[0], y - start[1]], axis=-1)
        share = np.clip(away @ along / max(along @ along, 1e-12), 0, 1)
        gaps = ((away - share[..., np.newaxis] * along) ** 2).sum(axis=-1)
        near[low[1] : high[1], low[0] : high[0]] |= gaps <= PEN**2
    return near


@cache
def noise_levels():
    """Return the noise that ships with the page: whole numbers, `STEPS` to a standard deviation."""
    drawn = np.random.default_rng(0).normal(0, STEPS, SIDE * SIDE)
    return np.clip(np.rint(drawn), -127, 127).astype(np.int8)


def picture_of(mask, noise=0.15, shade=0.4, draw=0):
    """Return the picture that hides a mask: the shape is brighter, in noise and uneven light.

    Args:
        mask: booleans of shape `(64, 64)`.
        noise: standard deviation of what is added to each pixel; white is 1, black 0.
        shade: how much brighter the light is in the last corner than in the first.
        draw: which drawing of the noise, a whole number from 0.

    Example:
        >>> plain = picture_of(mask_of([]), noise=0, shade=0.4)
        >>> plain[0, 0].round(2), plain[-1, -1].round(2)
        (np.float64(0.15), np.float64(0.55))
    """
    row = (np.arange(SIDE * SIDE) + JUMP * draw) % (SIDE * SIDE)
    grain = noise_levels()[row].reshape(SIDE, SIDE) / STEPS
    return 0.5 + CONTRAST * (mask - 0.5) + shade * light() + noise * grain


def light():
    """Return the light of an unevenly lit scene, from -0.5 to 0.5, corner to corner."""
    ramp = np.arange(SIDE) / (SIDE - 1)
    return (ramp[:, np.newaxis] + ramp) / 2 - 0.5


def draw_at_random(rng):
    """Return strokes and whether they are filled, as a reader might draw them."""
    filled = rng.random() < 0.65
    strokes = [_random_stroke(rng) for _ in range(rng.integers(1, 4))]
    return strokes, filled


def _random_stroke(rng):
    kind = rng.integers(4)
    angles = np.sort(rng.random(rng.integers(3, 10)) * 2 * np.pi)
    if kind == 0:  # a polygon, often with sharp corners
        radii = rng.uniform(0.08, 0.4, len(angles))
    elif kind == 1:  # a star
        angles = np.linspace(0, 2 * np.pi, 2 * rng.integers(3, 9), endpoint=False)
        radii = np.where(np.arange(len(angles)) % 2, rng.uniform(0.05, 0.2), rng.uniform(0.2, 0.4))
    elif kind == 2:  # a blob
        angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        sizes = {k: rng.normal(0, 0.25 / k) for k in (2, 3, 4, 6)}
        waves = sum(size * np.cos(k * angles + rng.uniform(0, 7)) for k, size in sizes.items())
        radii = rng.uniform(0.08, 0.32) * np.exp(waves)
    else:  # a scribble
        steps = rng.normal(0, 0.008, (40, 2)).cumsum(axis=0) + rng.normal(0, 0.01, 2)
        return np.clip(rng.uniform(0.2, 0.8, 2) + steps.cumsum(axis=0), 0.02, 0.98)
    squeezed = rng.uniform(0.4, 1, 2)
    turned = angles + rng.uniform(0, 2 * np.pi)
    ring = np.stack([np.cos(turned), np.sin(turned)], axis=-1) * radii[:, np.newaxis] * squeezed
    return np.clip(np.concatenate([ring, ring[:1]]) + rng.uniform(0.2, 0.8, 2), 0, 1)
