"""Files that are replaced as a whole: a reader sees the old one or the new one, never a part."""

import json
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from course_lib.grading.course import CourseError

PUBLIC, PRIVATE = 0o644, 0o600


@contextmanager
def writing(path):
    """Turn an error of the disk into one line that names the place.

    Raises:
        CourseError: if the place cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise CourseError(f"{path} cannot be written ({error.strerror or error}).") from error


def check_place(path):
    """Refuse early a file that could not be written late.

    Raises:
        CourseError: if the place cannot be written.
    """
    path = Path(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    if path.is_dir():
        raise CourseError(f"{path} cannot be written (it is a folder).")


def write_bytes(path, content, mode=PRIVATE):
    """Replace a file's bytes; after a loss of power it has the old ones or the new ones.

    Args:
        path: the file; its folder is there.
        content: the bytes.
        mode: who may read it; by default its owner alone.

    Raises:
        CourseError: if the place cannot be written.
    """
    path, temporary = Path(path), None
    with writing(path):
        try:
            handle, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(handle, mode)
                os.fsync(handle)
            os.replace(temporary, path)
            _sync_folder(path.parent)
        except BaseException:
            with suppress(OSError, TypeError):
                os.unlink(temporary)
            raise


def write_text(path, text):
    """Replace a file that others may read by text in UTF-8; line ends stay as they are."""
    write_bytes(path, text.encode("utf-8", "replace"), PUBLIC)


def write_json(path, content):
    """Replace a file that others may read by JSON; its folder is made."""
    path = Path(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _sync_folder(folder):
    """Make a rename last; without it the new name may be lost with the power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
