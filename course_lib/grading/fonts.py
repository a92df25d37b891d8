"""A ready-made list of fonts: without one, matplotlib searches the system's in every sandbox."""

import copy
from pathlib import Path


def write_font_list(path):
    """Write the list of the fonts that matplotlib brings along, and no others.

    The search takes more than a second; the list is also the same on every machine, and names none
    of the instructor's folders.

    Args:
        path: the file to write.

    Returns:
        The name under which matplotlib looks for it in its configuration folder.
    """
    from matplotlib import font_manager

    fonts = copy.copy(font_manager.fontManager)
    own = Path(font_manager.__file__).parent
    fonts.ttflist = [font for font in fonts.ttflist if own in Path(font.fname).parents]
    fonts.afmlist = [font for font in fonts.afmlist if own in Path(font.fname).parents]
    font_manager.json_dump(fonts, path)
    return f"fontlist-v{font_manager.FontManager.__version__}.json"
