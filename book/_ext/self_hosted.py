"""Serve every asset from the book itself, and fail the build when a page would fetch another.

Jupyter Book loads sphinx-thebe on every page, which names a remote script, and its theme ships
1.5 MB of icons as JavaScript beside the web font that draws the same icons. Both go.
"""

import re
from pathlib import Path

from sphinx.errors import ExtensionError

UNWANTED_CSS = ("sphinx-thebe.css",)
ICONS = "_static/scripts/fontawesome.js"
ICONS_TAG = re.compile(r"<script[^>]*/scripts/fontawesome\.js[^>]*></script>\s*")
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc\s*=\s*["'](?:https?:)?//[^>]*"""
    r"""|<link\b(?=[^>]*\brel\s*=\s*["']"""
    r"""(?:stylesheet|preload|preconnect|dns-prefetch|icon|modulepreload))"""
    r"""[^>]*\bhref\s*=\s*["'](?:https?:)?//[^>]*"""
    r"""|@import\s+(?:url\()?\s*["']?(?:https?:)?//[^;]*"""
    r"""|\burl\(\s*["']?(?:https?:)?//[^)]*"""
    r"""|\bimport\s*\(?\s*["']https?://[^"']*""",
    re.IGNORECASE,
)


def remote_assets(text):
    """List what a browser would fetch from another host on reading this HTML or CSS.

    Links that a reader follows are not assets.

    Example:
        >>> remote_assets('<a href="https://example.org">x</a><img src="//example.org/y.png">')
        ['<img src="//example.org/y.png"']
    """
    return [match.group(0) for match in FETCHED.finditer(text)]


def remove_thebe(app, _config):
    """Disconnect whatever sphinx-thebe connected."""
    for listeners in list(app.events.listeners.values()):
        for listener in list(listeners):
            if listener.handler.__module__.startswith("sphinx_thebe"):
                app.disconnect(listener.id)
    app.registry.css_files[:] = [
        (name, attributes)
        for name, attributes in app.registry.css_files
        if name not in UNWANTED_CSS
    ]


def finish(app, error):
    """Take the icons' script out of the pages, then look for whatever is not the book's own."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for name in (ICONS, f"{ICONS}.map", f"{ICONS}.LICENSE.txt"):
        (out / name).unlink(missing_ok=True)
    found = []
    for path in sorted([*out.rglob("*.html"), *out.rglob("*.css")]):
        text = path.read_text(encoding="utf8")
        # The theme's own template lies in _static too; Sphinx would copy it anew at every build.
        if "_static" not in path.parts and ICONS_TAG.search(text):
            text = ICONS_TAG.sub("", text)
            path.write_text(text, encoding="utf8")
        found += [f"{path.relative_to(out)}: {asset[:160]}" for asset in remote_assets(text)]
    if found:
        raise ExtensionError(
            "the book must be readable without a network, but its pages would fetch:\n  "
            + "\n  ".join(found)
            + "\nPut the file below book/_static and name it there."
        )


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", remove_thebe, priority=900)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
