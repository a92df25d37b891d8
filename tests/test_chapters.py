"""What every chapter must have, whatever it is about."""

import re

import pytest
from _ext.course_map import times
from chapter_helpers import BOOK, cells, quizzes, text

from course_lib.data import CREDITS
from course_lib.topics import TOPICS

STEMS = [topic.stem for topic in TOPICS]
GRADED = [topic.stem for topic in TOPICS if topic.answers]

pytestmark = pytest.mark.parametrize("stem", STEMS)


def test_quizzes_explain_every_answer(stem):
    assert len(quizzes(stem)) >= 6
    for quiz in quizzes(stem):
        assert len(quiz) >= 3
        assert sum(right for right, _, _ in quiz) == 1
        for _, answer, reasons in quiz:
            assert len(reasons) == 1, f"{answer!r} has {len(reasons)} reasons"
            assert len(reasons[0]) > 15


def names_of_figures(stem):
    return re.findall(r"name: (fig-[\w-]+)", text(stem))


def test_every_figure_has_a_name_a_caption_and_an_alternative_text(stem):
    drawing = [head for head, code in cells(stem) if "plt.show()" in code]
    assert len(drawing) >= 3
    for head in drawing:
        assert "hide-input" in head
        assert all(word in head for word in ("name: fig-", "caption:", "alt:"))
    assert len(names_of_figures(stem)) == len(set(names_of_figures(stem))) == len(drawing)
    others = {name for other in STEMS if other != stem for name in names_of_figures(other)}
    assert others.isdisjoint(names_of_figures(stem)), "a figure's name is the book's"


def test_code_that_is_shown_fits_its_column(stem):
    for head, code in cells(stem):
        if "-input" not in head:
            assert max(map(len, code.splitlines())) <= 79


def test_the_parts_of_a_chapter(stem):
    source = text(stem)
    for part in ("After this chapter you can", "{bibliography}", "{quiz}", ":class: errata"):
        assert part in source, part
    _, assignment = times(source)
    assert (assignment == "none") == (stem not in GRADED), "how long does the assignment take?"
    assert source.index("exhibits.") < len(source) / 2, "an exhibit comes early"
    if stem in GRADED:
        assert f"{{mistakes}} {stem}" in source
        assert f"{{assignment}} {stem}" in source


def test_every_picture_is_credited(stem):
    """A chapter that shows photographs lists them as `shown`, and prints their credits."""
    code = "\n".join(code for _, code in cells(stem))
    used = {name for name in CREDITS if re.search(rf"""["']{name}["']""", code)}
    credited = re.search(r"^shown = \(([^)]*)\)", code, re.MULTILINE)
    assert used == set(re.findall(r"\w+", credited[1] if credited else ""))


def test_what_is_cited_is_in_the_bibliography(stem):
    cites = re.findall(r"\{cite(?::\w+)?\}`([\w,\s]+)`", text(stem))
    cited = {name.strip() for names in cites for name in names.split(",")}
    assert cited, "a chapter cites what it builds on"
    held = re.findall(r"^@\w+\{(\w+),", (BOOK / "references.bib").read_text("utf8"), re.MULTILINE)
    assert len(held) == len(set(held))
    assert cited <= set(held)
