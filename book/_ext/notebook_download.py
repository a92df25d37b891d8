"""Offer each chapter as a notebook, beside its source.

The theme does so only for books that name a launch service. Outputs are left out: the reader runs
the cells, and the file is a hundredth of the size.
"""

from pathlib import Path

import nbformat


def without_outputs(notebook):
    """Clear a notebook of outputs and of saved widget state, in place, and return it."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def offer(app, pagename, _template, context, _doctree):
    """Put the page's notebook beside its source and tell the theme's download button."""
    executed = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if app.builder.name != "html" or not executed.exists():
        return
    target = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(without_outputs(nbformat.read(executed, as_version=4)), target)
    context["ipynb_source"] = f"{pagename}.ipynb"


def setup(app):
    """Register with Sphinx; the theme makes its buttons at priority 501."""
    app.connect("html-page-context", offer, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
