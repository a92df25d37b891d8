"""`{mistakes} convolution`: the mistakes that the topic's checks diagnose, as a list.

The chapter warns of exactly what the checks recognise, since both read the same list.
"""

import importlib
from html import escape

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from .import_closure import import_closure


def load_checks(stem):
    """Return the topic's checks; apart, so that a test can put others in their place."""
    return importlib.import_module("course_lib.checks").load(stem)


class Mistakes(SphinxDirective):
    """The directive."""

    required_arguments = 1

    def run(self):
        """Return one folded group for each check that has misconceptions."""
        stem = self.arguments[0]
        try:
            checks = load_checks(stem)
        except (ImportError, ValueError) as error:
            raise self.error(f"mistakes {stem}: {error}") from error
        names = ["course_lib.checks", f"course_lib.checks.{stem}"]
        for path in import_closure(names, {"course_lib"}):
            self.env.note_dependency(str(path))
        groups = [node for check in checks if check.misconceptions for node in self._group(check)]
        if not groups:
            raise self.error(f"mistakes {stem}: its checks have no misconceptions to list")
        return [nodes.container("", *groups, classes=["mistakes"])]

    def _group(self, check):
        # Many name code, whose quotes a reader may copy: they stay straight.
        hints = nodes.bullet_list(bullet="-", support_smartquotes=False)
        for misconception in check.misconceptions:
            item = nodes.list_item()
            lines = StringList(misconception.hint.splitlines(), source=f"checks of {check.name}")
            self.state.nested_parse(lines, self.content_offset, item)
            hints += item
        # Folded: a topic has dozens, and a reader looks for those of one function.
        summary = (
            f'<details class="mistakes-group"><summary><code>{escape(check.name)}</code> '
            f"<span>{len(hints)}</span></summary>"
        )
        return [
            nodes.raw("", summary, format="html"),
            hints,
            nodes.raw("", "</details>", format="html"),
        ]


def setup(app):
    """Register with Sphinx."""
    app.add_directive("mistakes", Mistakes)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
