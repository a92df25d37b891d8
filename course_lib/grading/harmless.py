"""Shows strangers' notebooks in a browser without running what they hold.

The formgrader's pages come from the Jupyter server, so a script in a submission could run code as
the instructor. A notebook is therefore built anew from what a browser only shows, and all that was
written by others passes one sanitiser. nbgrader_config.py names the parts for nbconvert.
"""

import html
import re

import bleach
from jinja2 import pass_context
from nbconvert.filters import ansi2html
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from course_lib.checks.report import STYLE
from course_lib.grading.formulas import formula
from course_lib.grading.score import REPORT

TAGS = {"a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "details"}
TAGS |= {"div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li"}
TAGS |= {"mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strong", "sub", "summary"}
TAGS |= {"sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var"}
ADDRESS = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)
PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
# Other classes could dress a stranger's box up as one of the page's own buttons.
CLASS = re.compile(
    r"course-report|mark|spoken|passed|failed|skipped|error|done|more|dataframe|highlight|"
    r"ansi-[a-z-]{1,40}|[a-z]{1,2}[0-9]?"
)
BLOCKS = re.compile(r"<(style|script|template)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
PICTURES = ("image/png", "image/jpeg")
NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")
CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
FLAGS = ("grade", "solution", "locked", "task")
OPENING = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
# Elements that need no end, and so say nothing of the depth.
UNENDED = {"br", "hr", "img", "p", "li", "tr", "td", "th", "dt", "dd", "col", "input", "wbr"}
DEEPEST, MOST_ELEMENTS = 30, 20_000
LONGEST_HTML, LONGEST_MARKDOWN, LONGEST_TEXT = 300_000, 60_000, 1_000_000
SPOKEN = ("student", "first_name", "last_name", "notebook_path", "filename")
OURS = "application/vnd.course."
DRAWN = "A picture that this cell drew"
NOT_SHOWN = "[an output that is not shown, because it could run code]"
# Marks the place of a formula while the text around it is sanitised.
PLACE = "\ue000{}\ue001"
PLACES = re.compile("\ue000([0-9]+)\ue001")


def _attribute(tag, name, value):
    if name == "class":
        return all(CLASS.fullmatch(word) for word in value.split())
    if name == "scope":
        return value in ("row", "col", "rowgroup", "colgroup")
    if name in ("colspan", "rowspan", "start"):
        return value.isdigit() and len(value) < 4
    if tag == "a" and name == "href":
        return bool(ADDRESS.match(value))
    if tag == "img" and name == "src":
        return bool(PICTURE.fullmatch(value))
    return name in ("title", "open") or (tag == "img" and name == "alt")


_CLEANER = bleach.Cleaner(
    tags=TAGS,
    attributes=_attribute,
    protocols={"http", "https", "mailto", "data"},
    strip=True,
)


def clean(text):
    """Return HTML without scripts, styles, forms, frames, and pictures or links of other kinds.

    Example:
        >>> clean("<b onclick='x()'>bold</b><script>x()</script>")
        '<b>bold</b>'
        >>> clean("<a href='javascript:x()'>press</a> <img src='//elsewhere/x.png' alt='seen'>")
        '<a>press</a> <img alt="seen">'
    """
    if len(text) > LONGEST_HTML or _too_deep(text):
        return f"<p>[HTML of {len(text):,} characters, too long or too deep to be shown]</p>"
    try:
        return _CLEANER.clean(BLOCKS.sub("", text))
    except Exception:  # a stranger's HTML; too deep for the parser, for instance
        return f"<p>{NOT_SHOWN}</p>"


def _too_deep(text):
    """Say whether the parser would take minutes: its time grows with the square of the depth."""
    depth = 0
    for found, tag in enumerate(OPENING.finditer(text)):
        if tag[2].lower() not in UNENDED:
            depth = max(depth + (-1 if tag[1] else 1), 0)
        if depth > DEEPEST or found > MOST_ELEMENTS:
            return True
    return False


def terminal_text(text):
    """Return a terminal's text as HTML: its colours as classes, all else escaped."""
    text = _text(text)
    if "\x1b" not in text:
        return html.escape(text)
    return clean(ansi2html(text[: LONGEST_HTML // 6]))


def _text(value):
    """Return an nbformat multi-line string as one string, whatever came."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def clean_data(data):
    """Return those of an output's forms that a browser only shows."""
    kept = {}
    if isinstance(data.get("text/plain"), str | list):
        kept["text/plain"] = _text(data["text/plain"])
    for kind in PICTURES:
        if isinstance(data.get(kind), str) and BASE64.fullmatch(data[kind]):
            kept[kind] = data[kind]
    markup = data.get("text/html")
    if isinstance(markup, str | list):
        # A report's style is ours; what came with it need not be.
        style = STYLE if REPORT in data else ""
        kept["text/html"] = style + clean(_text(markup))
    return kept or {"text/plain": NOT_SHOWN}


def tame(notebook):
    """Return a new notebook with what a browser only shows of this one, whatever it holds.

    Raw cells, which nbconvert would paste into the page, become code without output.
    """
    cells = notebook.get("cells")
    cells = [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []
    return NotebookNode(
        nbformat=4,
        nbformat_minor=5,
        metadata=NotebookNode(language_info=NotebookNode(name="python")),
        cells=[_tame_cell(cell, index) for index, cell in enumerate(cells)],
    )


def _tame_cell(cell, index):
    identifier = cell.get("id")
    known = isinstance(identifier, str) and CELL_ID.fullmatch(identifier)
    tamed = NotebookNode(
        id=identifier if known else f"cell-{index}",
        cell_type="markdown" if cell.get("cell_type") == "markdown" else "code",
        metadata=NotebookNode(_tame_metadata(cell.get("metadata"))),
        source=_text(cell.get("source")),
    )
    if tamed.cell_type == "markdown":
        tamed["attachments"] = _tame_attachments(cell.get("attachments"))
        return tamed
    outputs = cell.get("outputs") if isinstance(cell.get("outputs"), list) else []
    outputs = [o for o in outputs if isinstance(o, dict) and not _for_the_grader(o)]
    tamed["outputs"] = [_tame_output(output) for output in outputs]
    tamed["execution_count"] = _count(cell)
    return tamed


def _tame_metadata(metadata):
    """Keep what nbgrader's pages read, if it is of the kind that they expect."""
    meta = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if not isinstance(meta, dict) or not NAME.fullmatch(str(meta.get("grade_id", ""))):
        return {}
    kept = {"grade_id": str(meta["grade_id"]), "schema_version": 3}
    kept |= {flag: meta.get(flag) is True for flag in FLAGS}
    for key in ("points", "score"):
        if isinstance(meta.get(key), int | float):
            kept[key] = float(meta[key])
    if isinstance(meta.get("comment"), str):
        kept["comment"] = meta["comment"]
    return {"nbgrader": NotebookNode(kept)}


def _tame_attachments(attachments):
    if not isinstance(attachments, dict):
        return {}
    found = {}
    for name, forms in attachments.items():
        forms = forms if isinstance(forms, dict) else {}
        kept = {kind: text for kind, text in forms.items() if kind in PICTURES}
        found[name] = {k: t for k, t in kept.items() if isinstance(t, str) and BASE64.fullmatch(t)}
    return found


def _count(thing):
    count = thing.get("execution_count")
    return count if type(count) is int and count >= 0 else None


def _for_the_grader(output):
    """Return whether an output is a message to the grader, with nothing for a reader."""
    data = output.get("data")
    return bool(data) and isinstance(data, dict) and all(k.startswith(OURS) for k in data)


def _tame_output(output):
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return NotebookNode(output_type=kind, name=name, text=_text(output.get("text")))
    if kind == "error":
        name, value = _text(output.get("ename")), _text(output.get("evalue"))
        lines = output.get("traceback")
        lines = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
        lines = lines or [f"{name}: {value}"]
        return NotebookNode(output_type=kind, ename=name, evalue=value, traceback=lines)
    data = output.get("data")
    tamed = NotebookNode(
        output_type="execute_result" if kind == "execute_result" else "display_data",
        data=NotebookNode(clean_data(data if isinstance(data, dict) else {})),
        # A width from the output would stand in the page without quotes; without alt, nbconvert
        # frames the picture in red.
        metadata=NotebookNode({kind: {"alt": DRAWN} for kind in PICTURES}),
    )
    if kind == "execute_result":
        tamed["execution_count"] = _count(output)
    return tamed


class Harmless(Preprocessor):
    """Leaves of a notebook what a browser only shows."""

    enabled = True

    def preprocess(self, nb, resources):
        """Return the tamed notebook, and names as HTML; nbgrader's templates escape nothing."""
        for key in SPOKEN:
            if isinstance(resources.get(key), str):
                resources[key] = html.escape(resources[key])
        return tame(nb), resources


class _Renderer(IPythonRenderer):
    """Draws formulas and pasted pictures; one from elsewhere would tell who reads the page."""

    def __init__(self, attachments):
        super().__init__(escape=True, attachments=attachments, exclude_anchor_links=True)
        self.formulas = []

    def _place(self, tex, block):
        self.formulas.append(formula(tex, block))
        return PLACE.format(len(self.formulas) - 1)

    def block_math(self, body):
        return self._place(body, True)

    def inline_math(self, body):
        return self._place(body, False)

    def latex_environment(self, name, body):
        return self._place(f"\\begin{{{name}}}{body}\\end{{{name}}}", True)

    def image(self, text, url, title=None):
        name = url.removeprefix("attachment:")
        for kind, data in (self.attachments.get(name) or {}).items():
            return super().image(text, f"data:{kind};base64,{data}", title)
        if PICTURE.fullmatch(url):
            return super().image(text, url, title)
        return f"[picture: {self.escape_html(text or url)}]"


def render_markdown(source, attachments=None):
    """Return Markdown as HTML: tags in it are shown as text, pictures pasted into it stay.

    Example:
        >>> render_markdown("**bold** <script>x()</script>").strip()
        '<p><strong>bold</strong> &lt;script&gt;x()&lt;/script&gt;</p>'
    """
    source = re.sub("[\ue000\ue001]", "", source)
    if len(source) > LONGEST_MARKDOWN:
        return f"<pre>{html.escape(source)}</pre>"
    renderer = _Renderer(attachments or {})
    try:
        page = clean(MarkdownWithMath(renderer).render(source))
    except Exception:  # a stranger's Markdown; too deep for the parser, for instance
        return f"<pre>{html.escape(source)}</pre>"
    return PLACES.sub(lambda found: renderer.formulas[int(found[1])], page)


@pass_context
def markdown(context, source):
    """Return Markdown as HTML; the filter that stands for nbconvert's."""
    return render_markdown(source, context.get("cell", {}).get("attachments"))
