"""A chapter as its tests read it: its prose, its cells, its quizzes, and what its code computes."""

import json
import pickle
import re
import zlib
from functools import cache

import matplotlib.pyplot as plt
from conftest import ROOT, building

BOOK = ROOT / "book"
NAMES = ROOT / "_build" / "names"
FINGERPRINTS = ROOT / "_build" / ".jupyter_cache" / "fingerprints.json"
CELL = re.compile(r"^```\{code-cell\} python3\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPTIONS = re.compile(
    r"\A(---\n(?P<block>.*?)^---\n|(?P<line>(:\w+:[^\n]*\n)+))?", re.MULTILINE | re.DOTALL
)


@cache
def text(stem):
    """Return the chapter's source."""
    return (BOOK / f"{stem}.md").read_text(encoding="utf8")


def says(stem, words):
    """Whether the chapter holds these words, wherever its lines break."""
    return " ".join(words.split()) in " ".join(text(stem).split())


def cells(stem):
    """Return pairs of a cell's options and its code, from top to bottom."""
    found = CELL.findall(text(stem))
    heads = [OPTIONS.match(cell) for cell in found]
    return [(head.group(0), cell[head.end() :]) for head, cell in zip(heads, found, strict=True)]


def quizzes(stem):
    """Return each quiz as a list of triples: whether right, the answer, its reasons."""
    found = re.findall(r"^:::+\{quiz\}[^\n]*\n(.*?)^:::+$", text(stem), re.MULTILINE | re.DOTALL)
    return [_answers(quiz) for quiz in found]


def _answers(quiz):
    pieces = re.split(r"^- \[([ x])\] ", quiz, flags=re.MULTILINE)[1:]
    answers = []
    for mark, body in zip(pieces[::2], pieces[1::2], strict=True):
        answer, *reasons = re.split(r"^  - ", body, flags=re.MULTILINE)
        answers.append((mark == "x", answer.strip(), [reason.strip() for reason in reasons]))
    return answers


class Names(dict):
    """What the book's build left behind of a chapter's names, unpacked where it is asked for."""

    def __getitem__(self, name):
        return pickle.loads(super().__getitem__(name))


def names_file(stem):
    """The file in which the book's build leaves a chapter's names; its cells decide its name."""
    code = chr(0).join(code.strip() for _, code in cells(stem))
    return NAMES / f"{zlib.crc32(code.encode()):08x}.pickle"


def fingerprint(stem):
    """The fingerprint of all that a chapter imports, as of the book's last build, or ""."""
    if not FINGERPRINTS.exists():
        return ""
    return json.loads(FINGERPRINTS.read_text("utf8")).get(f"book/{stem}", "")


def sign_names(stems, begun):
    """Note which code the names come from that a build, begun then, has left behind."""
    for stem in stems:
        path = names_file(stem)
        if path.exists() and path.stat().st_mtime >= begun:
            path.with_suffix(".txt").write_text(fingerprint(stem), "utf8")


def _left_behind(stem):
    """The names that the book's build left behind, or None; never those of other code."""
    path = names_file(stem)
    note = path.with_suffix(".txt")
    if not (path.exists() and note.exists() and note.read_text("utf8") == fingerprint(stem)):
        return None
    return Names(pickle.loads(path.read_bytes()))


def run_page(stem):
    """Yield the names that the chapter's code leaves behind, run from top to bottom.

    Where the book's build has run it, with this very code, that run's names do.

    Example::

        @pytest.fixture(scope="module")
        def page():
            yield from run_page("convolution")
    """
    with building(alone=False):
        names = _left_behind(stem)
    if names is not None:
        yield names
        return
    backend, style = plt.get_backend(), plt.rcParams.copy()
    plt.switch_backend("agg")
    names = {}
    try:
        for number, (_, code) in enumerate(cells(stem)):
            name = f"{stem}, cell {number}"
            exec(compile(code.replace("plt.show()", ""), name, "exec"), names)
            plt.close("all")
        yield names
    finally:
        plt.switch_backend(backend)
        plt.rcParams.update(style)
