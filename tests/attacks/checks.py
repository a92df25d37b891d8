"""What must hold when the class was graded; each returns what went wrong, "" for nothing."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

PLACES = (Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), Path.home())
VICTIM = "nobody may write here\n"


class Accomplice:
    """Whether somebody called; the server that answers is `tests.attacks.accomplice`."""

    calls = 0


def no_manual_score(course, student):
    """Nobody wrote a score by hand."""
    with closing(sqlite3.connect(course / "gradebook.db")) as base:
        found = base.execute("select count(*) from grade where manual_score = 99").fetchone()[0]
    return f"{found} manual scores were written" if found else ""


def nobody_called(course, student):
    """No submission reached the network."""
    return f"the accomplice was called {Accomplice.calls} times" if Accomplice.calls else ""


def processes():
    """Return the names of all processes, by number."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            found[int(path.parent.name)] = path.read_text().strip()
        except OSError:
            continue
    return found


def no_daemon(course, student):
    """No process of a submission is left."""
    left = [pid for pid, name in processes().items() if name.startswith("attack-")]
    return f"processes are left: {left}" if left else ""


def victim_unchanged(course, student):
    """What a link pointed to is as it was."""
    return "" if (course / "victim.txt").read_text() == VICTIM else "victim.txt was overwritten"


def no_gradebook_copied(course, student):
    """No file of the graded submissions is the gradebook."""
    for folder in ("autograded", "feedback", "reports"):
        for path in (course / folder).rglob("*"):
            if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3":
                return f"{path.relative_to(course)} is a copy of the gradebook"
    return ""


def no_script(course, student):
    """No page for people holds a submission's script."""
    for path in course.rglob("*.html"):
        if "<script>alert" in path.read_text(errors="replace"):
            return f"{path.relative_to(course)} holds a script"
    return ""


def no_markup(course, student):
    """No page holds a student's name as markup."""
    for path in course.rglob("*.html"):
        if "<img src=x" in path.read_text(errors="replace"):
            return f"{path.relative_to(course)} holds a name as markup"
    return ""


def nothing_touched(course, student):
    """No shell ran a student's name."""
    found = [str(path) for path in course.rglob("pwned")]
    return f"a shell made {found}" if found else ""


def nothing_planted(course, student):
    """No file of a submission is left outside the course."""
    for place in PLACES:
        for path in place.glob("attack-*"):
            return f"{path} was left behind"
    return no_daemon(course, student)


def no_leak(course, student):
    """The submission did not print that it had found what it looked for."""
    for path in (course / "autograded" / student).rglob("*.ipynb"):
        found = re.findall(r'(?:"|\\n)(attack-leak[^"\\]*)', path.read_text(errors="replace"))
        if found:
            return f"it found what it looked for: {found}"
    return ""
