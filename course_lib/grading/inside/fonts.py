"""The fonts of figures in the sandbox: matplotlib's own, the same on every machine."""

from pathlib import Path


def keep_own_fonts():
    """Forget the host's fonts; a figure must not depend on them, nor name the host's folders."""
    from matplotlib import font_manager

    own, manager = Path(font_manager.__file__).parent, font_manager.fontManager
    manager.ttflist = [font for font in manager.ttflist if own in Path(font.fname).parents]
    manager.afmlist = [font for font in manager.afmlist if own in Path(font.fname).parents]
