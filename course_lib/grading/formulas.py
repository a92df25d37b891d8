"""Draws formulas of Markdown as pictures, so that a page of a stranger's text needs no script.

MathJax would have to run in the page, and a page that runs scripts can be made to run others.
Matplotlib's own TeX draws outlines; what it does not know stays as text.
"""

import html
import re
from functools import lru_cache

LONGEST, DEEPEST, LARGEST = 500, 12, 20_000
SIZE = 10.0  # of the font that is drawn; the page scales the outlines to its own
# Outlines begin a little left of the first letter and end a little right of the last.
MARGIN = 0.5
DEPTHS = 40
SIZES = re.compile(r"\\[bB]igg?[lrm]?(?![A-Za-z])")
# The inline formula's foot, in steps of a tenth of the letter's height: the page allows no style=.
STYLE = ".formula{fill:currentColor;overflow:visible;max-width:100%}" + "".join(
    f".formula.d{step}{{vertical-align:-{step / 10:g}em}}" for step in range(DEPTHS)
)


@lru_cache(maxsize=2000)
def formula(tex, block=False):
    r"""Return TeX as an inline SVG, or as escaped text where it is not understood.

    Args:
        tex: without dollars; anything may be in it.
        block: whether it stands in a line of its own.

    Example:
        >>> formula(r"\href{javascript:x()}{y}")
        '<code>\\href{javascript:x()}{y}</code>'
    """
    drawn = None
    try:
        if len(tex) <= LONGEST and _depth(tex) <= DEEPEST:
            shown = " ".join(SIZES.sub("", tex).split())
            drawn = _outline(shown.replace(r"\frac", r"\dfrac") if block else shown)
    except Exception:  # a stranger's TeX; Matplotlib raises ValueError, and others when it recurses
        drawn = None
    if drawn is None:
        return f"<code>{html.escape(tex)}</code>"
    return _svg(tex, block, *drawn)


def _depth(tex):
    depth = deepest = 0
    for letter in tex:
        depth += (letter == "{") - (letter == "}")
        deepest = max(deepest, depth)
    return deepest


def _outline(tex):
    """Return width, height, depth and the path's data, in points; None if it is too large."""
    # Imported by the first formula: it takes a second.
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    if not tex:
        return None
    font, painter = FontProperties(math_fontfamily="stix", size=SIZE), TextToPath()
    width, height, depth = painter.get_text_width_height_descent(f"${tex}$", font, ismath=True)
    vertices, codes = painter.get_text_path(font, f"${tex}$", ismath=True)
    if not 0 < width < 4000 or not 0 < height < 1000 or len(vertices) > LARGEST:
        return None
    # TextToPath draws at its own size, whatever the font's.
    scale = SIZE / painter.FONT_SCALE
    return float(width), float(height), float(depth), _path(vertices, codes, scale)


def _path(vertices, codes, scale):
    """Return an SVG path's data; y grows downwards there."""
    letters, data, last = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}, [], None
    for (x, y), code in zip(vertices, codes, strict=True):
        if code == 79:
            data.append("Z")
            last = None
            continue
        # A curve's points follow one another under one letter.
        letter = " " if code == last and code != 1 else letters[int(code)]
        data.append(f"{letter}{x * scale:.1f} {-y * scale:.1f}")
        last = code
    return "".join(data)


def _svg(tex, block, width, height, depth, path):
    top = height - depth + MARGIN
    wide, high = width + 2 * MARGIN, height + 2 * MARGIN
    step = min(max(round(depth + MARGIN), 0), DEPTHS - 1)
    kind = "formula block" if block else f"formula d{step}"
    return (
        f'<svg class="{kind}" role="img" aria-label="{html.escape(tex, quote=True)}" '
        f'width="{wide / SIZE:.2f}em" height="{high / SIZE:.2f}em" '
        f'viewBox="{-MARGIN} {-top:.1f} {wide:.1f} {high:.1f}"><path d="{path}"/></svg>'
    )
