"""A submission's folder and file: what is read, what is left out, and what is said about it."""

import errno
import json
import os
import re
import socket
import threading
import time
from pathlib import Path

import pytest

from course_lib.grading import packing, slimming
from course_lib.grading.choosing import choose, missing
from course_lib.grading.limits import Limits
from course_lib.grading.packing import Packed, pack, unpack
from course_lib.grading.reading import UnreadableError, read_notebook
from course_lib.grading.slimming import TooComplicatedError, slim

LIMITS = Limits()
SMALL = Limits(notebook_bytes=10_000, disk=20_000)


def notebook(source="x = 1", **more):
    """Return a notebook of one cell, as bytes; `more` goes to the cell."""
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], **more}
    content = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content).encode()


@pytest.fixture
def folder(tmp_path):
    """A submission with its notebook."""
    path = tmp_path / "tiny"
    path.mkdir()
    (path / "tiny.ipynb").write_bytes(notebook())
    return path


def text_of(notes):
    """Return all notes as one text."""
    return "\n".join(note.text for note in notes)


def read(data, name="tiny.ipynb", limits=LIMITS):
    """Read one file's bytes; return sources and the notes' text."""
    found, notes, _ = read_notebook({name: data}, "tiny", limits)
    assert (found.nbformat, found.nbformat_minor) == (4, 5)
    return [cell.source for cell in found.cells if cell], text_of(notes)


# --- packing ---------------------------------------------------------------------------------


def test_a_folder_comes_back_as_it_was(folder, tmp_path):
    (folder / "data").mkdir()
    odd = "a b;c$(d)\n'é’.txt"
    (folder / "data" / odd).write_bytes(b"\0\xff")
    (folder / "empty").write_bytes(b"")
    packed = pack(folder, "tiny", LIMITS)
    assert packed.problem == ""
    assert packed.left_out == ()
    assert list(packed.files) == [f"data/{odd}", "empty", "tiny.ipynb"]
    unpack(packed.files, tmp_path / "there" / "again")
    again = pack(tmp_path / "there" / "again", "tiny", LIMITS)
    assert again == packed
    assert again.digest == packed.digest
    assert (tmp_path / "there/again/data").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "there/again/empty").stat().st_mode & 0o777 == 0o644


def test_the_digest_is_of_names_and_contents_alone(folder):
    first = pack(folder, "tiny", LIMITS).digest
    os.utime(folder / "tiny.ipynb", (1, 1))
    (folder / "timestamp.txt").write_text("2026-01-01")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert pack(folder, "tiny", LIMITS).digest == first
    assert Packed({"a": b"bc"}).digest != Packed({"ab": b"c"}).digest
    assert Packed({"a": b"1", "b": b"2"}).digest == Packed({"b": b"2", "a": b"1"}).digest
    assert len({Packed().digest, Packed(problem="x").digest, Packed(left_out=("x",)).digest}) == 3


def test_junk_is_skipped_without_a_word(folder):
    for name in (".git/config", ".ipynb_checkpoints/tiny-checkpoint.ipynb", "__MACOSX/._a"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(b"x")
    for name in (".DS_Store", "._tiny.ipynb", "Thumbs.db"):
        (folder / name).write_bytes(b"x")
    packed = pack(folder, "tiny", LIMITS)
    assert list(packed.files) == ["tiny.ipynb"]
    assert packed.left_out == ()


def _socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


SPECIAL = {
    "a symbolic link": lambda path: path.symlink_to("/etc/passwd"),
    "a hard link": lambda path: os.link(path.parent.parent / "gradebook.db", path),
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a device": lambda path: os.mknod(path, 0o20600, os.makedev(1, 5)),
}


@pytest.mark.parametrize("what", sorted(SPECIAL))
@pytest.mark.parametrize("name", ["tiny.ipynb", "other.txt"])
def test_what_is_no_plain_file_is_left_out_and_not_waited_for(folder, what, name):
    (folder.parent / "gradebook.db").write_bytes(notebook("secret"))
    (folder / name).unlink(missing_ok=True)
    try:
        SPECIAL[what](folder / name)
    except PermissionError:
        pytest.skip("only root makes devices")
    packed = pack(folder, "tiny", LIMITS)
    assert name not in packed.files
    assert packed.left_out[0].startswith(f"{name!r} is {what}")
    if name == "tiny.ipynb":
        assert packed.problem.startswith(f"{name!r} is {what}")
        assert "hand in the notebook itself" in packed.problem
    else:
        assert packed.problem == ""


def test_linked_folders_are_not_entered(folder, tmp_path):
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "secret.txt").write_text("secret")
    (folder / "data").symlink_to(tmp_path / "others")
    (folder / "self").symlink_to(folder)
    packed = pack(folder, "tiny", LIMITS)
    assert list(packed.files) == ["tiny.ipynb"]
    assert packed.left_out == (
        "'data' is a symbolic link and was left out.",
        "'self' is a symbolic link and was left out.",
    )


@pytest.mark.parametrize("where", ["file", "folder"])
def test_no_race_swaps_a_link_in(folder, tmp_path, monkeypatch, where):
    """What is a file when it is listed, and a link when it is opened, is not read."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.txt").write_text("secret")
    (folder / "data").mkdir()
    (folder / "data" / "a.txt").write_text("mine")
    listed = packing._Packing._walk

    def swap(self, here, parts):
        listed(self, here, parts)
        if parts == ():
            victim = folder / "data" if where == "folder" else folder / "data" / "a.txt"
            victim.rename(folder / "gone")
            victim.symlink_to(tmp_path / "secret" / ("" if where == "folder" else "a.txt"))

    monkeypatch.setattr(packing._Packing, "_walk", swap)
    packed = pack(folder, "tiny", LIMITS)
    assert list(packed.files) == ["tiny.ipynb"]
    assert "'data/a.txt' cannot be read" in packed.left_out[0]


@pytest.mark.parametrize("what", ["a hard link", "a pipe"])
def test_a_file_that_is_exchanged_before_it_is_opened_is_not_read(folder, monkeypatch, what):
    (folder.parent / "gradebook.db").write_bytes(notebook("secret"))
    choose_first = packing.choose

    def swap(names, stem):
        (folder / "tiny.ipynb").unlink()
        SPECIAL[what](folder / "tiny.ipynb")
        return choose_first(names, stem)

    monkeypatch.setattr(packing, "choose", swap)
    assert "was exchanged while it was read" in pack(folder, "tiny", LIMITS).problem


def test_a_file_that_grows_or_vanishes_while_it_is_read(folder, monkeypatch):
    read_first = os.read

    def grow(file, size):
        with open(folder / "tiny.ipynb", "ab") as more:
            more.write(b" " * 100)
        return read_first(file, size)

    monkeypatch.setattr(os, "read", grow)
    assert "changed while it was read; hand it in again" in pack(folder, "tiny", LIMITS).problem
    monkeypatch.undo()
    choose_first = packing.choose

    def vanish(names, stem):
        (folder / "tiny.ipynb").unlink()
        return choose_first(names, stem)

    monkeypatch.setattr(packing, "choose", vanish)
    assert "cannot be read (No such file" in pack(folder, "tiny", LIMITS).problem


def test_a_folder_that_changes_all_the_time_is_packed_without_an_exception(folder):
    stop = threading.Event()

    def churn():
        number = 0
        while not stop.is_set():
            path = folder / f"f{number % 7}"
            number += 1
            try:
                if number % 3:
                    path.write_bytes(b"x" * (number % 5000))
                else:
                    path.unlink(missing_ok=True)
                    path.symlink_to("/etc/passwd")
                    path.unlink()
            except OSError:
                continue

    thread = threading.Thread(target=churn, daemon=True)
    thread.start()
    try:
        for _ in range(50):
            packed = pack(folder, "tiny", LIMITS)
            assert packed.problem == ""
            assert not any(b"root:" in data for data in packed.files.values())
    finally:
        stop.set()
        thread.join()


def test_a_sparse_file_costs_nothing(folder):
    with open(folder / "sparse", "wb") as file:
        file.truncate(2**40)
    started = time.monotonic()
    packed = pack(folder, "tiny", LIMITS)
    assert "'sparse' has 1,099,511,627,776 bytes, more than" in packed.left_out[0]
    (folder / "tiny.ipynb").unlink()
    (folder / "sparse").rename(folder / "tiny.ipynb")
    problem = pack(folder, "tiny", LIMITS).problem
    assert "more than the 268,435,456" in problem
    assert "clear its outputs" in problem
    assert time.monotonic() - started < 5


def test_files_are_bounded_in_bytes_number_depth_and_sentences(folder, monkeypatch):
    (folder / "a").write_bytes(b"x" * 6000)
    (folder / "b").write_bytes(b"x" * 6000)
    (folder / "c").write_bytes(b"x" * 4000)
    packed = pack(folder, "tiny", SMALL)
    assert list(packed.files) == ["a", "c", "tiny.ipynb"]
    assert "'b' has 6,000 bytes, more than the 4,000 still allowed" in packed.left_out[0]
    monkeypatch.setattr(packing, "MAX_FILES", 5)
    for number in range(30):
        (folder / f"d{number:02}").write_bytes(b"")
    packed = pack(folder, "tiny", LIMITS)
    assert len(packed.files) == 5
    assert "tiny.ipynb" in packed.files
    assert len(packed.left_out) == packing.MAX_SENTENCES + 1
    assert packed.left_out[-1] == "19 more were left out."
    deep = folder / Path(*["d"] * 30)
    deep.mkdir(parents=True)
    for number in range(30):
        (folder / f"d{number:02}").unlink()
    assert any("lies too deep" in text for text in pack(folder, "tiny", LIMITS).left_out)


def test_among_too_many_entries_the_notebook_is_found(folder, monkeypatch):
    monkeypatch.setattr(packing, "MAX_ENTRIES", 3)
    monkeypatch.setattr(packing._Packing, "_names", _names_without_notebook(packing._Packing))
    for number in range(10):
        (folder / f"a{number}").write_bytes(b"")
    packed = pack(folder, "tiny", LIMITS)
    assert packed.problem == ""
    assert len(packed.files) < 5
    assert "more than 3 entries" in packed.left_out[0]


def _names_without_notebook(kind):
    """List as a file system would that names the notebook last."""
    listed = kind._names

    def names(self, here):
        return [name for name in listed(self, here) if name != "tiny.ipynb"]

    return names


def test_what_may_not_be_read_is_said(folder, monkeypatch):
    (folder / "locked").write_bytes(b"")
    opened = os.open

    def refuse(path, *rest, **options):
        if path in ("locked", "tiny.ipynb"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, *rest, **options)

    monkeypatch.setattr(os, "open", refuse)
    packed = pack(folder, "tiny", LIMITS)
    assert packed.files == {}
    assert packed.problem.startswith("'tiny.ipynb' cannot be read (Permission denied)")
    assert packed.left_out == ("'locked' cannot be read (Permission denied) and was left out.",)


def test_no_folder_at_all(folder, tmp_path):
    assert "cannot be read (No such file" in pack(tmp_path / "nothing", "tiny", LIMITS).problem
    assert "is not a folder" in pack(folder / "tiny.ipynb", "tiny", LIMITS).problem
    (tmp_path / "link").symlink_to(folder)
    assert "is not a folder" in pack(tmp_path / "link", "tiny", LIMITS).problem
    os.mkfifo(tmp_path / "pipe")
    assert "is not a folder" in pack(tmp_path / "pipe", "tiny", LIMITS).problem


def test_a_name_that_is_not_utf_8(folder):
    try:
        with open(os.fsencode(folder) + b"/\xff\xfe.txt", "wb"):
            pass
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    packed = pack(folder, "tiny", LIMITS)
    assert list(packed.files) == ["tiny.ipynb"]
    assert "a name that is not UTF-8" in packed.left_out[0]


def test_no_descriptor_is_left_open(folder):
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "c").write_bytes(b"")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        pack(folder, "tiny", LIMITS)
    assert len(os.listdir("/proc/self/fd")) == before


# --- unpacking -------------------------------------------------------------------------------

BAD_PATHS = ["/etc/x", "../x", "a/../../x", "a//b", "", ".", "a/.", "a\0b", "..", "a/"]


@pytest.mark.parametrize("name", BAD_PATHS)
def test_unpack_refuses_to_leave_its_folder(tmp_path, name):
    with pytest.raises(ValueError, match="is not relative and plain"):
        unpack({"good": b"", name: b""}, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_unpack_wants_a_fresh_folder_and_one_file_a_path(tmp_path):
    with pytest.raises(ValueError, match="lies below another file"):
        unpack({"a": b"", "a/b": b""}, tmp_path / "new")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match="is not empty"):
        unpack({"a": b"overwritten"}, tmp_path / "full")


# --- outputs of any size ---------------------------------------------------------------------

STREAM = {"output_type": "stream", "name": "stdout", "text": ["a line\n"] * 1000}


def test_100_megabytes_of_output_are_graded(folder):
    lines = b", ".join([json.dumps("x" * 99 + "\n").encode()] * 1_000_000)
    data = notebook("answer = 42", outputs=[STREAM]).replace(b'"a line\\n"', lines, 1)
    assert len(data) > 100_000_000
    (folder / "tiny.ipynb").write_bytes(data)
    started = time.monotonic()
    packed = pack(folder, "tiny", LIMITS)
    assert time.monotonic() - started < 20
    assert len(packed.files["tiny.ipynb"]) < 500
    assert "its outputs were left out" in packed.left_out[0]
    assert read(packed.files["tiny.ipynb"]) == (["answer = 42"], "")


def test_pasted_pictures_go_only_if_they_must(folder, monkeypatch):
    monkeypatch.setattr(packing, "SLIM_ABOVE", 100)
    pictures = {"a.png": {"image/png": "A" * 6000}}
    data = notebook("text", cell_type="markdown", attachments=pictures, outputs=[STREAM])
    (folder / "tiny.ipynb").write_bytes(data)
    packed = pack(folder, "tiny", SMALL)
    assert b"AAAA" in packed.files["tiny.ipynb"]
    assert b"a line" not in packed.files["tiny.ipynb"]
    packed = pack(folder, "tiny", Limits(notebook_bytes=5000))
    assert b"AAAA" not in packed.files["tiny.ipynb"]
    assert "outputs and pasted pictures were left out" in packed.left_out[0]


def test_cells_that_are_too_large_themselves(folder):
    (folder / "tiny.ipynb").write_bytes(notebook("#" * 20_000))
    problem = pack(folder, "tiny", SMALL).problem
    assert "more than 10,000, and its cells alone are that large; clear" in problem
    (folder / "tiny.ipynb").write_bytes(b'{"cells": [' + b"[" * 20_000)
    assert "and it nests more" not in pack(folder, "tiny", SMALL).problem
    (folder / "tiny.ipynb").write_bytes(b'{"outputs": [' + b"x" * 20_000)
    assert "and it ends in the middle" in pack(folder, "tiny", SMALL).problem
    (folder / "tiny.ipynb").write_bytes(notebook("#" * 20_000).decode().encode("utf-16"))
    assert "and it is not UTF-8 text" in pack(folder, "tiny", SMALL).problem


def test_a_broken_notebook_is_left_for_reading_to_judge(folder, monkeypatch):
    monkeypatch.setattr(packing, "SLIM_ABOVE", 10)
    (folder / "tiny.ipynb").write_bytes(notebook()[:-20] + b'"unended')
    packed = pack(folder, "tiny", LIMITS)
    with pytest.raises(UnreadableError, match="it ends in the middle"):
        read_notebook(packed.files, "tiny", LIMITS)


SLIMMED = [
    ('{"outputs": [{"a": "]}\\""}], "b": 1}', {"outputs": [], "b": 1}),
    ('{"outputs" :"text", "b": {"outputs": 5.5e3}}', {"outputs": [], "b": {"outputs": []}}),
    ('{"b": "outputs", "c": ["outputs"]}', {"b": "outputs", "c": ["outputs"]}),
    ('{"a": "\\"outputs\\": [1]", "widgets": {"x": [{}]}}', {"a": '"outputs": [1]', "widgets": {}}),
    ('{"outputs": null}', {"outputs": []}),
    ('{"outputs": {}, "c": [[[[[[[{"outputs": [1]}]]]]]]]}', None),
    ('[{"outputs": [[[[[[[[[["deep"]]]]]]]]]]}, {"outputs":[]}]', [{"outputs": []}] * 2),
]


@pytest.mark.parametrize(("text", "wanted"), SLIMMED)
def test_slimming(text, wanted):
    slimmed = json.loads(slim(text.encode()))
    assert slimmed == (json.loads(text) | {"outputs": []} if wanted is None else wanted)


BROKEN = [
    b'{"outputs": [1',
    b'{"outputs": "a',
    b'{"a": "b',
    b'{"outputs": [[1, "a]]',
    b'{"outputs":',
]


def backtracking(items, inside=False):
    """Return the operators within possessive repetitions that may backtrack; see the test."""
    for kind, argument in items:
        name = str(kind)
        if name == "ATOMIC_GROUP":
            yield from backtracking(argument)
        elif name == "POSSESSIVE_REPEAT":
            yield from backtracking(argument[2], inside=True)
        elif inside and name not in ("IN", "LITERAL", "NOT_LITERAL", "ANY"):
            yield name
        elif name in ("ASSERT", "ASSERT_NOT", "MAX_REPEAT", "SUBPATTERN"):
            yield from backtracking(argument[-1])
        elif name == "BRANCH":
            yield from (each for branch in argument[1] for each in backtracking(branch))


def test_the_patterns_mean_the_same_before_python_3_11_5():
    """There `(?:a|b)*+` may forget where it was; Debian's Python is older, ours may be newer."""
    walk = slimming._Walk(b"", ("outputs", "widgets"))
    patterns = [slimming._SWALLOW, slimming._VALUE, walk.key, walk.to_bracket_or_key]
    parsed = [re._parser.parse(pattern.pattern, pattern.flags) for pattern in patterns]
    assert [list(backtracking(pattern)) for pattern in parsed] == [[]] * 4
    assert list(backtracking(re._parser.parse("(?>(?:ab|c)*+)"))) == ["BRANCH"]


@pytest.mark.parametrize("data", BROKEN)
def test_slimming_of_what_has_no_end(data):
    with pytest.raises(TooComplicatedError, match="end"):
        slim(data)


@pytest.mark.parametrize("data", [b"[" * 5000, b'{"outputs": [' + b"[[[[[[1," * 5000])
def test_slimming_gives_up_in_time(monkeypatch, data):
    monkeypatch.setattr(slimming, "MAX_STEPS", 1000)
    with pytest.raises(TooComplicatedError, match="nests more"):
        slim(data)


# --- which file ------------------------------------------------------------------------------

CHOICES = [
    (["tiny.ipynb", "tiny (1).ipynb", "Tiny.ipynb"], "tiny.ipynb"),
    (["TINY.IPYNB", "tiny (1).ipynb"], "TINY.IPYNB"),
    (["tiny (1).ipynb", "tiny (2).ipynb", "tiny (10).ipynb"], "tiny (10).ipynb"),
    (["tiny-Copy1.ipynb", "notes.ipynb"], "tiny-Copy1.ipynb"),
    (["Copy of tiny.ipynb", "tiny_vs_dense.ipynb"], "Copy of tiny.ipynb"),
    (["tiny.ipynb.txt", "tiny.py"], "tiny.ipynb.txt"),
    (["tiny.ipynb.json"], "tiny.ipynb.json"),
    (["tiny.json", "data.json"], "tiny.json"),
    (["tiny", "data"], "tiny"),
    (["tiny/tiny.ipynb", "tiny/other.ipynb"], "tiny/tiny.ipynb"),
    (["tiny.ipynb/tiny.ipynb"], "tiny.ipynb/tiny.ipynb"),
    (["tiny_final_v2.ipynb", "a/tiny.ipynb"], "a/tiny.ipynb"),
    (["my work.ipynb", "x.py"], "my work.ipynb"),
    (["tiny .ipynb"], "tiny .ipynb"),
    (["tiny.ipynb.ipynb"], "tiny.ipynb.ipynb"),
]


@pytest.mark.parametrize(("names", "chosen"), CHOICES)
def test_which_notebook_counts(names, chosen):
    for order in (names, names[::-1]):
        found, said = choose(order, "tiny")
        assert found == chosen
        sentences = " ".join(text for text, _ in said)
        assert ("was handed in as" in sentences) is (chosen != "tiny.ipynb")
        assert all(amiss is text.startswith("tiny.ipynb was") for text, amiss in said)
    others = [n for n in names if n != chosen and n.lower().endswith(".ipynb")]
    assert all(repr(name) in sentences for name in others)


def test_several_strangers_are_not_guessed_at():
    with pytest.raises(UnreadableError, match=r"which of 'a.ipynb', 'b.ipynb' is meant cannot"):
        choose(["a.ipynb", "b.ipynb"], "tiny")


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("tiny.zip", "is an archive; unpack it"),
        ("tiny.html", "is made for reading"),
        ("tiny.py", "is a Python script"),
        ("tiny.PDF", "is made for reading"),
        ("data.csv", "the folder holds 'data.csv', and no notebook"),
        ("x" * 300 + ".zip", "x…' is an archive"),
        ("a\x1b[2J\n.csv", r"'a\\x1b\[2J\\n.csv'"),
    ],
)
def test_something_else_was_handed_in(name, phrase):
    with pytest.raises(UnreadableError, match=phrase) as caught:
        read_notebook({name: b"x"}, "tiny", LIMITS)
    assert "tiny.ipynb" in str(caught.value)
    assert len(str(caught.value)) < 250


def test_nothing_and_a_folder_were_handed_in(folder):
    assert "holds no file" in missing((), "tiny")
    with pytest.raises(UnreadableError, match="holds no file"):
        read_notebook({}, "tiny", LIMITS)
    (folder / "tiny.ipynb").unlink()
    (folder / "tiny.ipynb").mkdir()
    assert "'tiny.ipynb' is a folder, not a plain file" in pack(folder, "tiny", LIMITS).problem
    (folder / "tiny.ipynb" / "tiny.ipynb").write_bytes(notebook())
    packed = pack(folder, "tiny", LIMITS)
    assert packed.problem == ""
    _, notes, name = read_notebook(packed.files, "tiny", LIMITS)
    assert name == "tiny.ipynb/tiny.ipynb"
    assert notes[0].repair


# --- reading ---------------------------------------------------------------------------------

UMLAUT = notebook("x = 'é ü'").decode().replace("\\u00e9", "é").replace("\\u00fc", "ü")
READABLE = {
    "plain": (notebook(), ""),
    "utf-8": (UMLAUT.encode(), ""),
    "byte order mark": (b"\xef\xbb\xbf" + notebook(), ""),
    "two marks": (b"\xef\xbb\xbf\xef\xbb\xbf" + notebook(), ""),
    "utf-16": (UMLAUT.encode("utf-16"), "was saved in UTF-16, not in UTF-8"),
    "utf-16 without mark": (UMLAUT.encode("utf-16-le"), "was saved in UTF-16-LE"),
    "utf-32": (UMLAUT.encode("utf-32"), "was saved in UTF-32"),
    "latin-1": (UMLAUT.encode("latin-1"), "it was read as CP1252"),
    "one bad byte": (UMLAUT.encode()[:-1] + b', "a": "\xff"}', "has 1 broken characters"),
    "NUL behind": (notebook() + b"\0" * 512, ""),
    "more behind": (notebook() + b'"}]}', "holds more after the notebook's end"),
    "NaN": (notebook(outputs=[1.5]).replace(b"1.5", b"NaN"), "numbers that JSON does not have"),
    "a long number": (notebook(outputs=[15]).replace(b"15", b"1" * 9000), ""),
    "key twice": (notebook().replace(b'"x = 1"', b'"", "source": "x = 1"'), "keys twice in one"),
    "deep outputs": (notebook(outputs=[15]).replace(b"15", b"[" * 9000 + b"]" * 9000), "nests"),
    "deep metadata": (notebook(metadata=15).replace(b"15", b"[" * 900 + b"]" * 900), ""),
    "nbformat 5": (notebook().replace(b'"nbformat": 4', b'"nbformat": 5'), "the format '5', not 4"),
    "odd format": (notebook().replace(b'"nbformat": 4', b'"nbformat": "four"'), "format 'four'"),
    "huge format": (notebook().replace(b'"nbformat": 4', b'"nbformat": 1e999'), "format 'inf'"),
    "no format": (notebook().replace(b'"nbformat": 4', b'"n": 4'), ""),
    "nbformat 4.0": (notebook().replace(b'"nbformat_minor": 5', b'"nbformat_minor": 0'), ""),
    "wrapped": (b'{"type": "notebook", "content": ' + notebook() + b"}", "answer of Jupyter's"),
    "name": (notebook(), "tiny.ipynb was handed in as 'tiny (1).ipynb'"),
}


@pytest.mark.parametrize("case", sorted(READABLE))
def test_readable_with_a_word(case):
    data, phrase = READABLE[case]
    sources, said = read(data, "tiny (1).ipynb" if case == "name" else "tiny.ipynb")
    assert sources in (["x = 1"], ["x = 'é ü'"])
    assert phrase in said
    assert bool(phrase) is bool(said)


OLD = {
    "nbformat": 3,
    "metadata": {"name": "old"},
    "worksheets": [
        {
            "cells": [
                {"cell_type": "heading", "level": 2, "source": ["Old ", "times"]},
                {"cell_type": "code", "input": ["x = 1\n", "y = 2"], "prompt_number": 3},
                {"cell_type": "markdown", "source": "text"},
            ]
        },
        {"cells": [{"cell_type": "html", "source": "<b>x</b>"}, 7]},
    ],
}


@pytest.mark.parametrize("number", [2, 3])
def test_old_formats(number):
    found, notes, _ = read_notebook(
        {"tiny.ipynb": json.dumps({**OLD, "nbformat": number}).encode()}, "tiny", LIMITS
    )
    assert f"old format {number}" in text_of(notes)
    kinds = [(cell.cell_type, cell.source) for cell in found.cells[:-1]]
    assert kinds == [
        ("markdown", "## Old times"),
        ("code", ["x = 1\n", "y = 2"]),
        ("markdown", "text"),
        ("markdown", "<b>x</b>"),
    ]
    assert found.cells[-1] is None


CONFLICT = b'{\n "cells": [\n<<<<<<< HEAD\n {}\n=======\n []\n>>>>>>> theirs\n ]}'
UNREADABLE = {
    "is empty": [b"", b" \n", b"\0" * 4096, b"\xef\xbb\xbf"],
    "it ends in the middle, after": [
        notebook()[:-3],
        notebook()[:60],
        b"{",
        notebook()[:13],
        b'{"cells": nul',
        b'{"a": -',
    ],
    "git's conflict markers": [CONFLICT],
    "is a web page": [b"<!DOCTYPE html>\n<html>", b"  <HTML></HTML>"],
    "is a Python script": [b"# In[1]:\nimport numpy as np\n", b"x = 1\ndef f(): pass"],
    "is a zip archive": [b"PK\x03\x04\x14\0"],
    "is a compressed file": [b"\x1f\x8b\x08\0"],
    "is a PDF document": [b"%PDF-1.7"],
    "git-lfs's pointer": [b"version https://git-lfs.github.com/spec/v1\noid"],
    "not valid JSON": [b"{broken", b"hello there, this is my homework", b'{"cells": [1,]}'],
    "is JSON, but not a notebook": [b"[1, 2]", b"{}", b'"text"', b"5", b'{"content": []}'],
    "cannot be read as a notebook": [b'{"cells": 5}', b'{"nbformat": 2, "worksheets": 5}'],
    "is not UTF-8 text": [b"\xff\xfe\x00\xd8\x00", b"\x80\x81\x82" * 9],
    "nests deeper": [b'{"cells": [], "x": ' + b"[" * 9000 + b"]" * 9000 + b"}"],
}


@pytest.mark.parametrize("phrase", sorted(UNREADABLE))
def test_unreadable_with_the_reason(phrase):
    for data in UNREADABLE[phrase]:
        with pytest.raises(UnreadableError, match=phrase) as caught:
            read(data)
        assert "'tiny.ipynb'" in str(caught.value)


def test_a_notebook_beyond_the_limit():
    with pytest.raises(UnreadableError, match=r"has 20,1.. bytes, more than 10,000; clear"):
        read(notebook("#" * 20_000), limits=SMALL)
