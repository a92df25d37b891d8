"""What the book's build leaves behind for the tests of chapters, and when it may be used."""

import chapter_helpers
import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

CELLS = ["import math\nroot = math.sqrt(16)", "def twice(x):\n    return 2 * x\n\n\nlines = open"]


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    """A chapter of two cells that a build has run."""
    monkeypatch.setattr(chapter_helpers, "cells", lambda stem: [("", code) for code in CELLS])
    monkeypatch.setattr(chapter_helpers, "NAMES", tmp_path / "names")
    monkeypatch.setattr(chapter_helpers, "FINGERPRINTS", tmp_path / "fingerprints.json")
    monkeypatch.setenv("PYTHONSTARTUP", str(ROOT / "tests/keep_names.py"))
    monkeypatch.setenv("COURSE_NAMES", str(tmp_path / "names"))
    monkeypatch.setenv("COURSE_WHOLE", chapter_helpers.names_file("x").stem)
    (tmp_path / "fingerprints.json").write_text('{"book/x": "first"}')
    cells = [nbformat.v4.new_code_cell(code) for code in CELLS]
    NotebookClient(nbformat.v4.new_notebook(cells=cells), kernel_name="python3").execute()
    return tmp_path


def test_names_of_the_build_are_used_for_the_code_that_made_them(chapter):
    chapter_helpers.sign_names(["x"], begun=0)
    names = next(chapter_helpers.run_page("x"))
    assert isinstance(names, chapter_helpers.Names)
    assert names["root"] == 4
    assert names["twice"](4) == 8
    assert "math" not in names


@pytest.mark.parametrize("change", ["imports", "cells", "unsigned", "an older build"])
def test_names_of_other_code_are_not_used(chapter, monkeypatch, change):
    if change != "unsigned":
        chapter_helpers.sign_names(["x"], begun=2e10 if change == "an older build" else 0)
    if change == "imports":
        (chapter / "fingerprints.json").write_text('{"book/x": "second"}')
    if change == "cells":
        monkeypatch.setattr(chapter_helpers, "cells", lambda stem: [("", "root = 5")])
    names = next(chapter_helpers.run_page("x"))
    assert not isinstance(names, chapter_helpers.Names)
    assert names["root"] == (5 if change == "cells" else 4)
