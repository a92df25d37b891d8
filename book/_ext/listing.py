"""`{listing} course_lib.convolution.conv2d`: the source of a function, as the tests test it.

A chapter shows code by including it. The docstring is left out, since the prose around a listing
says the same at more length; the option `:docstring:` keeps it.
"""

import ast
import importlib.util
import re
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.directives.code import container_wrapper
from sphinx.util.docutils import SphinxDirective

TO_TOOLS = re.compile(r"  # (fmt: skip|noqa\b.*)$")  # comments that say nothing to a reader


def source_of(path, names, docstring=False):
    """Cut one function or class out of a file, without importing it.

    Args:
        path: the Python file.
        names: its name there, as a list: `["conv2d"]`, or `["Exhibit", "render"]` for a method.
        docstring: whether to keep the docstring.

    Returns:
        A pair: the text, dedented, and the number of its first line.

    Raises:
        LookupError: if the file holds no such definition.
    """
    text = Path(path).read_text(encoding="utf8")
    node = ast.parse(text)
    for name in names:
        node = _definition(node, name)
        if node is None:
            raise LookupError(f"{Path(path).name} defines no {'.'.join(names)}")
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines = text.splitlines()
    kept = range(first, node.end_lineno + 1)
    head = node.body[0]
    if not docstring and ast.get_docstring(node, clean=False) is not None and len(node.body) > 1:
        kept = [n for n in kept if not head.lineno <= n <= head.end_lineno]
    indent = node.col_offset
    return "\n".join(TO_TOOLS.sub("", lines[n - 1][indent:]) for n in kept), first


def _definition(parent, name):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in parent.body:
        if isinstance(node, kinds) and node.name == name:
            return node
    return None


def _locate(dotted):
    """Split `package.module.function` into the module's file and the names within it."""
    parts = dotted.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            spec = importlib.util.find_spec(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        if spec and spec.origin:
            return Path(spec.origin), ".".join(parts[:end]), parts[end:]
    raise LookupError(f"there is no module that could hold {dotted}")


class Listing(SphinxDirective):
    """The directive."""

    required_arguments = 1
    option_spec: ClassVar = {"docstring": directives.flag, "name": directives.unchanged}

    def run(self):
        """Return the listing as a captioned code block."""
        try:
            path, module, names = _locate(self.arguments[0])
            text, first = source_of(path, names, "docstring" in self.options)
        except LookupError as error:
            raise self.error(
                f"listing {self.arguments[0]}: {error}. Name it as package.module.function."
            ) from error
        self.env.note_dependency(str(path))
        block = nodes.literal_block(text, text, language="python", classes=["listing"])
        self.set_source_info(block)
        file = "/".join(module.split(".")) + ".py"
        caption = f"`{'.'.join(names)}` in `{file}`, from line {first}"
        wrapper = container_wrapper(self, block, caption)
        wrapper["classes"].append("listing")
        self.add_name(wrapper)
        return [wrapper]


def setup(app):
    """Register with Sphinx."""
    app.add_directive("listing", Listing)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
