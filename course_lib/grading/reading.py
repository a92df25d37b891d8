"""Reads a submitted notebook: whatever editor, encoding and age, or a sentence why not.

Nothing is believed about the file. What is found is brought to the cells of nbformat 4.5, as far as
grading needs them: type, source, nbgrader's metadata, tags, attachments. `sanitise` does the rest.
"""

import ast
import json
import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

from course_lib.grading.choosing import UnreadableError, choose, missing, shown
from course_lib.grading.notes import INSTRUCTOR, Note
from course_lib.grading.slimming import TooComplicatedError, slim

__all__ = ["UnreadableError", "read_notebook"]

KNOWN_FORMATS = (3, 4)
LONGEST_NUMBER = 4000
CONFLICT = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
MAGIC = {
    b"PK\x03\x04": "is a zip archive; unpack it, and hand in the notebook itself",
    b"\x1f\x8b": "is a compressed file; unpack it, and hand in the notebook itself",
    b"%PDF": "is a PDF document; hand in the notebook itself",
    b"\x89PNG": "is a picture; hand in the notebook itself",
    b"version https://git-lfs": (
        "is git-lfs's pointer to a notebook; run `git lfs pull`, and hand in the notebook itself"
    ),
}


def read_notebook(files, stem, limits):
    """Read a submission's notebook.

    Args:
        files: contents by path, as `pack` returns them.
        stem: the assignment.
        limits: the `Limits`; a notebook has at most `notebook_bytes`.

    Returns:
        The notebook (a `NotebookNode` of version 4.5, its cells as yet unmended), the notes, and
        the path of the file that it came from.

    Raises:
        UnreadableError: in a sentence for the student.
    """
    if not files:
        raise UnreadableError(missing((), stem))
    name, said = choose(files, stem)
    notes = [Note(text, repair=amiss) for text, amiss in said]
    data = files[name]
    if len(data) > limits.notebook_bytes:
        raise UnreadableError(
            f"{shown(name)} has {len(data):,} bytes, more than {limits.notebook_bytes:,}; clear "
            "its outputs and hand it in again."
        )
    reader = _Reader(name, notes)
    try:
        return reader.notebook(reader.content(data)), notes, name
    except (RecursionError, MemoryError) as error:
        raise UnreadableError(f"{shown(name)} nests deeper than any notebook does.") from error


@dataclass
class _Reader:
    """One file on its way to a notebook; adds to the notes."""

    name: str
    notes: list
    repeated: set = field(default_factory=set)
    odd_numbers: bool = False

    def fail(self, what):
        raise UnreadableError(f"{shown(self.name)} {what}.")

    def mend(self, what):
        self.notes.append(Note(f"{shown(self.name)} {what}.", repair=True))

    def content(self, data):
        """Return the JSON object that the file holds."""
        for magic, what in MAGIC.items():
            if data.startswith(magic):
                self.fail(what)
        if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
            self.fail("is empty; save the notebook, and hand it in again")
        text = self.text(data)
        try:
            content = self.parsed(text)
        except RecursionError:
            content = self.parsed_without_outputs(data)
        if self.repeated:
            names = ", ".join(sorted(map(shown, self.repeated))[:5])
            self.mend(f"has keys twice in one place ({names}); the last of each counts")
        if self.odd_numbers:
            text = f"{shown(self.name)} holds numbers that JSON does not have, such as NaN."
            self.notes.append(Note(text, to=INSTRUCTOR))
        return self.unwrapped(content)

    def text(self, data):
        """Return the file's text in whatever encoding makes it one."""
        encoding = json.detect_encoding(data)
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            if not encoding.startswith("utf-8"):
                self.fail(f"is not UTF-8 text, nor {encoding.upper()} as its first bytes say")
            return self.damaged_text(data, error)
        if not encoding.startswith("utf-8"):
            self.mend(f"was saved in {encoding.upper()}, not in UTF-8; it was converted")
        return text.lstrip("\ufeff")

    def damaged_text(self, data, error):
        """Return text of bytes that are not UTF-8: another encoding's, or a few broken ones."""
        text = data.decode("utf-8-sig", "replace")
        broken = text.count("\ufffd")
        right = sum(1 for _ in re.finditer(r"[^\x00-\x7f\ufffd]", text))
        if right > broken:
            self.mend(f"has {broken:,} broken characters, the first at byte {error.start:,}")
            return text
        for encoding in ("cp1252", "latin-1"):
            try:
                text = data.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
        if not text.lstrip().startswith("{"):
            self.fail(f"is not UTF-8 text (byte {error.start:,}), and not a notebook")
        self.mend(f"is not UTF-8 text (byte {error.start:,}); it was read as {encoding.upper()}")
        return text

    def parsed(self, text):
        self.repeated.clear()
        decoder = json.JSONDecoder(
            object_pairs_hook=self.pairs, parse_int=self.integer, parse_constant=self.constant
        )
        start = len(text) - len(text.lstrip())
        try:
            content, end = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            self.fail(diagnosis(text, error))
        if text[end:].strip("\0 \t\r\n"):
            if not isinstance(content, dict):
                self.fail(diagnosis(text, json.JSONDecodeError("Extra data", text, end)))
            self.mend("holds more after the notebook's end, which was left out")
        return content

    def parsed_without_outputs(self, data):
        """Parse what nests too deep once more, without the outputs, which nest at will."""
        try:
            text = slim(data, ("outputs", "widgets", "attachments")).decode("utf-8-sig", "replace")
            content = self.parsed(text)
        except (TooComplicatedError, RecursionError):
            self.fail("nests deeper than any notebook does")
        self.mend("nests deeper than any notebook does; its outputs and pictures were left out")
        return content

    def pairs(self, pairs):
        result = dict(pairs)
        if len(result) < len(pairs):
            seen = set()
            self.repeated |= {key for key, _ in pairs if key in seen or seen.add(key)}
        return result

    def integer(self, digits):
        # Python refuses to read a longer one, to save time.
        return int(digits) if len(digits) <= LONGEST_NUMBER else 0

    def constant(self, _):
        self.odd_numbers = True

    def unwrapped(self, content):
        """Return the notebook in an answer of Jupyter's server, or what came."""
        if isinstance(content, dict) and not _has_cells(content):
            inner = content.get("content")
            if isinstance(inner, dict) and _has_cells(inner):
                self.mend("is an answer of Jupyter's server with a notebook inside; that counts")
                return inner
        if not isinstance(content, dict) or not _has_cells(content):
            self.fail("is JSON, but not a notebook: it has no cells")
        return content

    def notebook(self, content):
        """Return the notebook that a JSON object describes, by its structure, not its number."""
        sheets = content.get("worksheets")
        pages = [content, *(sheets if isinstance(sheets, list) else [])]
        lists = [page.get("cells") for page in pages if isinstance(page, dict)]
        lists = [cells for cells in lists if isinstance(cells, list)]
        if not lists and sheets != []:
            self.fail("cannot be read as a notebook: its cells are not a list")
        cells = [cell for cells in lists for cell in cells]
        self.say_format(content, sheets)
        cells = [modern_cell(cell) if isinstance(cell, dict) else None for cell in cells]
        metadata = NotebookNode(kernelspec=NotebookNode(_kernelspec(content)))
        return NotebookNode(metadata=metadata, nbformat=4, nbformat_minor=5, cells=cells)

    def say_format(self, content, sheets):
        number = content.get("nbformat", 4)
        plain = isinstance(number, int) and not isinstance(number, bool)
        if not plain or not 1 <= number <= 4:
            said = str(number)[:20] if isinstance(number, int | float | str) else "a list"
            self.mend(f"names the format {said!r}, not 4; its cells were read as far as possible")
        elif number < 4 or sheets is not None:
            self.mend(f"was saved in the old format {number}; it was converted to 4.5")


def _kernelspec(content):
    """Return the kernel that a notebook names, as far as it says so in words."""
    metadata = content.get("metadata")
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    spec = spec if isinstance(spec, dict) else {}
    return {key: spec[key] for key in ("name", "language") if isinstance(spec.get(key), str)}


def _has_cells(content):
    return "cells" in content or "worksheets" in content


def modern_cell(cell):
    """Return one cell of any nbformat in the form of 4.5, without what grading does not read."""
    kind, source = cell.get("cell_type"), None
    for key in ("source", "input", "text", "code"):
        if source is None and isinstance(cell.get(key), str | list):
            source = cell[key]
    if kind == "heading":
        level = cell.get("level")
        mark = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1)
        kind, source = "markdown", f"{mark} {_joined(source)}"
    elif kind in ("html", "text"):
        kind = "markdown"
    modern = NotebookNode(cell_type=kind, source=source if source is not None else "")
    modern["metadata"] = _kept_metadata(cell.get("metadata"))
    for key in ("id", "attachments"):
        if key in cell:
            modern[key] = cell[key]
    return modern


def _joined(source):
    parts = source if isinstance(source, list) else [source]
    return "".join(part for part in parts if isinstance(part, str))


def _kept_metadata(metadata):
    kept = NotebookNode()
    if isinstance(metadata, dict):
        if isinstance(metadata.get("nbgrader"), dict):
            scalar = str | int | float | None
            marks = metadata["nbgrader"].items()
            kept["nbgrader"] = NotebookNode({k: v for k, v in marks if isinstance(v, scalar)})
        if isinstance(metadata.get("tags"), list):
            kept["tags"] = [tag for tag in metadata["tags"] if isinstance(tag, str)]
    return kept


def diagnosis(text, error):
    """Return what a file that is not JSON is, in words that follow its name.

    Args:
        text: the file's text.
        error: the `JSONDecodeError`.
    """
    start = text[:2000].lstrip("\ufeff \t\r\n").lower()
    if CONFLICT.search(text):
        return (
            "holds git's conflict markers (<<<<<<<), so it is not valid JSON; solve the conflict, "
            "open the notebook once, and hand it in again"
        )
    if start.startswith("<"):
        return "is a web page, not valid JSON; hand in the notebook itself, not an export of it"
    rest = text[error.pos :].strip("\0 \t\r\n")
    half_a_word = len(rest) < 2 or any(word.startswith(rest) for word in ("true", "false", "null"))
    if start.startswith("{") and (half_a_word or error.msg.startswith("Unterminated string")):
        return _cut_off(text)
    if not start.startswith(("{", "[")) and _is_python(text):
        return "is a Python script, not valid JSON; hand in the notebook itself"
    return f"is not valid JSON ({error}); open it in Jupyter, save it, and hand it in again"


def _cut_off(text):
    return (
        f"is not valid JSON: it ends in the middle, after {len(text):,} characters, so it was cut "
        "off while it was saved or copied; hand it in again"
    )


def _is_python(text):
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign)
    return any(isinstance(node, kinds) for node in body)
