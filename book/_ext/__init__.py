"""The book's own Sphinx extensions; `_config.yml` names this package and it loads the rest."""

PARTS = (
    "self_hosted",
    "fresh_cache",
    "exhibit_pages",
    "quiz",
    "listing",
    "mistakes",
    "course_map",
    "assignment",
    "notebook_download",
    "lean_pictures",
    "light_without_script",
)


def setup(app):
    """Load every part; called by Sphinx."""
    for part in PARTS:
        app.setup_extension(f"{__name__}.{part}")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
