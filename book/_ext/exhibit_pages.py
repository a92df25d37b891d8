"""Put exhibits into pages: a still picture each, and what the lean host needs to bring it to life.

myst-nb would write every widget's whole state, its module's text once per instance, and load two
remote scripts of 900 kB. A page of anywidgets needs 2 kB: `_static/exhibits.js` reads the texts and
traits that this extension writes, each distinct text once per page.
"""

import hashlib
import json
import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

log = logging.getLogger(__name__)

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
SHOWN = re.compile(r'data-exhibit="(\w+)"')


class ShowExhibits(SphinxPostTransform):
    """Replace a widget's output by its still picture inside a place for the live view."""

    default_priority = 3  # before myst-nb picks one representation, at 4

    def run(self, **kwargs):
        """Called by Sphinx for every page it writes."""
        if self.app.builder.format != "html":
            return
        for bundle in list(self.document.findall(_is_bundle)):
            forms = {child["mime_type"]: child for child in bundle.children}
            if VIEW in forms:
                bundle.replace_self(self._place(forms))

    def _place(self, forms):
        view = re.sub(r"^<script[^>]*>|</script>$", "", forms[VIEW].astext())
        stills = list(forms["image/png"].findall(nodes.image)) if "image/png" in forms else []
        text = " ".join(forms["text/plain"].astext().split()) if "text/plain" in forms else ""
        if not stills or not text:
            log.warning(
                "a widget has no still picture or no text in its output, so readers without "
                "JavaScript get nothing; publish a subclass of course_lib.exhibits.base.Exhibit",
                location=forms[VIEW],
                type="exhibits",
            )
            return []
        still = stills[0].deepcopy()
        still["alt"] = text
        still["classes"] = ["exhibit-still", "no-scaled-link"]  # else a link to the picture
        opening = f'<div class="exhibit" data-exhibit="{json.loads(view)["model_id"]}">'
        return [
            nodes.raw("", opening, format="html"),
            still,
            nodes.raw("", "</div>", format="html"),
        ]


def page_data(state, shown):
    """Return what the host needs of a notebook's saved widget state.

    Args:
        state: the notebook's `widget-state`, a dictionary by model.
        shown: the models that the page displays.

    Returns:
        `{"texts": {key: module or style sheet}, "exhibits": {model: {"module", "style", "state",
        "buffers"}}}`.

    Raises:
        ValueError: if a model is not an anywidget, or needs another one.
    """
    texts, exhibits = {}, {}
    for model in shown:
        entry = state[model]
        if entry["model_module"] != "anywidget":
            raise ValueError(
                f"the page shows a {entry['model_name']}, which needs a kernel or 900 kB of "
                "scripts; publish anywidgets only"
            )
        traits = {
            name: value
            for name, value in entry["state"].items()
            if not name.startswith("_") and name not in ("layout", "tabbable", "tooltip")
        }
        if "IPY_MODEL_" in json.dumps(traits):
            raise ValueError(f"the exhibit {model} refers to another widget; it must stand alone")
        exhibits[model] = {"state": traits, "buffers": entry.get("buffers", [])}
        for key, trait in (("module", "_esm"), ("style", "_css")):
            text = entry["state"].get(trait) or ""
            name = hashlib.sha256(text.encode()).hexdigest()[:12]
            texts[name] = text
            exhibits[model][key] = name
    return {"texts": texts, "exhibits": exhibits}


def host(app, pagename, _template, context, _doctree):
    """Write the page's exhibits and the host's script in place of the notebook's widget state."""
    scripts = context.get("script_files", [])
    states = [s for s in scripts if getattr(s, "attributes", {}).get("type") == STATE]
    if not states:
        return
    scripts[:] = [script for script in scripts if script not in states]
    shown = SHOWN.findall(context.get("body", ""))
    if not shown:
        return
    try:
        data = page_data(json.loads(states[0].attributes["body"])["state"], shown)
    except ValueError as error:
        log.warning("%s", error, location=pagename, type="exhibits")
        return
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    app.add_js_file(None, body=text, type="application/json", id="exhibit-data")
    app.add_js_file("exhibits.js", defer="defer")


def _is_bundle(node):
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"


def setup(app):
    """Register with Sphinx."""
    app.add_post_transform(ShowExhibits)
    app.connect("html-page-context", host, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
