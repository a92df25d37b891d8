"""The other column: what stock nbgrader gives, each submission graded in a box of its own.

The box is bubblewrap with a course in memory, no network, and limits on memory, processes and time:
stock nbgrader runs a submission with all the rights of whoever calls it, and here that is nobody.
Inside the box nbgrader is as it comes: its default configuration, its default limits.
"""

import datetime
import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from course_lib.grading import cgroups
from tests.attacks.assignment import STEM, correct, source_notebook
from tests.attacks.attack import Attack
from tests.attacks.classroom import PROGRAMS, ROOT, run

RECORD = Path(__file__).with_name("stock.json")
MEMORY, PROCESSES, SCRATCH, SECONDS = 3 * 2**30, 100, 2**29, 120
OTHER = Attack(0, "other", "is right", correct(), 5, student="other")

# The first process of the box: nothing inside can end it, so that it lives to tell the mark.
INSIDE = """
import json, shutil, signal, socket, sqlite3, subprocess, sys, threading
port, seconds, stem, student, earlier, answers = json.loads(sys.argv[1])
subprocess.run("cp -a /given/. /course/", shell=True, stderr=subprocess.DEVNULL)

def accomplice():
    server = socket.create_server(("127.0.0.1", port))
    while True:
        line, _ = server.accept()
        line.sendall(answers.encode())
        line.close()

threading.Thread(target=accomplice, daemon=True).start()
grade = ["nbgrader", "autograde", stem, f"--student={student}", "--log-level=ERROR", "--force"]
codes = []
for place in ["/earlier"] * earlier + ["/course/submitted.new"]:
    if earlier:
        target = f"/course/submitted/{student}/{stem}/{stem}.ipynb"
        shutil.copy(f"/given/{'earlier' if place == '/earlier' else 'later'}.ipynb", target)
    with open("/tmp/log", "wb") as log:
        process = subprocess.Popen(grade, cwd="/course", stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL)
        try:
            codes.append(process.wait(seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            codes.append("too long")
try:
    base = sqlite3.connect("file:/course/gradebook.db?mode=ro", uri=True)
    rows = base.execute('''
        select grade.auto_score, grade.manual_score from grade
        join submitted_notebook on grade.notebook_id = submitted_notebook.id
        join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
        where submitted_assignment.student_id = ?''', (student,)).fetchall()
except sqlite3.Error:
    rows = []
marks = [auto if manual is None else manual for auto, manual in rows]
mark = None if all(m is None for m in marks) else sum(m or 0 for m in marks)
print("\\n" + json.dumps({"mark": mark, "exit": codes[-1]}), flush=True)
"""


def template(folder):
    """Make a course as stock nbgrader knows it, generated, with one honest student."""
    place = folder / "source" / STEM
    place.mkdir(parents=True)
    nbformat.write(source_notebook(), place / f"{STEM}.ipynb")
    (folder / "victim.txt").write_text("nobody may write here\n")
    (folder / "submitted").mkdir()
    run(folder, "nbgrader", "generate_assignment", STEM)
    OTHER.hand_in(folder)
    return folder


def _command(given, argument):
    """Return the command line of the box."""
    command = ["bwrap", "--unshare-all", "--as-pid-1", "--die-with-parent", "--new-session"]
    command += ["--uid", "1000", "--gid", "1000", "--cap-drop", "ALL", "--clearenv"]
    for path in ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc"):
        command += ["--ro-bind-try", path, path]
    command += ["--proc", "/proc", "--dev", "/dev"]
    for place in ("/tmp", "/dev/shm", "/course"):
        command += ["--size", str(SCRATCH), "--tmpfs", place]
    for path in sorted({sys.base_prefix, sys.prefix, str(ROOT / "course_lib")}):
        command += ["--ro-bind", path, path]
    command += ["--ro-bind", str(given), "/given"]
    path = f"{PROGRAMS}:/usr/bin:/bin"
    for name, value in {"PATH": path, "HOME": "/tmp", "LANG": "C.UTF-8"}.items():
        command += ["--setenv", name, value]
    return [*command, "--chdir", "/course", "--", "python", "-c", INSIDE, json.dumps(argument)]


def measure(attack, course):
    """Grade one attack with stock nbgrader.

    Args:
        attack: the `Attack`.
        course: the `template`.

    Returns:
        A dict of mark (None: no grade), and exit, nbgrader's exit status or "too long".
    """
    from tests.attacks.assignment import RIGHT
    from tests.attacks.rows import PORT

    with tempfile.TemporaryDirectory(prefix="stock-") as name:
        given = Path(name, "given")
        shutil.copytree(course, given)
        attack.hand_in(given)
        if attack.earlier is not None:
            (given / "earlier.ipynb").write_text(json.dumps(attack.earlier))
            (given / "later.ipynb").write_text(json.dumps(attack.notebook))
        answers = "\n".join(RIGHT.values())
        earlier = int(attack.earlier is not None)
        argument = [PORT, SECONDS, STEM, attack.folder, earlier, answers]
        with cgroups.find().create("stock", MEMORY, PROCESSES, cpus=1) as group:
            # It waits for a line until it is in its group.
            waiting = ["sh", "-c", 'read go; exec "$@"', "sh", *_command(given, argument)]
            process = subprocess.Popen(
                waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            group.add(process.pid)
            try:
                printed, _ = process.communicate(b"\n", timeout=2 * SECONDS)
            except subprocess.TimeoutExpired:
                group.kill()
                printed, _ = process.communicate()
    lines = printed.decode(errors="replace").strip().splitlines()
    try:
        return json.loads(lines[-1])
    except (ValueError, IndexError):
        return {"mark": None, "exit": "the box ended"}


def measure_all(attacks, progress=print):
    """Measure attacks one after the other and record the marks; return the record."""
    record = recorded()
    record["version"] = importlib.metadata.version("nbgrader")
    record["date"] = datetime.date.today().isoformat()
    with tempfile.TemporaryDirectory(prefix="stock-") as name:
        course = template(Path(name))
        for attack in attacks:
            found = record["marks"][attack.folder] = measure(attack, course)
            progress(f"{attack.folder}: {found}")
            RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return record


def recorded():
    """Return the recorded marks: version, date, and mark and exit by attack."""
    if not RECORD.exists():
        return {"version": "", "date": "", "marks": {}}
    return json.loads(RECORD.read_text())


def mark_text(found):
    """Return stock's mark for the table."""
    if found is None:
        return "not measured"
    if found["mark"] is not None:
        return f"{found['mark']:g}"
    if found["exit"] in ("too long", "the box ended"):
        return "none: it hung"
    killed = isinstance(found["exit"], int) and found["exit"] < 0
    return "none: nbgrader was killed" if killed else "none: nbgrader failed"
