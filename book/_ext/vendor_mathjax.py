"""Reproduce `book/_static/mathjax/` from the published package, so that the book serves it itself.

Run it by hand when the version changes: `python book/_ext/vendor_mathjax.py`. It needs npm and a
network; building and reading the book need neither. MathJax stays at 3: version 4 fetches its fonts
from elsewhere. Only the parts that the book loads are kept: no menu, no speech engine, no SVG.
"""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VERSION = "3.2.2"
INTEGRITY = (
    "sha512-"
    "Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw=="
)
TARGET = Path(__file__).resolve().parent.parent / "_static" / "mathjax"
PARTS = (
    "startup.js",
    "core.js",
    "input/tex.js",
    "output/chtml.js",
    "output/chtml/fonts/tex.js",
    "output/chtml/fonts/woff-v2",
    "a11y/assistive-mml.js",
)
# What TeX commands may ask for by themselves (MathJax's autoload), and mathtools.
TEX_EXTENSIONS = (
    *("action", "amscd", "bbox", "boldsymbol", "braket", "cancel", "cases", "centernot", "color"),
    *("enclose", "extpfeil", "gensymb", "html", "mathtools", "textcomp", "textmacros", "unicode"),
    *("upgreek", "verb"),
)


def fetch(folder):
    """Let npm pack the package into the folder and return the archive's path."""
    subprocess.run(
        ["npm", "pack", "--silent", f"mathjax@{VERSION}"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    archive = folder / f"mathjax-{VERSION}.tgz"
    digest = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != INTEGRITY:
        raise SystemExit(f"mathjax {VERSION} has digest {digest}; expected {INTEGRITY}.")
    return archive


def main():
    """Replace the vendored folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with tarfile.open(fetch(folder)) as archive:
            archive.extractall(folder, filter="data")
        source = folder / "package"
        shutil.rmtree(TARGET, ignore_errors=True)
        extensions = [f"input/tex/extensions/{name}.js" for name in TEX_EXTENSIONS]
        for part in [*PARTS, *extensions]:
            target = TARGET / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if (source / "es5" / part).is_dir():
                shutil.copytree(source / "es5" / part, target)
            else:
                shutil.copyfile(source / "es5" / part, target)
        shutil.copyfile(source / "LICENSE", TARGET / "LICENSE")
    files = sum(path.is_file() for path in TARGET.rglob("*"))
    print(f"{TARGET.name}: MathJax {VERSION}, {files} files")


if __name__ == "__main__":
    main()
