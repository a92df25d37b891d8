"""A chapter as its tests read it: its prose, its cells, its quizzes, and what its code computes."""

import re
from functools import cache

import matplotlib.pyplot as plt
from conftest import ROOT

BOOK = ROOT / "book"
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


def run_page(stem):
    """Yield the names that the chapter's code leaves behind, run from top to bottom.

    Example::

        @pytest.fixture(scope="module")
        def page():
            yield from run_page("convolution")
    """
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
