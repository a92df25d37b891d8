"""A course on disk: where things are, and nbgrader's configuration of it."""

import hashlib
import json
import logging
import os
import re
import sys
import tempfile
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from course_lib.grading.assignment import Assignment, cell_order, load_assignment

CONFIG = "nbgrader_config.py"
STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# What SQLite says of a place, not of what is in it, and what to do then.
MENDS = {
    "locked": "another program holds it, perhaps a formgrader: end that",
    "full": "make room",
    "readonly": "make it and its folder writable",
    "unable to open": "make it and its folder writable",
}
LOST = re.compile(r"\b(?:OperationalError|InterfaceError)\b")


class CourseError(RuntimeError):
    """Why a command cannot go on, in one line for the instructor."""


@dataclass(frozen=True)
class Course:
    """A course's folder with its configuration.

    Attributes:
        root: the folder that holds nbgrader_config.py.
        config: the traitlets `Config` of that file.
        directory: nbgrader's `CourseDirectory`.
    """

    root: Path
    config: object
    directory: object = field(repr=False)

    @property
    def submitted(self):
        """The folder of submissions, by student and stem."""
        return self.root / self.directory.submitted_directory

    @property
    def autograded(self):
        """The folder of graded notebooks."""
        return self.root / self.directory.autograded_directory

    @property
    def solutions(self):
        """The folder of source notebooks."""
        return self.root / self.directory.source_directory

    @property
    def reports(self):
        """The folder of reports, one file a stem."""
        return self.root / "reports"

    @property
    def journal(self):
        """The folder of what was graded, and of the course's secret; only its owner's."""
        return self.root / "grading"

    @property
    def gradebook_file(self):
        """The gradebook's file, or None if it is a database server's."""
        url = self.directory.db_url
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None

    def source_notebook(self, stem):
        """Return where an assignment's source notebook is."""
        return self.solutions / stem / f"{stem}.ipynb"


def open_course(folder):
    """Find the course in a folder or above it and read its configuration.

    Raises:
        CourseError: if there is none, or its configuration does not load.
    """
    _programs_on_path()
    _schema_version_in_process()
    start = Path(folder).resolve()
    for root in (start, *start.parents):
        if (root / CONFIG).is_file():
            break
    else:
        raise CourseError(
            f"no {CONFIG} in {folder} or above; change to the course or use --course."
        )
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    try:
        config = PyFileConfigLoader(CONFIG, path=str(root)).load_config()
        directory = CourseDirectory(config=config)
        directory.root = str(root)
    except Exception as error:
        raise CourseError(f"{CONFIG} does not load: {type(error).__name__}: {error}") from error
    return Course(root, config, directory)


def _programs_on_path():
    """Let nbgrader find `alembic`, which it calls by name, if the environment is not activated."""
    programs = str(Path(sys.prefix, "bin"))
    path = os.environ.get("PATH", os.defpath)
    if programs not in path.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([programs, path])


def _schema_version_in_process():
    """Let nbgrader ask Alembic here for the version of a new gradebook's tables.

    It starts a program for that, which imports all of nbgrader again: seconds of each new course.
    """
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from nbgrader import api

    def head():
        settings = Config()
        settings.set_main_option("script_location", str(Path(api.__file__).parent / "alembic"))
        return ScriptDirectory.from_config(settings).get_current_head()

    api.get_alembic_version = head


@contextmanager
def open_gradebook(course):
    """Open the gradebook; what SQL raises becomes a `CourseError`."""
    from nbgrader.api import Gradebook

    with (
        gradebook_errors(course),
        Gradebook(course.directory.db_url, course.directory.course_id) as gradebook,
    ):
        yield gradebook


@contextmanager
def gradebook_errors(course):
    """Turn what SQL raises into a `CourseError` that says what to do."""
    from nbgrader.api import InvalidEntry
    from sqlalchemy.exc import InterfaceError, OperationalError, SAWarning, SQLAlchemyError

    place = course.gradebook_file or "the gradebook"
    # nbgrader 0.9.6 warns about its own use of SQLAlchemy on every new submission.
    warnings.filterwarnings("ignore", category=SAWarning, module=r"nbgrader\.api")
    try:
        yield
    except (SQLAlchemyError, InvalidEntry) as error:
        reason = (str(getattr(error, "orig", None) or error).splitlines() or ["no reason"])[0]
        # nbgrader wraps what the driver says in an error of its own, text and all.
        lost = isinstance(error, OperationalError | InterfaceError) or LOST.search(reason)
        if not course.gradebook_file and lost:
            raise CourseError(
                f"the gradebook's database does not answer ({reason}); start it, then grade again: "
                "what was graded is kept."
            ) from error
        for word, mend in MENDS.items():
            if word in reason:
                raise CourseError(
                    f"{place} cannot be written ({reason}); {mend}, then run this again: what was "
                    "stored before stays."
                ) from error
        raise CourseError(
            f"{place} cannot be used as a gradebook ({reason}); it was left as it is. Restore it "
            "from a backup, move it away, or run `nbgrader db upgrade` if it is an older one."
        ) from error


def sync_assignment(course, stem):
    """Bring the gradebook up to date with the source notebook, and read the assignment from it.

    The released notebook is made in a temporary folder: grading never touches `assignments/`.

    Returns:
        The `Assignment`, and whether `assignments/` is what the source generates (None: missing).

    Raises:
        CourseError: if there is no such assignment, or it does not generate.
    """
    check_stem(stem)
    source = course.source_notebook(stem)
    if not source.is_file():
        return _from_gradebook(course, stem), None
    released = course.root / course.directory.release_directory / stem / f"{stem}.ipynb"
    there = _sha256(released.read_bytes()) if released.is_file() else None
    known = _Generated(course, stem)
    assignment = known.assignment()
    if assignment is None:
        with tempfile.TemporaryDirectory(prefix="release-") as folder:
            _generate(course, stem, folder)
            made = (Path(folder) / stem / f"{stem}.ipynb").read_bytes()
        with open_gradebook(course) as gradebook:
            assignment = load_assignment(gradebook, stem, _order(source))
        known.remember(assignment, _sha256(made))
    return assignment, there and there == known.released


class _Generated:
    """What the source generated last: nbgrader need not generate the same again.

    Attributes:
        released: the hash of the notebook for students.
    """

    def __init__(self, course, stem):
        self.course, self.stem, self.released = course, stem, None
        self.path = course.journal / stem / "generated"
        parts = [course.source_notebook(stem).read_bytes(), (course.root / CONFIG).read_bytes()]
        self.source = _sha256(b"\n".join([*parts, version("nbgrader").encode()]))

    def assignment(self):
        """Return the assignment if the gradebook still has what this source generated."""
        from nbgrader.api import MissingEntry

        try:
            content = json.loads(self.path.read_text(encoding="ascii"))
            if content["source"] != self.source:
                return None
            with open_gradebook(self.course) as gradebook:
                order = _order(self.course.source_notebook(self.stem))
                found = load_assignment(gradebook, self.stem, order)
            self.released = content["released"]
        except (OSError, ValueError, TypeError, KeyError, MissingEntry):
            return None
        return found if found.version == content["version"] else None

    def remember(self, assignment, released):
        """Note what was generated; a loss of the note costs a second."""
        self.released = released
        content = {"source": self.source, "version": assignment.version, "released": released}
        with suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.write_text(json.dumps(content), encoding="ascii")


def _order(source):
    import nbformat

    return cell_order(nbformat.read(source, as_version=4))


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


def check_stem(stem):
    """Refuse what cannot name an assignment, and would be read as a pattern or a path.

    Raises:
        CourseError: says what a stem is.
    """
    if not STEM.fullmatch(stem):
        raise CourseError(f"{stem!r} is no stem; give a name such as `convolution`.")


def check_assignment(course, stem):
    """Refuse an assignment that is neither in `solutions/` nor in the gradebook.

    Raises:
        CourseError: lists those that there are.
    """
    check_stem(stem)
    if not course.source_notebook(stem).is_file():
        _from_gradebook(course, stem)


def _from_gradebook(course, stem) -> Assignment:
    """Read an assignment whose source is not here, for instance on a grading server."""
    from nbgrader.api import MissingEntry

    known = sorted(p.parent.name for p in course.solutions.glob("*/*.ipynb"))
    source = course.source_notebook(stem).relative_to(course.root)
    problem = CourseError(
        f"there is no assignment {stem!r}: {source} is missing and the gradebook does not know it. "
        f"Known: {', '.join(known) or 'none'}."
    )
    if course.gradebook_file and not course.gradebook_file.exists():
        raise problem
    with open_gradebook(course) as gradebook:
        try:
            return load_assignment(gradebook, stem)
        except MissingEntry:
            raise problem from None


class _Errors(logging.Handler):
    """Collects what nbgrader logs as an error; its exceptions only say to look above."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.lines = []

    def emit(self, record):
        """Keep the lines of a record."""
        self.lines += [line for line in record.getMessage().splitlines() if line.strip()]


def _generate(course, stem, folder):
    """Run nbgrader's generate_assignment into a folder; it updates the gradebook on the way."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory

    directory = CourseDirectory(config=course.config)
    directory.root, directory.assignment_id = str(course.root), stem
    directory.release_directory, directory.notebook_id = folder, stem
    with open_gradebook(course):
        pass  # a broken gradebook is said in our words, before nbgrader logs a page
    errors = _Errors()
    converter = GenerateAssignment(coursedir=directory, config=course.config)
    converter.log = logging.getLogger("course_lib.grading.generate")
    converter.log.propagate = False
    converter.log.addHandler(errors)
    try:
        converter.start()
    except (NbGraderException, SystemExit, Exception) as error:
        lines = [line for line in errors.lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
        reason = (lines or errors.lines or [str(error)])[0]
        raise CourseError(f"nbgrader cannot generate the assignment {stem!r}: {reason}") from error
    finally:
        converter.log.removeHandler(errors)
