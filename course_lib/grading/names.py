"""Whose a name is: what graded cells take from the submission, and what only from here.

A locked cell's own functions and data must not come from the sandbox, where a submission can bind
their names to something else; what a locked cell computes with an answer can come from there only.
"""

import ast

from course_lib.grading.shell import bound_names, defined_names, parsed, used_names

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_FIXED = (*_FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom)


class Names:
    """Keeps account of names while an assignment's cells run in order.

    Args:
        answers: the names that the assignment's answers define.
        namespace: of the trusted shell.

    Attributes:
        students: names whose value is the submission's.
    """

    def __init__(self, answers, namespace):
        self.students, self.namespace = set(answers), namespace
        self._answers = frozenset(answers)
        self._reached = {}  # answers, by the trusted function that calls them
        self._fixed = set()  # modules, functions, classes
        self._ours = set()

    def wanted(self, source):
        """Return the names that the sandbox is asked for before a graded cell runs."""
        used = list(used_names(source))
        for name in used:
            used += [more for more in sorted(self._reached.get(name, ())) if more not in used]
        ours = {*self.namespace, *self._ours}
        return [name for name in used if name in self.students or name not in ours]

    def ran_graded(self, source, complete):
        """Say that a graded cell ran: what it defines is nobody else's, even if it stopped."""
        self._ours |= bound_names(source) - self._answers
        if complete:
            self.students -= set(defined_names(source))

    def answered(self, source):
        """Say that one of the assignment's answers comes now; its names are the submission's."""
        self.students |= set(defined_names(source))

    def trusted_part(self, source):
        """Return those statements of a locked cell that need no answer to run.

        A function that calls an answer when it is called is among them: its text is the
        assignment's, and a graded cell that uses it finds the answer as a proxy.
        """
        tree = parsed(source)
        if tree is None:
            return source
        kept = [node for node in tree.body if self._runs_here(node)]
        if len(kept) == len(tree.body):
            return source
        return "\n".join(ast.unparse(node) for node in kept)

    def _runs_here(self, node):
        text = ast.unparse(node)
        used, bound = set(used_names(text)), bound_names(text)
        needed = (used & self.students).union(*(self._reached.get(name, ()) for name in used))
        early = used if _early(node) is None else _early(node)
        if needed & early or any(self._reached.get(name) for name in early):
            self.students |= bound | self._changed(node)
            return False
        self.students -= bound
        self._fixed -= bound
        self._fixed |= bound if isinstance(node, _FIXED) else set()
        for name in bound:
            self._reached.pop(name, None)
            if needed:
                self._reached[name] = needed
        return True

    def _changed(self, node):
        """Return names of data that a statement may change in place, as in `found.append(f(1))`."""
        called = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
        stored = [n for n in ast.walk(node) if isinstance(getattr(n, "ctx", None), ast.Store)]
        return {_root(one) for one in (*called, *stored)} - self._fixed - {""}


def _root(node):
    """Return the name whose part an attribute or an item is, "" if it is no part of a name."""
    if not isinstance(node, ast.Attribute | ast.Subscript):
        return ""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _early(node):
    """Return the names that a definition reads before it is called; None for other statements."""
    if isinstance(node, ast.ClassDef):
        parts = [*node.bases, *node.keywords, *node.decorator_list]
        inner = [(part, _early(part)) for part in node.body]
        found = {name for _, names in inner if names for name in names}
        parts += [part for part, names in inner if names is None]
    elif isinstance(node, _FUNCTIONS):
        arguments = ast.Lambda(node.args, ast.Constant(None))
        found, parts = set(), [*node.decorator_list, arguments]
        parts += [node.returns] if node.returns else []
    else:
        return None
    nodes = [one for part in parts for one in ast.walk(part)]
    return found | {one.id for one in nodes if isinstance(one, ast.Name)}
