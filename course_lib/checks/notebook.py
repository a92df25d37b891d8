"""Run the answers of a notebook, without its checks, and check them: `course check`."""

import ast
import json
import linecache
import re
import sys
import types
import warnings
from pathlib import Path

import nbformat

from course_lib.checks.run import load, run


def check_notebook(stem, path):
    """Check every function that a topic asks for, as a notebook defines it.

    Cells that fail are reported on stderr and skipped, as when one runs a notebook to its end.
    Test cells are not run: the checks stand in for them.

    Args:
        stem: the topic's.
        path: the notebook's.

    Returns:
        One `Report` for each function.

    Raises:
        ValueError: if there is no such topic, or the file is missing or no notebook.
    """
    import matplotlib

    checks, notebook = load(stem), read_notebook(path)
    matplotlib.use("agg")  # a notebook's plt.show() must not open a window or wait
    module = types.ModuleType("__main__")
    sys.modules["__course_answers__"] = module
    for number, cell in enumerate(notebook.cells, start=1):
        settings = cell.metadata.get("nbgrader", {})
        test = settings.get("locked") and (settings.get("grade") or "check(" in cell.source)
        if cell.cell_type == "code" and not test:
            _execute(cell.source, f"cell {number} of {Path(path).name}", module)
    return [run(check, getattr(module, check.name, _missing(check.name))) for check in checks]


def read_notebook(path):
    """Read a notebook of any format version, or raise a `ValueError` that says what it is.

    Example:
        >>> read_notebook("nowhere.ipynb")
        Traceback (most recent call last):
        ...
        ValueError: there is no notebook nowhere.ipynb; give the path of an .ipynb file.
    """
    path = Path(path)
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "no notebook"
        at = f"{path} is {kind}" if path.is_dir() else f"there is {kind} {path}"
        raise ValueError(f"{at}; give the path of an .ipynb file.")
    try:
        with warnings.catch_warnings(action="ignore"):  # it mends doubled cell ids, and says so
            return nbformat.read(path, as_version=4)
    except (json.JSONDecodeError, UnicodeDecodeError, nbformat.reader.NotJSONError) as error:
        raise ValueError(f"{path} is not readable as a notebook: it is no JSON.") from error
    except Exception as error:  # nbformat raises what the damage happens to cause
        raise ValueError(f"{path} is damaged as a notebook ({type(error).__name__}).") from error


def _execute(source, name, module):
    source = re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE) + "\n"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    try:
        exec(compile(ast.parse(source, name), name, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        print(f"{name} ends in {type(error).__name__}: {error}", file=sys.stderr)


def _missing(name):
    def missing(*args, **kwargs):
        raise NotImplementedError(f"the notebook does not define {name}")

    return missing
