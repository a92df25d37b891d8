"""A course with the attacked assignment, honest students and attackers, and its grading by us."""

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import nbformat

from course_lib.grading import cgroups
from course_lib.grading.watchdog import children
from tests.attacks import checks, inmates, kernel, protocol, rows
from tests.attacks.assignment import MAXIMUM, RIGHT, STEM, correct, source_notebook
from tests.attacks.attack import Attack

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = Path(sys.prefix, "bin")
TABLE = (*rows.TABLE, *protocol.TABLE, *kernel.TABLE, *inmates.TABLE)
# Those who wait out a limit wait for these.
LIMITS = ("--cell-seconds", "3", "--submission-seconds", "9", "--memory", "1")
HONEST = tuple(
    Attack(0, f"honest {number}", "is right", correct(), MAXIMUM, ("graded",), student=name)
    for number, name in enumerate(("a-honest", "a120-honest", "a150-honest", "z-honest"))
)


@dataclass
class Outcome:
    """What became of one submission.

    Attributes:
        attack: the `Attack`.
        points: what it got, None if it got no mark at all.
        status: the grader's word.
        problems: what is wrong with that.
    """

    attack: Attack
    points: float | None
    status: str
    problems: list = field(default_factory=list)


def chosen(pattern="*"):
    """Return the attacks whose number, name or folder matches."""
    return [
        attack
        for attack in TABLE
        if any(fnmatchcase(t, pattern) for t in (str(attack.number), attack.name, attack.folder))
    ]


def make_course(folder):
    """Make a course with this project's own configuration, generated, and nobody in it yet."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    place = folder / "solutions" / STEM
    place.mkdir(parents=True)
    nbformat.write(source_notebook(), place / f"{STEM}.ipynb")
    (folder / "victim.txt").write_text(checks.VICTIM)
    (folder / "submitted").mkdir()
    run(folder, "nbgrader", "generate_assignment", STEM)
    return folder


def run(folder, program, *arguments, check=True):
    """Run a program of this environment in a course."""
    done = subprocess.run(
        [PROGRAMS / program, *arguments],
        cwd=folder,
        # nbgrader calls alembic by name.
        env={**os.environ, "COLUMNS": "200", "PATH": f"{PROGRAMS}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        errors="replace",
    )
    if check and done.returncode:
        raise RuntimeError(f"{program} {arguments[0]} failed:\n{done.stdout}{done.stderr}"[-4000:])
    return done


def serve_answers():
    """Wait, as an accomplice, for submissions that reach the network; answer them."""
    checks.Accomplice.calls = 0
    server = socket.create_server(("127.0.0.1", rows.PORT))

    def answer():
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            checks.Accomplice.calls += 1
            line.sendall("\n".join(RIGHT.values()).encode())
            line.close()

    threading.Thread(target=answer, daemon=True).start()
    return server


def grade(folder, attacks, workers=2, progress=None):
    """Grade attackers and honest students in one class.

    Args:
        folder: an empty folder for the course.
        attacks: the `Attack`s.
        workers: how many are graded at a time.
        progress: called with a sentence now and then.

    Returns:
        The `Outcome` of each, honest students at the end, and the command's result.
    """
    say = progress or (lambda text: None)
    course = make_course(folder)
    class_ = [*attacks, *HONEST]
    earlier = [attack for attack in attacks if attack.earlier is not None]
    command = ("course", "grade", STEM, "--workers", str(workers), *LIMITS)
    for attack in earlier:
        attack.hand_in(course, attack.earlier)
    if earlier:
        run(course, *command)
    for attack in class_:
        attack.hand_in(course)
    say(f"grading {len(class_)} submissions")
    started = time.monotonic()
    with serve_answers():
        done = run(course, *command, check=False)
    say(f"graded in {time.monotonic() - started:.0f} s")
    path = course / "reports" / f"{STEM}.json"
    entries = json.loads(path.read_text())["students"] if path.exists() else {}
    return [judge(attack, entries.get(attack.folder), course) for attack in class_], done


def judge(attack, entry, course):
    """Compare what a submission got with what it deserves."""
    if entry is None:
        return Outcome(attack, None, "none", ["it ended in no status"])
    outcome = Outcome(attack, entry["auto"], entry["status"])
    if abs(entry["auto"] - attack.honest) > 0.006:
        word = "above" if entry["auto"] > attack.honest else "below"
        outcome.problems.append(f"{entry['auto']:g} is {word} the honest {attack.honest:g}")
    if entry["status"] not in attack.statuses:
        reasons = "; ".join(entry.get("instructor", entry.get("messages", [])))[:300]
        outcome.problems.append(f"its status is {entry['status']!r} ({reasons})")
    if attack.after is not None and (problem := attack.after(course, attack.folder)):
        outcome.problems.append(problem)
    return outcome


class Traces:
    """What a class could leave on this host: processes, files, control groups, mounts.

    Orphans of what starts within the block become our children, so that none is missed, and none of
    somebody else's is mistaken for one.
    """

    def __enter__(self):
        self._subreaper(1)
        self.temporary = tempfile.mkdtemp(prefix="at-")
        self.saved, tempfile.tempdir = tempfile.tempdir, None
        os.environ["TMPDIR"] = self.temporary
        self.before = self._look()
        return self

    def __exit__(self, *_):
        self._subreaper(0)
        os.environ.pop("TMPDIR")
        tempfile.tempdir = self.saved
        shutil.rmtree(self.temporary, ignore_errors=True)

    def left(self, seconds=10):
        """Return what is new, after a moment in which the last may end."""
        until = time.monotonic() + seconds
        while (new := self._look() - self.before) and time.monotonic() < until:
            time.sleep(0.2)
        return sorted(new)

    def _look(self):
        found = {f"file {path}" for path in Path(self.temporary).iterdir()}
        found |= {f"file {path}" for place in checks.PLACES for path in place.glob("attack-*")}
        found |= {f"mount {line}" for line in Path("/proc/mounts").read_text().splitlines()}
        groups = Path("/sys/fs/cgroup").rglob("course-*")
        found |= {f"group {path}" for path in groups if cgroups.is_stale(path.name)}
        return found | {f"process {pid} {_name(pid)}" for pid in children(os.getpid())}

    def _subreaper(self, on):
        ctypes.CDLL(None).prctl(36, on, 0, 0, 0)


def _name(pid):
    """Return a process's name; one that has ended and waits for us is buried, and nameless."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return ""
    except OSError:
        pass
    return checks.processes().get(pid, "")
