"""The house's own rules: stems, imports, docstrings, derived files, nothing of one machine."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

import course_lib
from course_lib.checks import load
from course_lib.grading.course import open_course
from course_lib.topics import ASSIGNED, TOPICS
from tests.submissions import build

ROOT = Path(__file__).resolve().parent.parent
MODULES = [m.name for m in pkgutil.walk_packages(course_lib.__path__, "course_lib.")]
TRACKED = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.splitlines()


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.stem)
def test_a_stem_finds_everything(topic):
    stem = topic.stem
    chapters = re.findall(r"file: book/(\w+)", (ROOT / "_toc.yml").read_text(encoding="utf8"))
    assert stem in chapters
    for path in [
        f"book/{stem}.md",
        f"course_lib/{stem}.py",
        f"course_lib/exhibits/{stem}.py",
        f"tests/test_{stem}.py",
        f"tests/test_chapter_{stem}.py",
        f"tests/test_exhibits_{stem}.py",
    ]:
        assert (ROOT / path).is_file(), path


@pytest.mark.parametrize("topic", ASSIGNED, ids=lambda topic: topic.stem)
def test_what_is_built_is_checked_and_handed_in(topic):
    stem = topic.stem
    for path in [
        f"course_lib/checks/{stem}/cases.py",
        f"solutions/{stem}/{stem}.ipynb",
        f"assignments/{stem}/{stem}.ipynb",
    ]:
        assert (ROOT / path).is_file(), path
    assert len(build.students(stem)) >= 12
    assert tuple(check.name for check in load(stem)) == topic.answers
    module = importlib.import_module(f"course_lib.{stem}")
    assert all(hasattr(module, answer) for answer in topic.answers)


def test_nothing_stands_without_a_topic():
    stems = {topic.stem for topic in ASSIGNED}
    assert {p.name for p in (ROOT / "solutions").iterdir()} == stems
    assert {p.name for p in (ROOT / "assignments").iterdir()} == stems
    assert set(build.stems_with_students()) == stems
    limited = open_course(ROOT).config.SandboxExecute.of_assignment
    assert set(limited) <= stems, "nobody would miss the limits of an assignment that is not there"


def imported(path):
    """Yield the names of the course's modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(path.relative_to(ROOT).parent.parts) if node.level else ""
            module = ".".join(part for part in (package, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    ("room", "may_not_import"),
    [
        ("", ("checks", "exhibits", "grading")),
        # What calls an answer as a training does, and what watches for ready-made calls, runs in
        # the sandbox too, and so lives among its files.
        ("checks", ("exhibits", r"grading(?!\.inside\.(watch|training)\b)")),
        ("exhibits", ("checks", "grading")),
        ("grading", ("exhibits", *(topic.stem for topic in TOPICS))),
    ],
)
def test_imports_run_one_way(room, may_not_import):
    folder = ROOT / "course_lib" / room
    files = folder.rglob("*.py") if room else set(folder.glob("*.py")) - {folder / "cli.py"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imported(path)
        if re.match(rf"course_lib\.({'|'.join(may_not_import)})\b", name)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.stem)
def test_public_functions_are_documented(topic):
    module = importlib.import_module(f"course_lib.{topic.stem}")
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and not name.startswith("_"):
            text = inspect.getdoc(function) or ""
            assert "Example:" in text, name
            if name in topic.answers:
                assert "Args:" in text, name
                assert "Returns:" in text, name
                assert "Raises:" in text, name


def test_examples_exist_at_all():
    finder = doctest.DocTestFinder()
    tests = finder.find(importlib.import_module("course_lib.convolution"))
    assert sum(len(test.examples) for test in tests) >= 10


GENERATE = """
import sys
from nbgrader.apps.api import NbGraderAPI
from nbgrader.apps.baseapp import NbGrader
app = NbGrader()
app.initialize([])
api = NbGraderAPI(config=app.config)
for stem in sys.argv[1:]:
    result = api.generate_assignment(stem)
    assert result["success"], result
"""


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """All assignments, generated anew; one process, since nbgrader takes long to start."""
    course = tmp_path_factory.mktemp("course")
    for name in ("nbgrader_config.py", "_config.yml"):
        shutil.copy(ROOT / name, course)
    stems = [topic.stem for topic in ASSIGNED]
    for stem in stems:
        (course / "solutions" / stem).mkdir(parents=True)
        shutil.copy(ROOT / "solutions" / stem / f"{stem}.ipynb", course / "solutions" / stem)
    subprocess.run(
        [sys.executable, "-c", GENERATE, *stems], cwd=course, check=True, capture_output=True
    )
    return course / "assignments"


@pytest.mark.parametrize("topic", ASSIGNED, ids=lambda topic: topic.stem)
def test_assignment_is_what_the_solution_generates(generated, topic):
    name = f"{topic.stem}/{topic.stem}.ipynb"
    released = ROOT / "assignments" / name
    assert (generated / name).read_bytes() == released.read_bytes(), "run `make assignments`"


@pytest.mark.parametrize("topic", ASSIGNED, ids=lambda topic: topic.stem)
def test_solution_notebook(topic):
    notebook = nbformat.read(
        ROOT / "solutions" / topic.stem / f"{topic.stem}.ipynb", as_version=nbformat.NO_CONVERT
    )
    nbformat.validate(notebook)
    cells = [(cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell, _ in cells)
    graded = [cell.source for cell, meta in cells if meta.get("grade") and meta.get("locked")]
    assert [re.search(r'check\("(\w+)"', source)[1] for source in graded] == list(topic.answers)
    for source, (_, meta) in zip(
        graded, [c for c in cells if c[1].get("grade") and c[1].get("locked")], strict=True
    ):
        assert source.endswith(f"report.points({meta['points']})")
        assert "### BEGIN HIDDEN TESTS" in source
    manual = [meta for _, meta in cells if meta.get("grade") and meta.get("solution")]
    assert len(manual) == 1
    assert sum(meta.get("points", 0) for _, meta in cells) == 100


@pytest.mark.parametrize("topic", ASSIGNED, ids=lambda topic: topic.stem)
def test_assignment_gives_nothing_away(topic):
    path = ROOT / "assignments" / topic.stem / f"{topic.stem}.ipynb"
    text = path.read_text(encoding="utf8")
    for secret in ("HIDDEN", "hidden=True", "BEGIN SOLUTION", "model answer"):
        assert secret not in text
    assert text.count("raise NotImplementedError()") == len(topic.answers)


@pytest.mark.parametrize("stem", build.stems_with_students())
def test_sample_students_are_what_they_are_built_from(stem):
    for student in build.students(stem):
        there = (student / f"{stem}.ipynb").read_bytes()
        assert there == build.build(stem, student), "run `python -m tests.submissions.build`"


def test_what_checks_say_to_read_exists():
    """The anchors that reports name are headings or targets of the chapters."""
    for topic in ASSIGNED:
        text = (ROOT / "book" / f"{topic.stem}.md").read_text(encoding="utf8")
        targets = set(re.findall(r"^\(([\w-]+)\)=", text, re.MULTILINE))
        for check in load(topic.stem):
            for part in check.parts:
                page, _, anchor = part.read.partition("#")
                assert page == f"{topic.stem}.html"
                assert anchor in targets, f"{check.name}.{part.name} reads {part.read}"


SKIP = re.compile(r"\.(png|svg|woff|ico)$|^book/_static/mathjax/|^requirements\.lock$")


def test_nothing_of_one_machine_is_tracked():
    # Spelled in pieces, so that this file does not find itself.
    machine = re.compile(
        "/" + r"(work|tmp/research|farm|root/\.pyenv)/" + r"|\.(whl|tar\.gz)\b.*//"
    )
    hosts = re.compile(r"(files\.pythonhosted|registry\.npmjs|" + r"pypi)\." + "org")
    for name in TRACKED:
        path = ROOT / name
        if SKIP.search(name) or not path.is_file():
            continue
        text = path.read_text(encoding="utf8", errors="replace")
        assert not machine.search(text), name
        assert not hosts.search(text), name


def test_lock_has_hashes_and_no_addresses():
    text = (ROOT / "requirements.lock").read_text(encoding="utf8")
    assert "://" not in text
    names = [line for line in text.splitlines() if line and line[0].isalnum()]
    assert len(names) > 100
    assert text.count("--hash=sha256:") >= len(names)


def test_large_files_have_a_reason():
    reasons = {"book/_static/mathjax"}  # formulas without a network
    large = [n for n in TRACKED if (ROOT / n).is_file() and (ROOT / n).stat().st_size > 2**20]
    assert [n for n in large if not any(n.startswith(r) for r in reasons)] == []


def test_config_is_valid_yaml():
    assert yaml.safe_load((ROOT / "_config.yml").read_text())["only_build_toc_files"] is True
