"""What a mark depends on besides the submission, as a hash: the tests and the code that judges.

A result is a pure function of the submission and of this version. So a result is used again as long
as neither changes, and an edit of the book, of an exhibit or of a command regrades nothing.
"""

import ast
import hashlib
import json
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import course_lib
from course_lib.topics import TOPICS

ROOT = Path(course_lib.__file__).resolve().parent
# Where a judge's imports end: these see results, or name topics, and decide no mark.
NOT_JUDGES = frozenset(
    ["course_lib", "course_lib.topics", "course_lib.cli", "course_lib.exhibits"]
    + [f"course_lib.grading.{name}" for name in ("course", "files", "store", "journal", "version")]
)
# What a student's numbers may depend on; a worker must have the same.
LIBRARIES = ("numpy", "tensorflow", "keras")


def test_version(assignment):
    """Return the hash of all that decides a mark of an assignment.

    Args:
        assignment: the `Assignment`.

    Returns:
        64 hexadecimal digits; they change when a cell, a point, the topic's checks, what these
        import, or the grading core does.
    """
    cells = [vars(cell) for cell in assignment.cells]
    text = json.dumps([assignment.stem, assignment.kernelspec, cells], sort_keys=True)
    return _hash([text.encode(), judging_code(topics_of(assignment)).encode()])


test_version.__test__ = False  # its name is no test's


def topics_of(assignment):
    """Return the stems of the topics whose checks an assignment may use.

    Its own topic's; or all, if it is none of the course's topics and its cells use our checks.
    """
    stems = tuple(topic.stem for topic in TOPICS)
    if assignment.stem in stems:
        return (assignment.stem,)
    ours = any("course_lib" in cell.source for cell in assignment.cells)
    return stems if ours else ()


@cache
def judging_code(topics):
    """Return the hash of the code that judges an assignment, as this process found it first.

    A worker that runs for days may have files newer than what it has imported; the first answer is
    the one that holds for its process.

    Args:
        topics: stems of the topics whose checks it uses; without any, the grading core alone.
    """
    parts = [f"{name} {_version(name)}".encode() for name in LIBRARIES]
    parts.append(".".join(platform.python_version_tuple()[:2]).encode())
    parts += [repr(topic).encode() for topic in TOPICS if topic.stem in topics]
    for path in judging_files(topics):
        parts += [path.relative_to(ROOT).as_posix().encode(), path.read_bytes()]
    return _hash(parts)


def judging_files(topics):
    """Return the files of the code that judges an assignment, sorted.

    The imports are read, not run: those inside functions count too, those by a computed name do
    not. What is loaded by such names is listed here.
    """
    roots = {"course_lib.grading.submission", *_modules(ROOT / "grading" / "inside")}
    for stem in topics:
        roots |= {"course_lib.checks", f"course_lib.checks.{stem}"}
        roots |= set(_modules(ROOT / "checks" / stem))
    seen, files, pending = set(NOT_JUDGES), set(), sorted(roots)
    while pending:
        name = pending.pop()
        path = _file(name)
        if name in seen or path is None:
            continue
        seen.add(name)
        files.add(path)
        pending += _imports(path)
    return sorted(files)


def _modules(folder):
    """Return the names of all modules of a package."""
    if not folder.is_dir():
        return []
    paths = [path.relative_to(ROOT).with_suffix("") for path in folder.rglob("*.py")]
    names = [".".join(("course_lib", *path.parts)) for path in paths]
    return [name.removesuffix(".__init__") for name in names]


def _file(name):
    """Return a module's file, or None if it is no module of this course."""
    parts = name.split(".")
    if parts[0] != "course_lib":
        return None
    path = ROOT.joinpath(*parts[1:])
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _imports(path):
    """Return the names that a file imports, with the packages that hold them."""
    package = ("course_lib", *path.parent.relative_to(ROOT).parts)
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*base, *([node.module] if node.module else [])])
            # A name may be a module or something in it; what is no file is passed over.
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    parents = {name[:end] for name in found for end, c in enumerate(name) if c == "."}
    return [name for name in found | parents if name.startswith("course_lib.")]


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _hash(parts):
    """Hash parts with their lengths, so that no two lists of parts are alike."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
