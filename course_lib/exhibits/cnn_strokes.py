"""From a drawing to the picture that the network reads; the page does the same in JavaScript.

The digits of the data fill their 32 x 32 bitmaps from top to bottom, whatever hand they came from,
about 30 % of each bitmap is ink, and the mean of each 4 x 4 block is one pixel. A drawing is
brought to the same form, else the network would be asked about pictures of another kind.
"""

import numpy as np

from course_lib.exhibits.cnn_network import enlarge

SIDE = 32  # of the bitmap
WIDEST = 26
INK = 307  # pixels of the bitmap, 30 %
THIN, THICK = 1.3, 4.5  # limits of the pen's radius
LARGEST = 128  # pixels of the bitmap that the pad's side may become: a dot stays small


def prepare(strokes):
    """Return the network's input, of shape `(1, 16, 16, 1)`, for strokes on a pad.

    Args:
        strokes: list of lists of points `(x, y)`, from 0 to 1, y downwards.

    Example:
        >>> picture = prepare([[[0.5, 0.2], [0.5, 0.8]]])[0, :, :, 0]
        >>> picture[8, [0, 5, 7, 8]].tolist()                      # an upright line in the middle
        [0.0, 0.34375, 1.0, 1.0]
    """
    blocks = bitmap(strokes).reshape(8, 4, 8, 4).mean(axis=(1, 3))
    return enlarge(blocks[np.newaxis, ..., np.newaxis])


def bitmap(strokes):
    """Return the strokes drawn on 32 x 32 pixels, centred, at the data's size and thickness."""
    strokes = [np.asarray(stroke, float).reshape(-1, 2) for stroke in strokes if len(stroke)]
    if not strokes:
        return np.zeros((SIDE, SIDE))
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    radius = 2.5
    for _ in range(2):  # the pen's width decides the room, and the room the pen's width
        room = np.array([WIDEST, SIDE]) - 2 * radius
        scale = min(LARGEST, *(room / np.maximum(high - low, 1e-6)))
        placed = [(stroke - (low + high) / 2) * scale + SIDE / 2 for stroke in strokes]
        distances = _distances(placed)
        radius = np.clip(np.sort(distances, axis=None)[INK - 1], THIN, THICK)
    return np.clip(radius - distances + 0.5, 0, 1)


def _distances(strokes):
    """Return how far each pixel of the bitmap lies from the nearest stroke."""
    pixels = np.stack(np.meshgrid(*[np.arange(SIDE) + 0.5] * 2), axis=-1)[:, :, np.newaxis]
    nearest = np.full((SIDE, SIDE), np.inf)
    for stroke in strokes:
        starts, ends = (stroke[:-1], stroke[1:]) if len(stroke) > 1 else (stroke, stroke)
        along = ends - starts
        lengths = np.maximum((along**2).sum(axis=-1), 1e-12)
        share = np.clip(((pixels - starts) * along).sum(axis=-1) / lengths, 0, 1)
        gaps = pixels - starts - share[..., np.newaxis] * along
        nearest = np.minimum(nearest, np.sqrt((gaps**2).sum(axis=-1)).min(axis=-1))
    return nearest
