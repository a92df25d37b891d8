"""What was graded, on disk before anywhere else: one file a student, below `grading/<stem>/`.

A result is written here, durably, before the gradebook hears of it. Whatever is killed afterwards,
the next run finds it and completes gradebook, graded notebook and report from it.
"""

import hashlib
import hmac
import json
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field

from course_lib.grading.files import write_bytes, writing

FORMAT = 1
SEEDS = 2**31
# These say that a limit of time, memory or size decided.
LIMITED = ("unreadable", "died", "out of memory", "timeout")


@dataclass(frozen=True)
class Record:
    """One graded submission.

    Attributes:
        student: whose it is.
        key: what decided the result; see `key_of`.
        limits: the limits that it was graded with.
        seed: the seed of its hidden inputs.
        final: whether grading it again would give the same; False if the grader itself failed.
        result: what `grade_submission` returned.
    """

    student: str
    key: str
    limits: dict
    seed: int
    final: bool
    result: dict = field(repr=False)

    def answers(self, key, limits):
        """Return whether this is the result of grading that key with those limits."""
        return self.key == key and self.final and not self._limited(limits)

    def _limited(self, limits):
        """Return whether other limits might give another result."""
        changed = {name for name, value in limits.items() if self.limits.get(name) != value}
        if not changed or self.result["status"] == "graded":
            return False
        # What other limits do to a submission does not show in its status.
        shown = {"memory", "cell_seconds", "submission_seconds", "notebook_bytes"}
        return self.result["status"] in LIMITED or not changed <= shown


def key_of(stem, digest, tests, sandboxed=True):
    """Return the key of a result: it depends on the submission and on what judges it.

    Args:
        stem: names the assignment.
        digest: the hash of the submission's files.
        tests: `version.test_version` of the assignment.
        sandboxed: whether it runs in the sandbox.
    """
    text = json.dumps([FORMAT, stem, digest, tests, bool(sandboxed)])
    return hashlib.sha256(text.encode()).hexdigest()


class Journal:
    """The results of one assignment.

    Args:
        course: the `Course`.
        stem: names the assignment.
    """

    def __init__(self, course, stem):
        self.folder = course.journal / stem
        self.damaged = []  # names of files that were passed over
        with writing(self.folder):
            course.journal.mkdir(mode=0o700, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            for left in self.folder.glob(".new-*"):
                left.unlink()  # of a grader that was killed; the lock says that it is dead

    def path(self, student):
        """Return a student's file; the name is safe whatever the student's is."""
        readable = re.sub(r"[^A-Za-z0-9]", "_", student)[:40]
        return self.folder / f"{readable}-{hashlib.sha256(_bytes(student)).hexdigest()[:24]}.json"

    def read(self, student):
        """Return a student's `Record`, or None if there is none or it is damaged."""
        path = self.path(student)
        try:
            checksum, _, text = path.read_bytes().partition(b"\n")
            if checksum.decode() != hashlib.sha256(text).hexdigest():
                raise ValueError("the checksum differs")
            record = Record(**json.loads(text))
            if record.student != student or record.result["student"] != student:
                raise ValueError("it is of another student")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            self.damaged.append(path.name)
            return None
        return record

    def write(self, record):
        """Write a record so that it is on the disk, whole, when this returns.

        Raises:
            CourseError: if the place cannot be written.
        """
        text = json.dumps(vars(record)).encode()
        checksum = hashlib.sha256(text).hexdigest().encode()
        write_bytes(self.path(record.student), checksum + b"\n" + text)


def _bytes(name):
    return name.encode("utf-8", "surrogatepass")


def course_secret(course):
    """Return the course's secret, made at the first call; only its owner may read the file.

    Hidden inputs are drawn from it. If it is lost another is made, and what is graded from then on
    gets other inputs; the journal holds the seeds of what was graded before.
    """
    path = course.journal / "secret"
    with suppress(OSError, ValueError):
        secret = bytes.fromhex(path.read_text(encoding="ascii"))
        if len(secret) == 32:
            return secret
    secret = secrets.token_bytes(32)
    with writing(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_bytes(path, secret.hex().encode())
    return secret


def seed_for(course, key):
    """Return the seed of a submission's hidden inputs.

    Args:
        course: the `Course`.
        key: what it depends on, as text.

    Returns:
        An integer from 0 to 2**31 - 1, the same for the same key and secret.
    """
    digest = hmac.new(course_secret(course), key.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") % SEEDS
