"""Give readers without JavaScript the light colours.

The theme marks a page as "auto" and its script puts "light" or "dark" there. Where no script runs,
neither of the two palettes applies: no borders, no colours in code, a header without ground.
"""

from pathlib import Path

AUTO, LIGHT = 'data-theme="auto"', 'data-theme="light"'


def finish(app, error):
    """Mark the pages as light; the theme's script still marks them anew."""
    if error or app.builder.format != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*.html")):
        text = path.read_text(encoding="utf8")
        # The theme's own template lies in _static too; Sphinx would copy it anew at every build.
        if "_static" not in path.parts and AUTO in text:
            path.write_text(text.replace(AUTO, LIGHT, 1), encoding="utf8")


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
