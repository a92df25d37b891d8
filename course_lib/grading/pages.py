"""Makes the grader's pages: one file each, no script, no request, light and dark, for print too."""

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

FOLDER = Path(__file__).parent / "templates"
# A second line of defence behind the sanitiser: nothing may run, load or be sent, whatever the page
# holds, and no style may be added.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
    "form-action 'none'"
)


def points(value):
    """Return a number of points as a reader writes it.

    Example:
        >>> points(3.0), points(72.72999999999999)
        ('3', '72.73')
    """
    return f"{round(float(value), 2):g}"


@cache
def _environment():
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True)
    environment.filters["points"] = points
    return environment


@cache
def _style(names, extra):
    return "".join((FOLDER / name).read_text(encoding="utf-8") for name in names) + extra


def render(template, style_sheets, extra_style="", **values):
    """Return a page; whatever is not `Markup` is escaped.

    Args:
        template: its name in `templates/`.
        style_sheets: names of the style sheets that the page holds.
        extra_style: more rules.
        **values: what the template shows.
    """
    style = _style(tuple(style_sheets), extra_style)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment()
        .get_template(template)
        .render(style=Markup(style), policy=POLICY.format(digest=digest), **values)
    )
