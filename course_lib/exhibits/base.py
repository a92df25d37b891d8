"""What every exhibit shares: how its front end is put together, and its still picture.

An exhibit must work on a page that has no kernel, so all arithmetic that follows the reader's
hand is JavaScript; nothing here is called back from the page.
"""

import io
import re
from base64 import b64encode
from pathlib import Path

import anywidget
from matplotlib.figure import Figure
from PIL import Image

FRONT = Path(__file__).parent / "front"
STILL_DPI = 144
_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.{1,2}/[^"]+)";\n', re.MULTILINE)


class Exhibit(anywidget.AnyWidget):
    """A live figure with a still picture for readers without JavaScript and for print.

    A subclass names its files with `front`, declares synchronised traits, and defines
    `draw_still` and `alternative_text`. The module `front/<front>.js` may import from other files
    below `front/`; they are joined into one text, since a saved notebook has no folder to import
    from.

    Example:
        >>> from course_lib.exhibits.convolution import OutputSizeExplorer
        >>> sorted(OutputSizeExplorer()._repr_mimebundle_()[0])[1]
        'image/png'
    """

    front = None
    still_size = (7.2, 3.2)  # inches

    def __init_subclass__(cls, **kwargs):
        """Read the front end's files when the class is made; an instance carries their text."""
        if cls.__dict__.get("front"):
            cls._esm = module_text(f"{cls.front}.js")
            cls._css = style_text(f"{cls.front}.css")
        super().__init_subclass__(**kwargs)

    def draw_still(self, figure):
        """Draw the exhibit as it stands on a matplotlib figure."""
        raise NotImplementedError

    def alternative_text(self):
        """Return one or two sentences that replace the still picture."""
        raise NotImplementedError

    def still(self):
        """Return the still picture as PNG bytes; equal traits give equal bytes."""
        figure = Figure(figsize=self.still_size, layout="constrained", facecolor="white")
        self.draw_still(figure)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=STILL_DPI, metadata={"Software": None})
        picture = io.BytesIO()
        # 96 colours look the same and make a third of the size; every page carries this picture.
        Image.open(drawn).convert("RGB").quantize(96, dither=Image.Dither.NONE).save(
            picture, format="PNG", optimize=True
        )
        return picture.getvalue()

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        text = self.alternative_text()
        data = {**data, "text/plain": text, "image/png": b64encode(self.still()).decode()}
        width = round(self.still_size[0] * 96)
        return data, {**metadata, "image/png": {"alt": text, "width": width}}


def module_text(entry):
    """Return the module `entry`, a path below `front/`, joined with all that it imports.

    Names share one scope afterwards, so two files may not define the same one.

    Raises:
        ValueError: if a file is missing, or an import is written in a form that is not understood.
    """
    parts = []
    _collect((FRONT / entry).resolve(), set(), parts)
    return "\n".join(parts)


def style_text(entry):
    """Return the shared style sheet followed by `entry`, where there is one."""
    paths = (FRONT / "common" / "common.css", FRONT / entry)
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.exists())


def _collect(path, seen, parts):
    if path in seen:
        return
    seen.add(path)
    if not path.is_file():
        raise ValueError(f"no such front-end file: {path.name}. Check `front` and the imports.")
    text = path.read_text(encoding="utf-8")
    for target in _IMPORT.findall(text):
        _collect((path.parent / target).resolve(), seen, parts)
    text = _IMPORT.sub("", text)
    if re.search(r"^import\b", text, re.MULTILINE):
        raise ValueError(
            f"{path.name} has an import that cannot be joined. Write it on one line, as in "
            f'import {{ a, b }} from "./x.js";'
        )
    parts.append(text)
