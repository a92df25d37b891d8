"""Reads a submission's code for what an honest answer hardly needs, and tells the instructor.

Nothing here costs a mark: whether an answer is right is judged by what it computes. But "used the
library instead of implementing it" cannot be proven from outside, so a person should look.
"""

import ast

from course_lib.grading.notes import INSTRUCTOR, Note
from course_lib.grading.shell import defined_names

# Reaching for these means looking at Python itself, or at who is asking.
MACHINERY = ("course_inside", "ctypes", "gc", "inspect", "ipykernel", "sys._getframe", "zmq")
MACHINERY += ("sys.settrace", "sys.setprofile", "sys.modules", "get_ipython")
# What is called in another process, or under a name made up of pieces, nobody sees.
MACHINERY += ("subprocess", "multiprocessing", "importlib", "os.system", "os.popen", "os.fork")
PLACES = ("/proc/", "/dev/shm", "/opt/course")
MOST = 8
DOTTED = 8


def remarks(notebook, assignment, forbidden):
    """Return notes on the code of a submission.

    Args:
        notebook: the sanitised notebook.
        assignment: the `Assignment`; its locked cells are not read.
        forbidden: modules that an answer may not call, by the check's name.

    Returns:
        Notes for the instructor, at most `MOST`.
    """
    locked = {cell.name for cell in assignment.cells if cell.locked}
    found = []
    for number, cell in enumerate(notebook.cells, 1):
        name = (cell.metadata.get("nbgrader") or {}).get("grade_id")
        if cell.cell_type != "code" or name in locked:
            continue
        used = _used(cell.source)
        place = f"the cell {name!r}" if name else f"cell {number}, the student's own,"
        found += [f"{place} uses {what}." for what in MACHINERY if _covers(used, what)]
        found += [f"{place} mentions {what}." for what in PLACES if what in cell.source]
        if name:
            found += [
                f"{place} uses {what}, which an answer may not call."
                for what in _forbidden_to(cell.source, forbidden)
                if _covers(used, what)
            ]
    return [Note(text, to=INSTRUCTOR) for text in found[:MOST]]


def _forbidden_to(source, forbidden):
    """Return what a cell's answers may not call; where it defines none, what no answer may."""
    answers = set(defined_names(source)) & set(forbidden)
    modules = [set(forbidden[name]) for name in answers]
    if modules:
        return sorted(set.union(*modules))
    return sorted(set.intersection(*map(set, forbidden.values()))) if forbidden else []


def _used(source):
    """Return the dotted names that a cell imports or reads; none if it does not parse."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names = set()
    inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute | ast.Name) and id(node) not in inner:
            names.add(_dotted(node))
    return names


def _dotted(node):
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "?")
    # All that is looked for is short; the longest chain of a submission is not.
    return ".".join(reversed(parts[-DOTTED:]))


def _covers(names, module):
    return any(name == module or name.startswith(f"{module}.") for name in names)
