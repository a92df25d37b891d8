"""Plausible wrong pairs of views, each with the line that explains it.

Their draws are not the student's, and need not be: what is compared are shares.
"""

import numpy as np

from course_lib.checks.self_supervised.cases import augment_pair


def _draws(rng, count, shift, contrast):
    steps = rng.integers(-shift, shift + 1, (count, 2))
    return steps, rng.uniform(1 - contrast, 1 + contrast, count)


def _view(images, steps, factors, mode="edge"):
    """Images moved by whole pixels, one step each, and multiplied."""
    _, height, width, _ = images.shape
    reach = max(1, int(np.abs(steps).max()))
    wide = ((reach, reach), (reach, reach), (0, 0))
    found = np.zeros(images.shape, np.float32)
    for place, (down, right) in enumerate(steps):
        padded = np.pad(images[place], wide, mode=mode)
        top, left = reach - down, reach - right
        found[place] = factors[place] * padded[top : top + height, left : left + width]
    return found


def _mistaken(hint, name, draws=_draws, mode="edge", after=None, before=None):
    """Register a mistake: other draws for a view, another border, or something done after both."""

    def function(images, seed=0, shift=1, contrast=0.3):
        rng = np.random.default_rng(seed)
        if before:
            images = before(images, rng)
        views = [_view(images, *draws(rng, len(images), shift, contrast), mode) for _ in range(2)]
        return tuple(after(images, *views, rng)) if after else tuple(views)

    function.__name__ = name
    return augment_pair.misconception(hint)(function)


def _shuffled(images, first, second, rng):
    return first, second[rng.permutation(len(second))]


_mistaken(
    "the two arrays are not aligned: row i of the second view is made of another image than row i "
    "of the first. Do not shuffle here: row i of both is made of image i.",
    "misaligned",
    after=_shuffled,
)
_mistaken(
    "both views are shuffled in the same way. They match each other, and not the images: row i "
    "must be made of image i.",
    "both_shuffled",
    before=lambda images, rng: images[rng.permutation(len(images))],
)
_mistaken(
    "the second view is the first once more: nothing is to be learnt from such a pair. Draw for "
    "each of them.",
    "the_same_view_twice",
    after=lambda images, first, second, rng: (first, first),
)
_mistaken(
    "the first view is the image as it was. Both views are drawn, by the same rules.",
    "first_left_alone",
    after=lambda images, first, second, rng: (np.asarray(images, np.float32), second),
)
_mistaken(
    "the second view is the image as it was. Both views are drawn, by the same rules.",
    "second_left_alone",
    after=lambda images, first, second, rng: (first, np.asarray(images, np.float32)),
)


@augment_pair.misconception(
    "both views are the images as they were. Draw a step and a factor for each view of each image."
)
def nothing_done(images, seed=0, shift=1, contrast=0.3):
    return np.array(images, np.float32), np.array(images, np.float32)


def _one_for_all(rng, count, shift, contrast):
    steps, factors = _draws(rng, 1, shift, contrast)
    if shift and not steps.any():
        steps[0, 0] = shift
    return np.repeat(steps, count, axis=0), np.repeat(factors, count)


def _one_step(rng, count, shift, contrast):
    return _one_for_all(rng, count, shift, contrast)[0], _draws(rng, count, shift, contrast)[1]


def _one_factor(rng, count, shift, contrast):
    return _draws(rng, count, shift, contrast)[0], _one_for_all(rng, count, shift, contrast)[1]


_mistaken(
    "all images of a view move by the same step and have the same factor. Draw one for each image: "
    "rng.integers(..., size=(batch, 2)).",
    "one_draw_for_the_batch",
    draws=_one_for_all,
)
_mistaken(
    "all images of a view move by the same step. Draw one for each image: "
    "rng.integers(..., size=(batch, 2)).",
    "one_step_for_the_batch",
    draws=_one_step,
)
_mistaken(
    "all images of a view have the same factor. Draw one for each image: "
    "rng.uniform(..., size=(batch, 1, 1, 1)).",
    "one_factor_for_the_batch",
    draws=_one_factor,
)


def _steps(rule):
    """Other steps, and the right factors."""

    def draws(rng, count, shift, contrast):
        return rule(rng, count, shift), _draws(rng, count, shift, contrast)[1]

    return draws


_mistaken(
    "no step is as large as shift upwards: rng.integers leaves its end out. Write "
    "rng.integers(-shift, shift + 1).",
    "end_left_out",
    draws=_steps(lambda rng, count, s: rng.integers(-s, max(s, 1 - s), (count, 2))),
)
_mistaken(
    "images move in one direction only. Steps run from -shift to shift.",
    "one_way",
    draws=_steps(lambda rng, count, s: rng.integers(0, s + 1, (count, 2))),
)
_mistaken(
    "steps run from 0 to 2 * shift. That is where a piece is cut out of a padded image; the step "
    "is the distance from its middle.",
    "too_far",
    draws=_steps(lambda rng, count, s: rng.integers(0, 2 * s + 1, (count, 2))),
)
_mistaken(
    "the same step is taken down and to the right, so that images move along the diagonal only. "
    "Draw both.",
    "diagonal",
    draws=_steps(lambda rng, count, s: np.repeat(rng.integers(-s, s + 1, (count, 1)), 2, axis=1)),
)
_mistaken(
    "images move to the right and to the left, and never up or down. Draw a step for each axis.",
    "across_only",
    draws=_steps(lambda rng, count, s: rng.integers(-s, s + 1, (count, 2)) * [0, 1]),
)
_mistaken(
    "images move up and down, and never to the right or to the left. Draw a step for each axis.",
    "down_only",
    draws=_steps(lambda rng, count, s: rng.integers(-s, s + 1, (count, 2)) * [1, 0]),
)
_mistaken(
    "nothing moves: shift is not used.",
    "never_moved",
    draws=_steps(lambda rng, count, s: np.zeros((count, 2), int)),
)
_mistaken(
    "every image moves as far as it can. Steps in between, and none at all, are as likely.",
    "ends_only",
    draws=_steps(lambda rng, count, s: rng.choice([-s, s], (count, 2))),
)
_mistaken(
    "what leaves on one side comes in on the other, as np.roll does it. Repeat the border: "
    'np.pad(image, ..., mode="edge"), and cut a piece of the old size out.',
    "wrapped_around",
    mode="wrap",
)
_mistaken(
    "zeros come in from outside, which is what np.pad does unless it is told otherwise. Repeat the "
    'border: mode="edge".',
    "zeros_come_in",
    mode="constant",
)
_mistaken(
    'what comes in from outside is a mirror image. Repeat the border: mode="edge".',
    "mirrored",
    mode="reflect",
)


def _factors(rule):
    """Other factors, and the right steps."""

    def draws(rng, count, shift, contrast):
        return _draws(rng, count, shift, contrast)[0], rule(rng, count, contrast)

    return draws


_mistaken(
    "contrast is not used: all views are as bright as their images.",
    "contrast_ignored",
    draws=_factors(lambda rng, count, c: np.ones(count)),
)
_mistaken(
    "views are never darker than their images. Factors lie between 1 - contrast and 1 + contrast.",
    "brighter_only",
    draws=_factors(lambda rng, count, c: rng.uniform(1, 1 + c, count)),
)
_mistaken(
    "views are never brighter than their images. Factors lie between 1 - contrast and "
    "1 + contrast.",
    "darker_only",
    draws=_factors(lambda rng, count, c: rng.uniform(1 - c, 1, count)),
)
_mistaken(
    "the factor lies between -contrast and contrast: the 1 is missing, and views turn black, or "
    "into negatives.",
    "around_zero",
    draws=_factors(lambda rng, count, c: rng.uniform(-c, c, count)),
)
_mistaken(
    "there are two factors only, 1 - contrast and 1 + contrast. All between them are as likely: "
    "rng.uniform.",
    "two_factors_only",
    draws=_factors(lambda rng, count, c: rng.choice([1 - c, 1 + c], count)),
)


@augment_pair.misconception(
    "a number is added to each image. Contrast is a factor: multiply by it."
)
def added(images, seed=0, shift=1, contrast=0.3):
    rng = np.random.default_rng(seed)
    views = []
    for _ in range(2):
        steps, factors = _draws(rng, len(images), shift, contrast)
        more = (factors - 1)[:, np.newaxis, np.newaxis, np.newaxis]
        views.append((_view(images, steps, np.ones(len(images))) + more).astype(np.float32))
    return tuple(views)


@augment_pair.misconception(
    "each pixel has a factor of its own: that is noise, and no contrast. Draw one for each image: "
    "size=(batch, 1, 1, 1)."
)
def a_factor_for_each_pixel(images, seed=0, shift=1, contrast=0.3):
    rng = np.random.default_rng(seed)
    views = []
    for _ in range(2):
        steps, _ = _draws(rng, len(images), shift, contrast)
        factors = rng.uniform(1 - contrast, 1 + contrast, images.shape)
        views.append(_view(images, steps, np.ones(len(images))) * factors)
    return tuple(views)


@augment_pair.misconception(
    "the seed is not used: each call draws anew. Write rng = np.random.default_rng(seed), once."
)
def seed_ignored(images, seed=0, shift=1, contrast=0.3):
    rng = np.random.default_rng()
    return tuple(_view(images, *_draws(rng, len(images), shift, contrast)) for _ in range(2))


@augment_pair.misconception(
    "the same views come whatever the seed: it is fixed. Write rng = np.random.default_rng(seed)."
)
def seed_fixed(images, seed=0, shift=1, contrast=0.3):
    rng = np.random.default_rng(0)
    return tuple(_view(images, *_draws(rng, len(images), shift, contrast)) for _ in range(2))


@augment_pair.misconception(
    "views have the images' type, which cuts decimals off: 101 * 1.05 is 106.05, and no whole "
    'number. Convert to "float32" before you multiply.'
)
def type_kept(images, seed=0, shift=1, contrast=0.3):
    rng = np.random.default_rng(seed)
    views = [_view(images, *_draws(rng, len(images), shift, contrast)) for _ in range(2)]
    return tuple(view.astype(images.dtype) for view in views)
