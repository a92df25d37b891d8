"""One writer at a time, in places that can be written, without the leavings of dead ones."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from course_lib.grading.course import CourseError, gradebook_errors


def check_writable(course):
    """Refuse early to grade into a place that cannot be written.

    Raises:
        CourseError: names the place.
    """
    for folder in (course.autograded, course.reports, course.journal):
        try:
            # The journal holds marks and the secret: nobody else's business.
            folder.mkdir(0o700 if folder == course.journal else 0o777, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise CourseError(f"{folder} cannot be written ({error.strerror}).") from error
    path = course.gradebook_file
    if path and not os.access(path if path.exists() else path.parent, os.W_OK):
        raise CourseError(f"{path} cannot be written.")


@contextmanager
def only_writer(course):
    """Hold the course's lock while grading: two writers would undo each other's work.

    A database server is shared by computers that do not share the course's folder, so there its
    own lock is held too; both end with this process, however it ends.

    Raises:
        CourseError: if another `course grade` holds it.
    """
    with open(course.reports / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CourseError(
                f"another `course grade` is at work in {course.root}; wait for it, or end it."
            ) from None
        with contextlib.nullcontext() if course.gradebook_file else _database_lock(course):
            yield


@contextmanager
def _database_lock(course):
    """Hold PostgreSQL's advisory lock of this course; other servers have only our file's."""
    from sqlalchemy import create_engine

    name = hashlib.sha256(f"course grade {course.directory.course_id}".encode()).digest()
    key = int.from_bytes(name[:8], "big", signed=True)
    with gradebook_errors(course):
        engine = create_engine(course.directory.db_url, isolation_level="AUTOCOMMIT")
        connection = engine.connect()
    try:
        with gradebook_errors(course):
            ask = "SELECT pg_try_advisory_lock(%s)"
            shared = engine.dialect.name == "postgresql"
            free = not shared or connection.exec_driver_sql(ask, (key,)).scalar()
        if not free:
            raise CourseError(
                "another `course grade` works on this gradebook, perhaps on another computer; "
                "wait for it, or end it."
            )
        yield
    finally:
        # A server that is gone has forgotten the lock.
        with contextlib.suppress(Exception):
            connection.close()
        engine.dispose()


def sweep(folder=None):
    """Remove the scratch folders `grade-<pid>-...` of our processes that are dead.

    Args:
        folder: where to look; by default where temporary files go.
    """
    for path in Path(folder or tempfile.gettempdir()).glob("grade-*"):
        found = re.match(r"grade-(\d+)-", path.name)
        with contextlib.suppress(OSError):
            if found and path.lstat().st_uid == os.getuid() and not _alive(int(found[1])):
                shutil.rmtree(path, ignore_errors=True)


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass  # someone else's is alive
    return True
