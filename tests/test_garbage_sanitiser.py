"""Property tests: whatever a student hands in, packing, reading and mending end without exception.

What comes out is a valid notebook of nbformat 4.5 with every cell of the assignment exactly once,
in order, each locked one as released; and the same input gives the same output.
"""

import contextlib
import copy
import json
import os
import re
import tempfile
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbgrader.nbgraderformat import MetadataValidator

from course_lib.grading.definitions import Definitions, without_statements
from course_lib.grading.limits import Limits
from course_lib.grading.packing import Packed, pack, unpack
from course_lib.grading.reading import UnreadableError, read_notebook
from course_lib.grading.sanitise import sanitise
from course_lib.grading.slimming import TooComplicatedError, slim
from tests.grading_helpers import DOUBLE, SQUARE, answered, by_name, released
from tests.test_sanitise import ORDER, RELEASED, STUDENTS, TINY, assignment_of

LIMITS = Limits(notebook_bytes=2**20, disk=2**20)
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

many = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
few = settings(many, max_examples=40)


def check_mended(notebook, notes, assignment=TINY):
    """Check all that holds for every sanitised notebook."""
    known = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert [cell.metadata.nbgrader.grade_id for cell in known] == [
        wanted.name for wanted in assignment.cells
    ]
    for cell, wanted in zip(known, assignment.cells, strict=True):
        assert cell.metadata == {"nbgrader": wanted.metadata()}
        assert cell.cell_type == wanted.cell_type
        assert not wanted.locked or cell.source == wanted.source
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    json.dumps(notebook, ensure_ascii=False, allow_nan=False).encode()
    check_notes(notes)


def check_notes(notes):
    """Check that notes are sentences that a terminal only shows, and not too many."""
    assert len(notes) <= 60
    for note in notes:
        assert not RAW.search(note.text)
        assert "sanitiser failed" not in note.text, note.text
        assert len(note.text) < 1000


def grade_path(files, assignment=TINY):
    """Read and sanitise as grading does; return the notebook, or None if it is unreadable."""
    try:
        notebook, notes, name = read_notebook(files, assignment.stem, LIMITS)
    except UnreadableError:
        return None
    assert name in files
    twin = copy.deepcopy(notebook)
    notes += sanitise(notebook, assignment)
    check_mended(notebook, notes, assignment)
    sanitise(twin, assignment)
    assert twin == notebook
    return notebook


# --- what to feed ----------------------------------------------------------------------------

TEXT = st.text(st.characters(codec=None), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
SOURCES = st.sampled_from(
    [
        DOUBLE,
        SQUARE,
        f"{DOUBLE}\n{SQUARE}",
        "def double(x):\n",
        "    return x",
        "raise NotImplementedError()",
        "double = lambda x: 2 * x\n\0",
        "%%bash\nls",
        "```python\nx = 1\n```",
        "\ud800 = 1",
        "from math import *",
        *[cell.source for cell in TINY.cells],
        *[cell.source for cell in released().cells],
    ]
)
NAMES = st.sampled_from([*ORDER, "other", "", "double-test ", "x" * 300, "../..", "\x1b[2J"])
VERSIONS = st.sampled_from([0, 1, 2, 3, 4, -1, 1e9, "3", None]) | JSON
MARKS = st.fixed_dictionaries(
    {"grade_id": NAMES | JSON},
    optional={
        "points": st.floats() | st.integers() | JSON,
        "grade": st.booleans() | JSON,
        "solution": st.booleans() | JSON,
        "locked": st.booleans() | JSON,
        "task": JSON,
        "schema_version": VERSIONS,
        "cell_type": JSON,
        "checksum": JSON,
    },
)
METADATA = st.fixed_dictionaries({}, optional={"nbgrader": MARKS | JSON, "tags": JSON}) | JSON
CELL = st.fixed_dictionaries(
    {
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading", "html", "Code"]) | JSON,
        "source": SOURCES | SOURCES.map(str.splitlines) | JSON,
        "metadata": METADATA,
    },
    optional={
        "id": st.sampled_from(["cell-0", "cell-1", "double", "why", "restored-why", "", "a b"]),
        "attachments": JSON,
        "outputs": JSON,
        "execution_count": JSON,
        "input": JSON,
        "level": JSON,
    },
)
KERNEL = st.fixed_dictionaries({"kernelspec": JSON | st.fixed_dictionaries({"name": JSON})})
NOTEBOOK = st.fixed_dictionaries(
    {"cells": st.lists(CELL | JSON, max_size=8) | JSON},
    optional={
        "metadata": KERNEL | JSON,
        "nbformat": st.sampled_from([1, 2, 3, 4, 5, 10**30, -1, True]) | JSON,
        "nbformat_minor": JSON,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": st.lists(CELL)})) | JSON,
    },
)


def dumped(content):
    """Return JSON as bytes; halves of characters stay as escapes."""
    return json.dumps(content).encode()


# --- the properties --------------------------------------------------------------------------


@many
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes(data):
    grade_path({"tiny.ipynb": data})


@many
@given(NOTEBOOK | JSON)
def test_any_json(content):
    notebook = grade_path({"tiny.ipynb": dumped(content)})
    if isinstance(content, dict) and isinstance(content.get("cells"), list):
        assert notebook is not None


@many
@given(st.lists(CELL | JSON, max_size=8) | JSON, JSON)
def test_any_notebook_that_another_reader_made(cells, metadata):
    """What nbgrader's own commands hand on: read by nbformat, which lets nearly all pass."""
    notebook = nbformat.from_dict({"cells": cells, "metadata": metadata})
    check_mended(notebook, sanitise(notebook, TINY))


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["swap", "drop", "copy", "split", "merge", "type", "strip", "mark", "edit"]
        ),
        st.integers(0, 20),
        st.integers(0, 20),
        MARKS,
        SOURCES,
    ),
    max_size=8,
)


def damage(notebook, actions):
    """Do to a notebook what hands and editors do."""
    cells = notebook.cells
    for action, one, other, marks, source in actions:
        if not cells:
            break
        one, other = one % len(cells), other % len(cells)
        cell = cells[one]
        if action == "swap":
            cells[one], cells[other] = cells[other], cells[one]
        elif action == "drop":
            del cells[one]
        elif action == "copy":
            cells.insert(other, copy.deepcopy(cell))
        elif action == "split":
            second = copy.deepcopy(cell)
            at = (other * len(cell.source)) // 20
            cell.source, second.source = cell.source[:at], cell.source[at:]
            cells.insert(one + 1, second)
        elif action == "merge" and one + 1 < len(cells):
            cell.source += "\n" + cells.pop(one + 1).source
        elif action == "type":
            cell.cell_type = ("code", "markdown", "raw")[other % 3]
        elif action == "strip":
            cell.metadata = NotebookNode()
        elif action == "mark":
            cell.metadata = NotebookNode(nbgrader=marks)
        elif action == "edit":
            cell.source = source


@many
@given(ACTIONS)
def test_a_notebook_that_was_worked_on(actions):
    notebook = answered()
    damage(notebook, actions)
    assert grade_path({"tiny.ipynb": dumped(notebook)}) is not None


@many
@given(ACTIONS)
def test_no_written_line_is_lost(actions):
    """As long as nothing was deleted, every line of an answer is in the mended notebook."""
    notebook = answered(double="def double(x):\n    return 2 * x  # mine", why="Mine as well.")
    lines = {"def double(x):", "return 2 * x  # mine", "return x * x", "Mine as well."}
    damage(notebook, [act for act in actions if act[0] not in ("drop", "edit", "mark", "split")])
    mended = grade_path({"tiny.ipynb": dumped(notebook)})
    there = {line.strip() for cell in mended.cells for line in cell.source.splitlines()}
    assert lines <= there


REAL = assignment_of(nbformat.read(RELEASED, as_version=4), "convolution")
REAL_BYTES = next(p for p in STUDENTS if p.parent.name == "correct-loops").read_bytes()
SPOTS = st.integers(0, len(REAL_BYTES))
HITS = st.lists(
    st.tuples(
        SPOTS, st.integers(0, 60), st.binary(max_size=12) | SOURCES.map(ascii).map(str.encode)
    ),
    min_size=1,
    max_size=4,
)


@few
@given(HITS)
def test_a_real_file_with_bytes_exchanged(hits):
    data = REAL_BYTES
    for place, length, replacement in hits:
        data = data[:place] + replacement + data[place + length :]
    grade_path({"convolution.ipynb": data}, REAL)


@few
@given(SPOTS)
def test_a_real_file_that_was_cut_off(length):
    if REAL_BYTES[length:].strip():
        with pytest.raises(UnreadableError, match=r"in the middle|is empty"):
            read_notebook({"tiny.ipynb": REAL_BYTES[:length]}, "tiny", LIMITS)


@many
@given(NOTEBOOK, st.sampled_from([None, 1, " "]))
def test_slimming_keeps_all_but_what_it_says(content, indent):
    data = json.dumps(content, indent=indent).encode()
    try:
        slimmed = json.loads(slim(data))
    except TooComplicatedError as error:
        pytest.fail(f"a notebook was refused: {error}")
    assert repr(without(json.loads(data))) == repr(slimmed)


def without(value, depth=0):
    """Return JSON with outputs and widgets emptied, as `slim` promises."""
    if isinstance(value, list):
        return [without(inner, depth + 1) for inner in value]
    if not isinstance(value, dict):
        return value
    empty = {"outputs": [], "widgets": {}} if depth < 5 else {}
    return {key: empty.get(key, without(inner, depth + 1)) for key, inner in value.items()}


@many
@given(
    st.binary(max_size=200) | st.lists(st.sampled_from(list('{}[]",:\\ "outputs":[')), max_size=60)
)
def test_slimming_any_bytes(data):
    data = data if isinstance(data, bytes) else "".join(data).encode()
    with contextlib.suppress(TooComplicatedError):
        assert len(slim(data)) <= len(data) + 2 * data.count(b'"outputs"')


@many
@given(st.text(max_size=80) | SOURCES, st.text(max_size=40) | SOURCES)
def test_definitions_of_any_text(source, other):
    code = Definitions()
    assert code.answers(source) <= code.names(source)
    code.mentions(source)
    code.shape(source)
    without_statements(source, other)


# --- folders ---------------------------------------------------------------------------------

BYTES = "\x01\x1b\n ;$&|`'\"*?~#-.a\\é\u202e"
FILE_NAMES = (
    st.sampled_from(
        [
            "tiny.ipynb",
            "Tiny.IPYNB",
            "tiny (1).ipynb",
            "a.ipynb",
            ".hidden",
            "-rf",
            "tiny.ipynb.txt",
        ]
    )
    | st.text(BYTES, min_size=1, max_size=8).filter(lambda name: name not in (".", ".."))
    | st.just("x" * 255)
)
KINDS = st.sampled_from(["file", "file", "file", "folder", "link", "dangling", "pipe", "hard"])
TREES = st.lists(
    st.tuples(KINDS, st.lists(FILE_NAMES, min_size=1, max_size=3), st.binary(max_size=20)),
    max_size=8,
)


def plant(root, tree):
    """Make what a tree says below a folder, as far as the file system lets us."""
    for kind, names, data in tree:
        path = Path(root, *names)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(path):
                continue  # writing into a pipe would wait for its reader
            if kind == "folder":
                path.mkdir()
            elif kind == "pipe":
                os.mkfifo(path)
            elif kind == "link":
                path.symlink_to("/etc/passwd")
            elif kind == "dangling":
                path.symlink_to(path.name)
            elif kind == "hard":
                os.link(Path(root).parent / "secret", path)
            else:
                path.write_bytes(data)
        except OSError:
            continue


@many
@given(TREES)
def test_any_folder(tree):
    with tempfile.TemporaryDirectory() as place:
        Path(place, "secret").write_text("secret")
        root = Path(place, "root")
        root.mkdir()
        plant(root, tree)
        packed = pack(root, "tiny", LIMITS)
        assert pack(root, "tiny", LIMITS).digest == packed.digest
        assert b"secret" not in packed.files.values()
        assert not any(data.startswith(b"root:") for data in packed.files.values())
        for sentence in (*packed.left_out, packed.problem):
            assert not RAW.search(sentence)
            assert len(sentence) < 500
        assert bool(packed.problem) or grade_path(packed.files) is None
        unpack(packed.files, Path(place, "again"))
        again = pack(Path(place, "again"), "tiny", LIMITS)
        assert again.files == packed.files


@many
@given(st.dictionaries(st.text(max_size=12) | st.text("./a\0", max_size=6), st.binary(max_size=4)))
def test_unpacking_any_names_stays_inside(files):
    with tempfile.TemporaryDirectory() as place:
        with contextlib.suppress(ValueError, OSError):
            unpack(files, Path(place, "in"))
        assert set(os.listdir(place)) <= {"in"}
        assert Packed(files).digest == Packed(dict(reversed(files.items()))).digest


def test_the_properties_can_fail():
    """The checks above notice a notebook that was not mended."""
    notebook = answered()
    with pytest.raises(AssertionError):
        check_mended(notebook, [])
    sanitise(notebook, TINY)
    check_mended(notebook, [])
    by_name(notebook, "double-test").source = "2.0"
    with pytest.raises(AssertionError):
        check_mended(notebook, [])
