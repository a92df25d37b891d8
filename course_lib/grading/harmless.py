"""Shows strangers' notebooks in an instructor's browser without running what they hold.

The formgrader's pages come from the Jupyter server, so a script in a submission could run code as
the instructor. nbgrader_config.py names both parts for nbconvert's `HTMLExporter`.
"""

import re

import bleach
from bleach.sanitizer import ALLOWED_ATTRIBUTES, ALLOWED_TAGS
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor

from course_lib.checks.report import STYLE
from course_lib.grading.score import REPORT

TAGS = {*ALLOWED_TAGS, "p", "div", "span", "pre", "br", "hr", "details", "summary", "sub", "sup"}
TAGS |= {"h1", "h2", "h3", "h4", "h5", "h6", "dl", "dt", "dd"}
TAGS |= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {**ALLOWED_ATTRIBUTES, "*": ["class", "title", "open", "colspan", "rowspan"]}
PICTURES = ("image/png", "image/jpeg")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
BLOCKS = re.compile(r"<(style|script)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


def clean(text):
    """Return HTML without scripts, styles, forms and pictures from elsewhere.

    Example:
        >>> clean("<b onclick='x()'>bold</b><script>x()</script>")
        '<b>bold</b>'
    """
    return bleach.clean(BLOCKS.sub("", text), tags=TAGS, attributes=ATTRIBUTES)


def clean_data(data):
    """Return those of an output's forms that a browser only shows."""
    kept = {kind: text for kind, text in data.items() if kind == "text/plain"}
    for kind in PICTURES:
        if isinstance(data.get(kind), str) and BASE64.fullmatch(data[kind]):
            kept[kind] = data[kind]
    if isinstance(data.get("text/html"), str):
        # A report's style is ours; what came with it need not be.
        style = STYLE if REPORT in data else ""
        kept["text/html"] = style + clean(data["text/html"])
    return kept or {"text/plain": "[an output that is not shown, because it could run code]"}


class Harmless(Preprocessor):
    """Leaves of each output what a browser only shows."""

    enabled = True

    def preprocess_cell(self, cell, resources, index):
        """Clean the outputs of one cell."""
        for output in cell.get("outputs", []):
            if "data" in output:
                output["data"] = type(output["data"])(clean_data(output["data"]))
        return cell, resources


@pass_context
def markdown(context, source):
    """Return Markdown as HTML; tags in it are shown as text, pictures pasted into it stay."""
    attachments = context.get("cell", {}).get("attachments", {})
    return MarkdownWithMath(IPythonRenderer(escape=True, attachments=attachments)).render(source)
