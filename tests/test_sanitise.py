"""The sanitiser: what students' editors and hands do to a notebook, row by row."""

import copy
import json
import random
import time

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import compute_checksum

from course_lib.grading import sanitise as sanitise_module
from course_lib.grading.assignment import Assignment, SourceCell
from course_lib.grading.definitions import Definitions, parse, without_statements
from course_lib.grading.limits import Limits
from course_lib.grading.reading import read_notebook
from course_lib.grading.sanitise import identity, sanitise
from tests.grading_helpers import (
    DOUBLE,
    ROOT,
    SQUARE,
    answered,
    by_name,
    meta,
    released,
    source_notebook,
)

SPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}


def assignment_of(notebook, stem):
    """Return the assignment that a notebook with nbgrader's metadata describes."""
    cells = []
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader")
        if marks:
            flags = {key: marks[key] for key in ("locked", "grade", "solution", "task")}
            points = float(marks.get("points", 0))
            place = (marks["grade_id"], cell.cell_type, cell.source, None)
            cells.append(SourceCell(*place, points=points, **flags))
    return Assignment(stem, tuple(cells), SPEC)


def _tiny():
    notebook = source_notebook()
    for name in ("double", "square"):
        by_name(notebook, name).source = by_name(released(), name).source
    return assignment_of(notebook, "tiny")


TINY = _tiny()
ORDER = [cell.name for cell in TINY.cells]


def mended(notebook, assignment=TINY):
    """Sanitise, and check what holds for every notebook; return the notes."""
    notes = sanitise(notebook, assignment)
    assert [identity(c) for c in notebook.cells if identity(c)] == [
        cell.name for cell in assignment.cells
    ]
    for wanted in assignment.cells:
        cell = by_name(notebook, wanted.name)
        assert cell.cell_type == wanted.cell_type
        assert cell.metadata.nbgrader == wanted.metadata()
        assert not wanted.locked or cell.source == wanted.source
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    json.dumps(notebook, allow_nan=False).encode()
    return notes


def outcome(notebook):
    """Run the student's code as the grader would, and return what the tests would see.

    Locked cells are where the tests look; each sees the functions as they are at that point.
    """
    space, seen = {}, {}
    for cell in notebook.cells:
        name = identity(cell)
        if name and name.endswith("-test"):
            function = space.get(name.removesuffix("-test"))
            try:
                seen[name] = [function(x) for x in (1, 2, 3)]
            except Exception as error:
                seen[name] = type(error).__name__
        elif cell.cell_type == "code" and name != "setup":
            try:
                exec(cell.source, space)
            except Exception as error:
                seen.setdefault("errors", []).append(type(error).__name__)
    return seen


RIGHT = {"double-test": [2, 4, 6], "square-test": [1, 4, 9]}


def said(notes):
    """Return all notes as one text."""
    return "\n".join(note.text for note in notes)


# --- nothing wrong ---------------------------------------------------------------------------


def test_untouched_and_answered_notebooks_need_no_word():
    for notebook in (released(), answered()):
        assert mended(notebook) == []
        assert "HIDDEN" in by_name(notebook, "square-test").source
    assert outcome(answered()) == RIGHT


def test_own_cells_and_outputs_need_no_word():
    notebook = answered()
    notebook.cells.insert(3, new_code_cell("helper = 1", outputs=[]))
    notebook.cells.insert(3, new_markdown_cell("My thoughts"))
    by_name(notebook, "double").outputs = [nbformat.v4.new_output("stream", text="hello")]
    by_name(notebook, "double").metadata.update(collapsed=True, tags=["mine"])
    assert mended(notebook) == []
    assert "helper = 1" in [cell.source for cell in notebook.cells]
    assert not by_name(notebook, "double").outputs
    assert list(by_name(notebook, "double").metadata) == ["nbgrader"]


# --- damage: each row changes an answered notebook, says so, and keeps every answer ------------


def _copy_then_edit(nb):
    extra = copy.deepcopy(by_name(nb, "square"))
    by_name(nb, "square").source = "def square(x):\n    return 'an older try'"
    nb.cells.append(extra)


def _stub_below(nb):
    nb.cells.append(by_name(released(), "square"))


def _draft_above(nb):
    draft = copy.deepcopy(by_name(nb, "square"))
    draft.source = "# my first try, to keep\nraise NotImplementedError()"
    nb.cells.insert(nb.cells.index(by_name(nb, "square")), draft)


def _many_copies(nb):
    for _ in range(5):
        nb.cells.insert(0, copy.deepcopy(by_name(nb, "square")))


def _copy_test(nb):
    nb.cells.append(copy.deepcopy(by_name(nb, "square-test")))


def _delete(*names):
    def damage(nb):
        nb.cells = [cell for cell in nb.cells if identity(cell) not in names]

    return damage


def _marks(name, **changes):
    def damage(nb):
        by_name(nb, name).metadata.nbgrader.update(changes)

    return damage


def _source(name, text):
    def damage(nb):
        by_name(nb, name).source = text

    return damage


def _type(name, cell_type):
    def damage(nb):
        cell = by_name(nb, name)
        cell.cell_type = cell_type
        cell.pop("outputs", None)
        cell.pop("execution_count", None)

    return damage


def _fenced(nb):
    _type("double", "markdown")(nb)
    by_name(nb, "double").source = f"```python\n{DOUBLE}\n```"


def _unknown(nb):
    nb.cells.append(new_code_cell("1", metadata={"nbgrader": {"grade_id": "mine"}}))


def _skip(nb):
    by_name(nb, "double-test").metadata.tags = ["skip-execution"]


def _lose_metadata(nb):
    for cell in nb.cells:
        cell.metadata = NotebookNode()


def _lose_metadata_and_ids(nb):
    for cell in nb.cells:
        cell.metadata = NotebookNode(vscode={"languageId": "python"})
        cell.pop("id", None)
    nb.metadata = NotebookNode(colab={"provenance": []}, deepnote={"x": 1}, orig_nbformat=4)
    nb["deepnote_persisted_session"] = {"at": 1}


def _lose_one(*names):
    def damage(nb):
        for name in names:
            cell = by_name(nb, name)
            cell.metadata, cell.id = NotebookNode(), "fresh"

    return damage


def _helper_split_off(nb):
    whole = "def helper(x):\n    return x * x\n\n\ndef square(x):\n    return helper(x)"
    first, second = whole.split("\n\n\n")
    at = nb.cells.index(by_name(nb, "square"))
    extra = copy.deepcopy(by_name(nb, "square"))
    by_name(nb, "square").source, extra.source = first, second
    nb.cells.insert(at + 1, extra)


def _helper_split_off_without_metadata(nb):
    _helper_split_off(nb)
    at = nb.cells.index(by_name(nb, "square"))
    nb.cells[at + 1].metadata = NotebookNode()


def _split_in_body(nb):
    at = nb.cells.index(by_name(nb, "square"))
    extra = copy.deepcopy(by_name(nb, "square"))
    by_name(nb, "square").source = "def square(x):\n    y = x"
    extra.source = "    return x * y"
    nb.cells.insert(at + 1, extra)


def _answer_typed_into_test(nb):
    by_name(nb, "double").source = by_name(released(), "double").source
    test = by_name(nb, "double-test")
    test.source = f"import math\n\n\n{DOUBLE}\n\n\n{test.source}"


def _answer_merged_into_test(nb):
    _answer_typed_into_test(nb)
    _delete("double")(nb)


def _test_merged_into_answer(nb):
    cell = by_name(nb, "double")
    cell.source += "\n" + by_name(nb, "double-test").source
    _delete("double-test")(nb)


def _both_in_first(nb):
    by_name(nb, "double").source = f"{DOUBLE}\n\n\n{SQUARE}"
    by_name(nb, "square").source = by_name(released(), "square").source


def _both_in_second(nb):
    by_name(nb, "square").source = f"{DOUBLE}\n\n\n{SQUARE}"
    by_name(nb, "double").source = by_name(released(), "double").source


def _both_merged(keep, lose):
    def damage(nb):
        by_name(nb, keep).source = f"{DOUBLE}\n\n\n{SQUARE}"
        _delete(lose)(nb)

    return damage


def _written_at_the_end(nb):
    by_name(nb, "double").source = by_name(released(), "double").source
    nb.cells.append(new_code_cell(DOUBLE))


def _reversed(nb):
    nb.cells.reverse()


def _tests_first(nb):
    nb.cells.sort(key=lambda cell: not str(identity(cell)).endswith("-test"))


def _schema(version):
    def damage(nb):
        for cell in nb.cells:
            if "nbgrader" in cell.metadata:
                cell.metadata.nbgrader.update(schema_version=version)
                if version < 3:
                    cell.metadata.nbgrader.pop("task", None)
                if version < 2:
                    cell.metadata.nbgrader.pop("locked", None)

    return damage


def _kernel(nb):
    nb.metadata.kernelspec = {"name": "ir", "display_name": "R", "language": "R"}


def _lines_without_ends(nb):
    for cell in nb.cells:
        cell["source"] = cell.source.splitlines()


def _nul(nb):
    by_name(nb, "double").source = "\0" + DOUBLE + "\0"


def _surrogate(nb):
    by_name(nb, "double").source = DOUBLE + "  # \ud83d\ude00 \ud800"


def _foreign_cells(nb):
    nb.cells += [None, 5, "cell", [], {"cell_type": "heading", "source": "x", "metadata": 7}]
    nb.cells += [{"cell_type": "code", "source": 5}, {}, {"metadata": {"nbgrader": []}}]


def _ids_twice(nb):
    for cell in nb.cells:
        cell["id"] = "same"


DAMAGES = {
    "'square' is there 6 times": [_many_copies],
    "'square' is there 2 times; the last edited": [_copy_then_edit, _stub_below, _draft_above],
    "'square-test' is there 2 times; the original counts": [_copy_test],
    "The test 'double-test' was missing": [_delete("double-test")],
    "The cell 'setup' was missing": [_delete("setup")],
    "The cell 'why' was missing": [_delete("why")],
    "The test 'square-test' was missing": [
        _delete("setup", "double-test", "square-test", "why"),
        _test_merged_into_answer,
    ],
    "was changed (its points)": [_marks("double-test", points=200)],
    "was changed (its nbgrader settings)": [
        _marks("double-test", grade=False),
        _marks("double-test", solution=True),
        _marks("double", solution=False, grade=True, locked=True),
        _marks("why", grade=None),
    ],
    "was changed (its text)": [
        _source("double-test", "2.0"),
        _source("double-test", "# the checks\n" + by_name(released(), "double-test").source),
        _source("setup", ""),
    ],
    "was changed (its type)": [
        _type("double-test", "markdown"),
        _type("double-test", "raw"),
        _type("double", "markdown"),
        _type("square", "raw"),
        _type("why", "code"),
        _fenced,
    ],
    "'mine' is not part of the assignment": [_unknown, _marks("double", grade_id="mine")],
    "'double-test-copy' is not part": [_marks("double-test", grade_id="double-test-copy")],
    "skip-execution": [_skip],
    "recognised: 'setup', 'double-test', 'square-test'": [_lose_metadata, _lose_metadata_and_ids],
    "answer 'double' had lost its nbgrader metadata; it was recognised by what": [
        _lose_one("double"),
        _lose_one("double", "double-test"),
    ],
    "answer 'why' had lost its nbgrader metadata; it was recognised by its place": [
        _lose_one("why"),
        _lose_one("why", "square-test"),
    ],
    "was split; all pieces run": [_helper_split_off],
    "split inside a statement": [_split_in_body],
    "locked cell 'double-test' held an answer": [
        _answer_typed_into_test,
        _answer_merged_into_test,
    ],
    "answer 'square' stands in an earlier cell": [_both_in_first],
    "The answer 'square' was missing; an empty cell": [_both_merged("double", "square")],
    "answer 'double' stands in a later cell": [
        _both_in_second,
        _both_merged("square", "double"),
        _written_at_the_end,
    ],
    "stood in another order": [_reversed, _tests_first],
    "written for 'R'": [_kernel],
    "lines had lost their ends": [_lines_without_ends],
    "NUL characters": [_nul],
    "halves of characters": [_surrogate],
    "damaged beyond reading, and dropped: 4": [_foreign_cells],
    "of an unknown type": [_foreign_cells],
}
ROWS = [(phrase, damage) for phrase, damages in DAMAGES.items() for damage in damages]


@pytest.mark.parametrize(
    ("phrase", "damage"), ROWS, ids=[f"{d.__qualname__}-{i}" for i, (_, d) in enumerate(ROWS)]
)
def test_damage_is_mended_and_said_and_costs_no_answer(phrase, damage):
    notebook = answered()
    damage(notebook)
    if phrase == "The test 'square-test' was missing" and damage is _test_merged_into_answer:
        phrase = "The test 'double-test' was missing"
    notes = mended(notebook)
    assert any(phrase in note.text and note.repair for note in notes), said(notes)
    seen = outcome(notebook)
    assert {name: seen[name] for name in RIGHT} == RIGHT
    expected = "Why?" if "'why' was missing" in said(notes) else "Because it is."
    assert by_name(notebook, "why").source == expected
    # Mended once, nothing is left to mend.
    assert not any(note.repair for note in mended(notebook))


def _with_checksums(notebook):
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.checksum = compute_checksum(cell)
    return notebook


def test_what_the_instructor_changed_since_the_release_is_no_students_change():
    older = answered()
    by_name(older, "setup").source += "\n# a remark that the next release has no more"
    by_name(older, "double-test").metadata.nbgrader.points = 7
    _with_checksums(older)
    for name in ("double", "square", "why"):
        by_name(older, name).source += "\n"
    mine = by_name(older, "square-test")
    mine.source = "1"
    texts = [(note.text, note.repair) for note in mended(older)]
    assert texts == [
        ("The cell 'setup' was released otherwise since (its text); the new one counts.", False),
        (
            "The cell 'double-test' was released otherwise since (its points); the new one counts.",
            False,
        ),
        ("The cell 'square-test' was changed (its text); the original was restored.", True),
    ]
    assert {name: outcome(older)[name] for name in RIGHT} == RIGHT
    assert by_name(older, "double-test").metadata.nbgrader.points == 2


def test_of_versions_the_others_do_not_run_and_of_texts_all_stay_readable():
    notebook = answered()
    _copy_then_edit(notebook)
    second = copy.deepcopy(by_name(notebook, "why"))
    second.source = "And because of this."
    notebook.cells.append(second)
    mended(notebook)
    assert [c.source[-12:] for c in notebook.cells if c.cell_type == "raw"] == [
        "n older try'"[-12:]
    ]
    texts = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    assert {"Because it is.", "And because of this."} <= set(texts)
    assert by_name(notebook, "why").source == "And because of this."


def test_a_body_split_off_without_metadata_is_the_students_error_and_stays():
    notebook = answered()
    _split_in_body(notebook)
    at = notebook.cells.index(by_name(notebook, "square"))
    notebook.cells[at + 1].metadata = NotebookNode()
    mended(notebook)
    assert outcome(notebook)["errors"] == ["IndentationError"]
    assert outcome(notebook)["square-test"] == [None, None, None]


def test_a_helper_split_off_without_metadata_needs_no_word():
    notebook = answered()
    _helper_split_off_without_metadata(notebook)
    assert mended(notebook) == []
    assert outcome(notebook) == RIGHT


def test_an_untouched_notebook_stays_without_marks():
    for damage in (_reversed, _lose_metadata, _delete("double"), _stub_below):
        notebook = released()
        damage(notebook)
        mended(notebook)
        assert outcome(notebook)["double-test"] in ("NotImplementedError", "TypeError")


def test_a_wrong_answer_in_its_place_is_not_replaced_by_one_further_down():
    notebook = answered(double="def double(x):\n    return 7")
    notebook.cells.append(new_code_cell(DOUBLE))
    mended(notebook)
    assert outcome(notebook)["double-test"] == [7, 7, 7]


def test_only_the_answer_is_saved_out_of_a_locked_cell():
    notebook = answered()
    _answer_typed_into_test(notebook)
    mended(notebook)
    saved = notebook.cells[notebook.cells.index(by_name(notebook, "double-test")) - 1]
    assert saved.source == f"import math\n\n\n{DOUBLE}"
    assert "nbgrader" not in saved.metadata
    # Another cell defines it already: then it was an experiment, and does not run.
    notebook = answered()
    test = by_name(notebook, "double-test")
    test.source = f"def double(x):\n    return 'overwritten'\n{test.source}"
    mended(notebook)
    assert outcome(notebook) == RIGHT
    shown = notebook.cells[notebook.cells.index(by_name(notebook, "double-test")) + 1]
    assert shown.source.startswith("```python\ndef double(x):\n    return 'overwritten'")
    assert shown.cell_type == "markdown"


def test_an_answer_with_an_error_is_saved_out_of_a_locked_cell_too():
    notebook = answered()
    _delete("double")(notebook)
    by_name(notebook, "double-test").source = "def double(x):\n    return 2 *\ncheck('double')"
    notes = mended(notebook)
    assert "held an answer" in said(notes)
    assert outcome(notebook)["errors"] == ["SyntaxError"]


def test_a_text_typed_into_a_locked_text_is_kept_for_the_person_who_grades():
    locked = SourceCell("ask", "markdown", "Why is that?", None, True, False, False, False, 0.0)
    assignment = Assignment("tiny", (*TINY.cells[:-1], locked, TINY.cells[-1]), SPEC)
    for keep in (True, False):
        notebook = answered()
        text = "Why is that?\n\nSince doubling adds a number to itself."
        ask = new_markdown_cell(text, metadata=meta("ask", locked=True))
        notebook.cells.insert(-1, ask)
        notebook.cells = notebook.cells if keep else notebook.cells[:-1]
        notes = mended(notebook, assignment)
        assert "What was typed into the locked cell 'ask'" in said(notes)
        texts = [c.source for c in notebook.cells if "doubling" in c.source]
        assert texts == ["Since doubling adds a number to itself."]
        if not keep:
            # Merged with the answer's own cell, which is gone: then it is the answer.
            assert by_name(notebook, "why").source == texts[0]


def test_own_cells_stay_with_their_predecessor():
    notebook = answered(square="def square(x):\n    return times(x, x)")
    helper = new_code_cell("def times(a, b):\n    return a * b")
    notebook.cells.insert(notebook.cells.index(by_name(notebook, "square")), helper)
    first = new_code_cell("first = 1")
    notebook.cells.insert(0, first)
    moved = [c for c in notebook.cells if identity(c) in ("double", "double-test", "square")]
    moved.append(helper)
    notebook.cells = [c for c in notebook.cells if c not in moved]
    notebook.cells += [moved[2], moved[1], helper, moved[0]]
    mended(notebook)
    assert outcome(notebook) == RIGHT
    assert [cell.source for cell in notebook.cells[:2]] == ["first = 1", "# Tiny"]
    after = notebook.cells.index(by_name(notebook, "double-test")) + 1
    assert notebook.cells[after].source == helper.source


def test_ids_are_valid_unique_and_the_same_every_time():
    notebook = answered()
    notebook.cells[0]["id"] = "cell-2"
    for cell in notebook.cells[1:]:
        cell["id"] = "not valid!"
    notebook.cells[3]["id"] = "cell-0"
    again = copy.deepcopy(notebook)
    mended(notebook)
    mended(again)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert notebook == again
    notebook = answered()
    _ids_twice(notebook)
    assert not any(note.repair for note in mended(notebook))


@pytest.mark.parametrize("version", [0, 1, 2, 4, 99])
def test_other_schemas_are_read_and_told_to_the_instructor(version):
    notebook = answered()
    _schema(version)(notebook)
    notes = mended(notebook)
    assert [note.to for note in notes] == ["instructor"]
    assert f"schema {version}, not 3" in notes[0].text
    assert outcome(notebook) == RIGHT


def test_a_foreign_kernel_is_told_to_the_instructor():
    notebook = answered()
    notebook.metadata.kernelspec = {"name": "evil", "display_name": "x", "language": "python"}
    notes = mended(notebook)
    assert [(note.to, note.repair) for note in notes] == [("instructor", False)]
    assert "'evil'" in notes[0].text
    assert notebook.metadata.kernelspec.name == "python3"


def test_a_flood_of_damage_is_a_few_notes():
    notebook = answered()
    notebook.cells += [
        new_code_cell("1", metadata={"nbgrader": {"grade_id": f"mine-{i}"}}) for i in range(6000)
    ]
    notes = mended(notebook)
    assert len(notes) == sanitise_module.MAX_NOTES + 1
    assert "more things were mended" in notes[-1].text
    assert "those after 5,000 were dropped" in said(notes)


def test_names_that_students_choose_are_not_printed_raw():
    notebook = answered()
    name = "x\x1b[2J\n" * 50
    notebook.cells.append(new_code_cell("1", metadata={"nbgrader": {"grade_id": name}}))
    notes = mended(notebook)
    assert len(notes[0].text) < 500
    assert "\x1b" not in notes[0].text
    assert "\n" not in notes[0].text


def test_the_last_net(monkeypatch):
    """What nobody foresaw leaves the released cells, the student's code, and a note to both."""

    def broken(work):
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr(sanitise_module, "settle_duplicates", broken)
    notebook = answered()
    notes = mended(notebook)
    assert "could not be mended" in notes[0].text
    assert "unforeseen" in notes[1].text
    assert notes[1].to == "instructor"
    assert any(cell.source == DOUBLE for cell in notebook.cells)


def test_any_order_and_any_loss_keeps_the_answers():
    """Shuffled, with each known cell's metadata kept or lost: the answers are found."""
    for seed in range(60):
        draw = random.Random(seed)
        notebook = answered()
        draw.shuffle(notebook.cells)
        for cell in notebook.cells:
            if draw.random() < 0.3:
                cell.metadata = NotebookNode()
        notes = mended(notebook)
        seen = outcome(notebook)
        assert {name: seen[name] for name in RIGHT} == RIGHT, (seed, said(notes))


# --- the real assignment -----------------------------------------------------------------------

RELEASED = ROOT / "assignments" / "convolution" / "convolution.ipynb"
CLASS = (ROOT / "tests" / "submissions" / "convolution").glob("*/convolution.ipynb")
STUDENTS = sorted(path for path in CLASS if path.parent.name != "broken-json")
MENDED = {"copied-cell": "is there 2 times", "deleted-test": "was missing"}
MENDED["edited-test"] = "was changed (its points, its text)"


@pytest.fixture(scope="module")
def convolution():
    """The released assignment, as an `Assignment`."""
    return assignment_of(nbformat.read(RELEASED, as_version=4), "convolution")


@pytest.mark.parametrize("path", STUDENTS, ids=lambda path: path.parent.name)
def test_sample_students_are_mended_where_they_are_damaged(convolution, path):
    notebook, notes, _ = read_notebook({path.name: path.read_bytes()}, "convolution", Limits())
    notes += mended(notebook, convolution)
    phrase = MENDED.get(path.parent.name)
    assert [phrase in note.text for note in notes if note.repair] == ([True] if phrase else [])


@pytest.mark.parametrize("damage", [_lose_metadata, _lose_metadata_and_ids, _reversed])
def test_the_real_assignment_survives_what_editors_do(convolution, damage):
    path = next(path for path in STUDENTS if path.parent.name == "correct-im2col")
    notebook = nbformat.read(path, as_version=4)
    code = {c.source for c in notebook.cells if c.cell_type == "code" and not c.metadata.get("x")}
    number = len(notebook.cells)
    damage(notebook)
    mended(notebook, convolution)
    assert len(notebook.cells) == number
    assert {c.source for c in notebook.cells if c.cell_type == "code"} == code


# --- what code defines -------------------------------------------------------------------------


def test_definitions():
    code = Definitions()
    source = "import a.b, c as d\nfrom e import f\nx, (y) = 1, 2\nz: int = 3\nasync def g(): ...\n"
    assert code.names(source) == {"a", "d", "f", "x", "y", "z", "g"}
    assert code.names("if True:\n    def f(): ...\nelse:\n    h = 1") == {"f", "h"}
    assert code.names("%%time\n!pip install x\nf = 1\nf?") == {"f"}
    assert code.names("def f(:\n  pass\nx = 1\nx == 2\n  y = 3") == {"f", "x"}
    stub = "def f(x):\n    raise NotImplementedError()\n\ndef g():\n    return 1"
    assert code.names(stub) == {"f", "g"}
    assert code.answers(stub) == {"g"}
    assert code.answers("def f(:\n    raise NotImplementedError") == set()
    assert code.mentions("check('f', f)") == {"check", "f"}
    assert code.shape("x  =  'a' # c") == code.shape('x = "a"')


@pytest.mark.parametrize(
    "source",
    ["(" * 5000, "-" * 50_000 + "1", "x" + ".y" * 50_000, "f(" * 90 + ")" * 90, "\0", "\f"],
)
def test_definitions_of_monsters_end(source):
    code = Definitions()
    assert code.names(f"x = {source}") <= {"x"}
    code.shape(source)
    code.mentions(source)
    without_statements(source, source)
    assert parse("%%bash\nls") is None


def test_parsing_stops_when_it_costs_too_much():
    code = Definitions(characters=100)
    assert code.tree("x = 1") is not None
    assert code.tree("y = 1\n" * 100) is None
    assert code.names("y = 1\n" * 100) == {"y"}


HOSTILE = {
    "blank lines": ["\n" * 800_000 + "double = 1", " " * 800_000],
    "many definitions": ["def double(x):\n" + "    y = x\n" * 50] * 3000,
    "long locked copies": ["check('double', double)\n" + "x = 1\n" * 500] * 1000,
    "one long cell": ["double = 1\n" * 800_000],
    "fences": ["```\n" * 200_000],
}


@pytest.mark.parametrize("case", sorted(HOSTILE))
@pytest.mark.parametrize("name", ["double", "double-test", "none"])
def test_hostile_notebooks_cost_seconds(case, name):
    """Mending runs outside the sandbox: what a submission can make it cost is bounded."""
    notebook = released()
    notebook.cells += [
        {"cell_type": "raw", "metadata": {"nbgrader": {"grade_id": name}}, "source": source}
        for source in HOSTILE[case]
    ]
    started = time.process_time()
    mended(notebook)
    assert time.process_time() - started < 15


def test_statements_are_taken_out_line_by_line():
    source = "@cache\ndef f():\n    return 1  # one\n\n\ncheck(f); g = 2\ncheck(f)"
    assert without_statements(source, "check(f)") == (
        "@cache\ndef f():\n    return 1  # one\n\n\ncheck(f); g = 2"
    )
