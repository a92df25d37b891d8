"""Says what a cell's code defines, without running it and however broken it is."""

import ast
import re

# A student's notebook is far smaller; a hostile one must not cost seconds of parsing.
PARSED_CHARACTERS = 1_000_000
COMPARED_CHARACTERS = 200_000
MAGIC = re.compile(r"^([ \t]*)(?:[%!?].*|[\w.]+\?{1,2}[ \t]*)$", re.MULTILINE)
CELL_MAGIC = re.compile(r"\A\s*%%(?:time|timeit|capture|prun)\b.*")
AT_MARGIN = re.compile(
    r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)|^(\w+)[ \t]*=(?!=)", re.MULTILINE
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BLOCKS = (ast.If, ast.Try, ast.With, ast.For, ast.While, ast.ExceptHandler)
NOT_PARSED = (SyntaxError, ValueError, RecursionError, MemoryError)


class Definitions:
    """Reads cells' sources, each once, and stops parsing when it has cost too much."""

    def __init__(self, characters=PARSED_CHARACTERS):
        self.left, self.trees, self.bound = characters, {}, {}

    def tree(self, source):
        """Return the syntax tree of a cell, or None if it has none or reading it costs too much."""
        if source not in self.trees:
            self.left -= len(source)
            self.trees[source] = parse(source) if self.left >= 0 else None
        return self.trees[source]

    def names(self, source):
        """Return what a cell binds at its top level: functions, classes, variables, imports."""
        return self._both(source)[0]

    def answers(self, source):
        """Return what a cell binds, without functions that only raise NotImplementedError."""
        return self._both(source)[1]

    def _both(self, source):
        if source not in self.bound:
            tree = self.tree(source)
            if tree is None:
                names = {one or other for one, other in AT_MARGIN.findall(source)}
                answers = set() if "raise NotImplementedError" in source else names
            else:
                names = {name for node in tree.body for name in _bound(node)}
                real = [node for node in tree.body if not _is_stub(node)]
                answers = {name for node in real for name in _bound(node)}
            self.bound[source] = names, answers
        return self.bound[source]

    def shape(self, source):
        """Return what is equal for two sources that differ in layout and comments only, or None."""
        tree = self.tree(source)
        try:
            return ast.dump(tree) if tree is not None and tree.body else None
        except RecursionError:
            return None

    def gives_up(self, source):
        """Return whether a cell stops with an exception of its own, as a draft or a stub does."""
        tree = self.tree(source)
        return tree is not None and any(isinstance(node, ast.Raise) for node in tree.body)

    def mentions(self, source):
        """Return every name that a cell uses."""
        tree = self.tree(source)
        if tree is None:
            return set(re.findall(r"[^\W\d]\w*", source))
        return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def parse(source):
    r"""Return the tree of a cell's source, IPython's magics aside, or None if it has none.

    Example:
        >>> len(parse("%matplotlib inline\nx = 1").body)
        2
    """
    if source.lstrip().startswith("%%") and not CELL_MAGIC.match(source):
        return None
    text = MAGIC.sub(r"\1pass", CELL_MAGIC.sub("pass", source))
    try:
        return ast.parse(text)
    except NOT_PARSED:
        return None


def without_statements(source, known):
    r"""Return a source without the statements that another has too; as it is if it has no tree.

    Example:
        >>> without_statements("def f():\n    return 1\ncheck(f)", "check(f)")
        'def f():\n    return 1'
    """
    small = len(source) + len(known) <= COMPARED_CHARACTERS
    tree, other = (parse(source), parse(known)) if small else (None, None)
    if tree is None or other is None:
        return source
    try:
        released = {ast.dump(node) for node in other.body}
        gone = [node for node in tree.body if ast.dump(node) in released]
    except RecursionError:
        return source
    lines = source.split("\n")
    kept = set(range(len(lines)))
    for node in gone:
        kept -= set(range(node.lineno - 1, node.end_lineno))
    # Statements on one line stay together: what is lost would be worse than what is twice.
    for node in tree.body:
        if node not in gone:
            kept |= set(range(_first_line(node) - 1, node.end_lineno))
    return "\n".join(lines[index] for index in sorted(kept)).strip("\n")


def _first_line(node):
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _bound(node):
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        targets = []
    found = {part.id for target in targets for part in _parts(target) if isinstance(part, ast.Name)}
    # A function inside `if`, `try` or `with` is at the top level too.
    for block in ("body", "orelse", "handlers", "finalbody") if isinstance(node, BLOCKS) else ():
        for inner in getattr(node, block, ()):
            found |= _bound(inner)
    return found


def _parts(target):
    return target.elts if isinstance(target, ast.Tuple | ast.List) else [target]


def _is_stub(node):
    """Return whether a function is as nbgrader releases it: at its end it gives up."""
    if not isinstance(node, FUNCTIONS) or not isinstance(node.body[-1], ast.Raise):
        return False
    raised = node.body[-1].exc
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
