"""Which local files a piece of Python depends on, found without running it."""

import ast
import importlib.util
from pathlib import Path


def imported_names(source, package=""):
    """List the dotted names that a source text imports, relative ones made absolute.

    Args:
        source: Python, or a notebook cell with `%` and `!` lines.
        package: the package that relative imports start from.

    Returns:
        A list; `from a import b` gives both `a` and `a.b`, since `b` may be a module. A text that
        is not Python imports nothing: the build itself will say what is wrong with it.

    Example:
        >>> imported_names("from .core import Check", package="course_lib.checks")
        ['course_lib.checks.core', 'course_lib.checks.core.Check']
    """
    lines = ("pass" if line.lstrip()[:1] in ("%", "!") else line for line in source.splitlines())
    try:
        tree = ast.parse("\n".join(lines))
    except SyntaxError:
        return []
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return [name for name in names if name]


def import_closure(names, packages):
    """Files below the named packages that importing `names` runs, and the data beside them.

    Args:
        names: dotted names, as `imported_names` gives them.
        packages: the top-level packages to follow; others are pinned by the lock file.

    Returns:
        A sorted list of paths: the modules, their packages' `__init__.py`, and every file beside
        them that is not Python (an exhibit's JavaScript and CSS, say).
    """
    todo, modules = list(names), {}
    while todo:
        name = todo.pop()
        if name.split(".")[0] not in packages:
            continue
        for depth in range(1, name.count(".") + 2):  # importing a.b runs a as well
            module = ".".join(name.split(".")[:depth])
            if module in modules or (path := _file_of(module)) is None:
                continue
            modules[module] = path
            package = module if path.name == "__init__.py" else module.rpartition(".")[0]
            todo += imported_names(path.read_text(encoding="utf8"), package)
    files = set(modules.values())
    for folder in {path.parent for path in files}:
        files.update(_data_below(folder))
    return sorted(files)


def _base(node, package):
    """The absolute name that an `import from` starts from."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    parents = parts[: len(parts) - node.level + 1]
    return ".".join([*parents, node.module] if node.module else parents)


def _file_of(module):
    """The module's source file, or None if it is no Python module."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, AttributeError, ValueError):
        return None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)


def _data_below(folder):
    """Files that are not Python, in the folder or in folders of data below it."""
    for path in folder.iterdir():
        if path.is_dir():
            if path.name != "__pycache__" and not any(path.glob("*.py")):
                yield from _data_below(path)
        elif path.suffix not in (".py", ".pyc"):
            yield path
