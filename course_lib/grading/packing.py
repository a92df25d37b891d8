"""Reads a submission's folder into memory, once and safely, so that nothing else touches it.

The folder is a stranger's. A link in it could lead to the gradebook, a pipe could be waited for, a
file could grow without end, and each could be swapped for another while it is looked at. So every
step opens by the folder's descriptor, follows no link, waits for nothing, and reads only what the
opened descriptor says is a regular file with one name.
"""

import contextlib
import errno
import functools
import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.grading.choosing import UnreadableError, choose, missing, shown
from course_lib.grading.slimming import TooComplicatedError, slim

MAX_FILES = 1000
MAX_ENTRIES = 20_000
MAX_DEPTH = 20
MAX_PATH = 1000
MAX_SENTENCES = 10
NOTEBOOK_FILE_BYTES = 256 * 2**20
# A smaller notebook keeps its outputs: it costs nothing to carry them.
SLIM_ABOVE = 2**20
CHUNK = 2**20
FIX = "clear its outputs (Edit → Clear Outputs of All Cells), save it, and hand it in again."

# What tools leave behind; it is skipped without a word.
JUNK = {".DS_Store", ".Trash", "Thumbs.db", "__MACOSX", "desktop.ini"}
JUNK |= {".git", ".hg", ".idea", ".svn", ".venv", ".vscode", "node_modules"}
JUNK |= {".cache", ".ipynb_checkpoints", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
JUNK |= {"__pycache__"}
# nbgrader's own, not the student's: when it was handed in must not make it another submission.
STAMP = "timestamp.txt"
FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
HARD_LINK = "a hard link, one file under several names"


@dataclass(frozen=True)
class Packed:
    """A submission's folder in memory.

    Attributes:
        files: contents by path, relative and with slashes.
        left_out: sentences, one for each thing that was left out.
        problem: why there is nothing to grade, a sentence for the student, or "".
    """

    files: dict = field(default_factory=dict)
    left_out: tuple = ()
    problem: str = ""

    @functools.cached_property
    def digest(self):
        """A hash of all of it, which neither times nor the order of files change."""
        total = hashlib.sha256()
        parts = [self.problem, *self.left_out]
        parts += [part for name in sorted(self.files) for part in (name, self.files[name])]
        for part in parts:
            data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
            total.update(len(data).to_bytes(8, "big"))
            total.update(data)
        return total.hexdigest()


class _LeftOutError(Exception):
    """Why one file is not packed, a clause after its name."""


class _TooLargeError(_LeftOutError):
    """It has more bytes than are allowed."""


def pack(folder, stem, limits):
    """Read a submission.

    Args:
        folder: the submission's folder; anything may be there.
        stem: the assignment, which says which file is the notebook.
        limits: the `Limits`: half of `disk` bounds the files, and `notebook_bytes` the notebook
            once its outputs are gone.

    Returns:
        The `Packed` folder; never raises for what a student did.

    Example:
        >>> from course_lib.grading.limits import Limits
        >>> pack("/nowhere", "tiny", Limits()).problem
        "the folder 'nowhere' cannot be read (No such file or directory)."
    """
    name = shown(Path(folder).name)
    try:
        root = os.open(folder, FLAGS | os.O_DIRECTORY)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            return Packed(problem=f"{name} is not a folder with the notebook {stem}.ipynb.")
        return Packed(problem=f"the folder {name} cannot be read ({error.strerror}).")
    try:
        return _Packing(root, stem, limits).packed()
    finally:
        os.close(root)


class _Packing:
    """One walk through one folder."""

    def __init__(self, root, stem, limits):
        self.root, self.stem, self.limits = root, stem, limits
        self.found, self.irregular, self.folders, self.left = [], [], [], []
        self.entries = 0

    def packed(self):
        self._walk(self.root, ())
        if self.entries > MAX_ENTRIES:
            self._look_for_notebook()
        self.found.sort()
        files, problem, notebook = {}, "", None
        try:
            notebook = choose(self.found, self.stem)[0]
            files[notebook] = self._notebook(notebook)
        except UnreadableError as error:
            problem = str(error)
            odd = self.irregular + self.folders
            if notebook is None and odd:
                problem = missing(self.found, self.stem, odd)
        self._read_others(files, notebook)
        self.left += [f"{shown(name)} is {what} and was left out." for name, what in self.irregular]
        return Packed(dict(sorted(files.items())), _few(self.left), problem)

    def _walk(self, here, parts):
        """List what is there; nothing is opened but folders."""
        try:
            names = self._names(here)
        except OSError as error:
            self._leave(parts, f"cannot be read ({error.strerror})")
            return
        for name in names:
            path = (*parts, name)
            if name in JUNK or name.startswith("._") or path == (STAMP,):
                continue
            try:
                "/".join(path).encode("utf-8")
            except UnicodeEncodeError:
                self._leave(path, "has a name that is not UTF-8")
                continue
            try:
                self._look(here, path)
            except OSError as error:
                self._leave(path, f"cannot be read ({error.strerror})")

    def _names(self, here):
        names = []
        with os.scandir(here) as entries:
            for entry in entries:
                self.entries += 1
                if self.entries > MAX_ENTRIES:
                    break
                names.append(entry.name)
        return sorted(names)

    def _look_for_notebook(self):
        """Find the notebook among too many files, where the walk may have stopped before it."""
        self.left.append(f"Of more than {MAX_ENTRIES:,} entries of the folder, some were left out.")
        wanted = f"{self.stem}.ipynb"
        known = [*self.found, *(name for name, _ in self.irregular + self.folders)]
        if wanted not in known:
            with contextlib.suppress(OSError):
                self._look(self.root, (wanted,))

    def _look(self, here, path):
        status = os.stat(path[-1], dir_fd=here, follow_symlinks=False)
        relative = "/".join(path)
        if stat.S_ISDIR(status.st_mode):
            if len(path) > MAX_DEPTH or len(relative) > MAX_PATH:
                self._leave(path, "lies too deep")
                return
            self.folders.append((relative, "a folder"))
            inner = os.open(path[-1], FLAGS | os.O_DIRECTORY, dir_fd=here)
            try:
                self._walk(inner, path)
            finally:
                os.close(inner)
        elif not stat.S_ISREG(status.st_mode):
            kind = KINDS.get(stat.S_IFMT(status.st_mode), "something special")
            self.irregular.append((relative, kind))
        elif status.st_nlink > 1:
            self.irregular.append((relative, HARD_LINK))
        elif len(relative) > MAX_PATH:
            self._leave(path, "has too long a name")
        else:
            self.found.append(relative)

    def _notebook(self, name):
        try:
            data = self._read(name, NOTEBOOK_FILE_BYTES)
        except _LeftOutError as error:
            fix = FIX if isinstance(error, _TooLargeError) else "hand it in again."
            raise UnreadableError(f"{shown(name)} {error}; {fix}") from error
        allowed = self.limits.notebook_bytes
        if len(data) <= min(SLIM_ABOVE, allowed):
            return data
        wide = b"\0" in data[:4]
        reason = "it is not UTF-8 text" if wide else "its cells alone are that large"
        for keys in (("outputs", "widgets"), ("outputs", "widgets", "attachments")):
            try:
                smaller = slim(data, keys)
            except TooComplicatedError as error:
                # Reading says more about a broken file than we can, if it is small enough.
                smaller, reason = data, str(error)
            if len(smaller) <= allowed:
                self._say_slimmed(name, data, keys)
                return smaller
        raise UnreadableError(
            f"{shown(name)} has {len(data):,} bytes, more than {allowed:,}, and {reason}; {FIX}"
        )

    def _say_slimmed(self, name, data, keys):
        if len(data) > self.limits.notebook_bytes:
            what = "outputs and pasted pictures" if "attachments" in keys else "outputs"
            self.left.append(f"{shown(name)} has {len(data):,} bytes; its {what} were left out.")

    def _read_others(self, files, notebook):
        budget = self.limits.disk // 2
        for name in self.found:
            if name == notebook:
                continue
            if len(files) >= MAX_FILES:
                self._leave((name,), f"was left out: the folder has more than {MAX_FILES:,} files")
                continue
            try:
                files[name] = self._read(name, budget)
                budget -= len(files[name])
            except _LeftOutError as error:
                self._leave((name,), str(error))

    def _read(self, name, most):
        """Return a file's bytes; each folder on the way is opened anew and follows no link."""
        with contextlib.ExitStack() as stack:
            here, parts = self.root, name.split("/")
            try:
                for part in parts[:-1]:
                    here = os.open(part, FLAGS | os.O_DIRECTORY, dir_fd=here)
                    stack.callback(os.close, here)
                file = os.open(parts[-1], FLAGS, dir_fd=here)
                stack.callback(os.close, file)
                return _contents(file, most)
            except OSError as error:
                raise _LeftOutError(f"cannot be read ({error.strerror})") from error

    def _leave(self, path, why):
        why = why if why.startswith("was left out") else f"{why} and was left out"
        self.left.append(f"{shown('/'.join(path)) if path else 'The folder'} {why}.")


def _contents(file, most):
    """Return all bytes of an open file that is regular, still, and no larger than `most`."""
    before = os.fstat(file)
    if not stat.S_ISREG(before.st_mode) or before.st_nlink > 1:
        raise _LeftOutError("was exchanged while it was read")
    if before.st_size > most:
        raise _TooLargeError(f"has {before.st_size:,} bytes, more than the {most:,} still allowed")
    pieces, size = [], 0
    # One byte more than it had shows growth; a file that grows as fast as it is read has no end.
    while size <= before.st_size:
        piece = os.read(file, min(CHUNK, before.st_size + 1 - size))
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    after = os.fstat(file)
    if size != before.st_size or after.st_size != size or after.st_mtime_ns != before.st_mtime_ns:
        raise _LeftOutError("changed while it was read")
    return b"".join(pieces)


def _few(sentences):
    more = len(sentences) - MAX_SENTENCES
    shortened = [*sentences[:MAX_SENTENCES], f"{more} more were left out."]
    return tuple(sentences if more <= 0 else shortened)


def unpack(files, folder):
    """Write packed files below a fresh folder.

    Args:
        files: contents by relative path.
        folder: made here; must not exist, or be empty.

    Raises:
        ValueError: if a path could leave the folder, or two paths exclude each other; nothing is
            written then.
    """
    for name in files:
        parts = name.split("/")
        if not name or "\0" in name or any(part in ("", ".", "..") for part in parts):
            raise ValueError(f"the path {shown(name)} is not relative and plain; refuse it.")
        if any("/".join(parts[:end]) in files for end in range(1, len(parts))):
            raise ValueError(f"the path {shown(name)} lies below another file; refuse it.")
    root = Path(folder)
    root.mkdir(mode=0o755, parents=True, exist_ok=True)
    if any(root.iterdir()):
        raise ValueError(f"the folder {shown(root.name)} is not empty; unpack into a fresh one.")
    root.chmod(0o755)
    for name, data in files.items():
        path = root / name
        for parent in reversed(path.relative_to(root).parents[:-1]):
            (root / parent).mkdir(exist_ok=True)
            (root / parent).chmod(0o755)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(path, flags, 0o644), "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), 0o644)
