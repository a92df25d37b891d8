"""`{assignment} convolution`: the topic's notebook to download, and how to start with it."""

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from course_lib.topics import topic

START = """
You write {answers}. Every step has a check that says at once what is wrong.

In a copy of the course's repository, after `make course` has set it up once:

```sh
.venv/bin/jupyter lab {path}
```

Downloaded alone, the notebook needs a Python in which `course_lib` is installed
(`pip install` and the repository's folder).
"""


class Assignment(SphinxDirective):
    """The directive; a body replaces the words on how to start."""

    required_arguments = 1
    has_content = True

    def run(self):
        """Return a box with a link to a copy of the notebook inside the book."""
        stem = self.arguments[0]
        path = f"assignments/{stem}/{stem}.ipynb"
        box = nodes.admonition(classes=["admonition", "assignment"])
        box += nodes.title("", "Assignment")
        # Sphinx copies what a download_reference names, and warns when it is missing.
        link = addnodes.download_reference(
            "",
            "",
            nodes.literal("", f"{stem}.ipynb"),
            refdoc=self.env.docname,
            reftarget=f"/{path}",
            reftype="download",
            refdomain="",
            refexplicit=True,
            refwarn=True,
        )
        self.set_source_info(link)
        box += nodes.paragraph("", "", nodes.Text("Download the notebook: "), link)
        *first, last = (f"`{name}`" for name in topic(stem).answers)
        start = START.format(path=path, answers=f"{', '.join(first)} and {last}")
        text = self.content or StringList(start.splitlines(), source=__file__)
        self.state.nested_parse(text, self.content_offset, box)
        return [box]


def setup(app):
    """Register with Sphinx."""
    app.add_directive("assignment", Assignment)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
