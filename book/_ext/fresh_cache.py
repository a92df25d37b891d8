"""Execute a chapter again when what it imports changed, not only when its own cells did.

jupyter-cache knows a chapter by its code cells, and Sphinx reads a page again when its file
changed. A change in the course's package (Python, JavaScript, CSS) reaches neither. So every
chapter gets a fingerprint over the closure of its imports; one that moved is dropped from the cache
and handed to Sphinx as outdated. A change of the book's own scripts, styles and extensions makes
every page outdated, but executes none.
"""

import hashlib
import json
from pathlib import Path

from jupyter_cache import get_cache
from myst_nb.core.read import create_nb_reader
from sphinx.util import logging

from .import_closure import import_closure, imported_names

log = logging.getLogger(__name__)


def fingerprint(sources, packages, extra_files=()):
    """Hash all that a chapter's code cells depend on.

    Args:
        sources: the texts of the code cells.
        packages: local packages whose files count.
        extra_files: further paths, such as the lock file.

    Returns:
        A hexadecimal string of 20 characters.
    """
    names = [name for source in sources for name in imported_names(source)]
    digest = hashlib.sha256()
    for path in [*import_closure(names, set(packages)), *map(Path, extra_files)]:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:20]


def shipped(chapter):
    """Return what a chapter's recipes left for it: the files `_data/<stem>*` beside it."""
    return sorted((chapter.parent / "_data").glob(f"{chapter.stem}*"))


def outdated(app, env, _added, _changed, _removed):
    """Return the chapters whose fingerprint moved; their cached outputs are dropped."""
    settings = env.mystnb_config
    if settings.execution_mode != "cache":
        return []
    store = Path(settings.execution_cache_path) / "fingerprints.json"
    before = json.loads(store.read_text(encoding="utf8")) if store.exists() else {}
    cache = get_cache(settings.execution_cache_path)
    now, stale = {}, []
    for document in sorted(env.found_docs):
        notebook = _notebook(env, document)
        if notebook is None:
            continue
        sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        now[document] = fingerprint(
            sources,
            app.config.fresh_cache_packages,
            [Path(app.confdir, name) for name in app.config.fresh_cache_files]
            + shipped(Path(env.doc2path(document))),
        )
        if before.get(document) != now[document] and _drop(cache, notebook):
            log.info("fresh_cache: %s: what it imports changed; executing again", document)
            stale.append(document)
    app.fresh_cache = (store, now)
    return stale


def save(app, error):
    """Remember the fingerprints of a build that succeeded."""
    if error is None and hasattr(app, "fresh_cache"):
        store, now = app.fresh_cache
        store.parent.mkdir(parents=True, exist_ok=True)
        store.write_text(json.dumps(now, indent=1, sort_keys=True), encoding="utf8")


def _notebook(env, document):
    """The page as a notebook, or None if it has no code cells to execute."""
    path = env.doc2path(document)
    text = Path(path).read_text(encoding="utf8")
    reader = create_nb_reader(path, env.myst_config, env.mystnb_config, text)
    return reader and reader.read(text)


def _drop(cache, notebook):
    """Remove the notebook's outputs from the cache; False if it held none."""
    try:
        record = cache.match_cache_notebook(notebook)
    except KeyError:
        return False
    cache.remove_cache(record.pk)
    return True


def fingerprint_of_shell(folders):
    """Hash the book's scripts, styles and extensions, by name and content."""
    digest = hashlib.sha256()
    for folder in map(Path, folders):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:20]


def note_shell(app, config):
    """Let Sphinx see a change of a script or style, without which it builds nothing at all."""
    static = [Path(app.confdir, name) for name in config.html_static_path]
    config.shell_fingerprint = fingerprint_of_shell([Path(__file__).parent, *static])


def setup(app):
    """Register with Sphinx."""
    app.add_config_value("shell_fingerprint", "", "env")
    app.connect("config-inited", note_shell)
    app.add_config_value("fresh_cache_packages", [], "")
    app.add_config_value("fresh_cache_files", [], "")
    app.connect("env-get-outdated", outdated)
    app.connect("build-finished", save)
    return {"version": "1", "parallel_read_safe": True}
