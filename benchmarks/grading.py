"""Our grader against stock nbgrader's on the same class: `python -m benchmarks.grading`.

The class hands in right answers to the course's own assignment, in three styles, and each notebook
imports TensorFlow, as most of this course's do. Stock is `nbgrader autograde` as it is installed,
without a sandbox. Ours is `course grade` with everything on: sandboxes, split execution, journal,
gradebook. Both do the same cells and the same hidden tests. They run in turn, and both with
compiled bytecode. CPU seconds are the machine's, so nothing else should run.
"""

import argparse
import json
import os
import py_compile
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import tensorflow

ROOT = Path(__file__).resolve().parent.parent
STEM = "convolution"
ANSWERS = ("correct-loops", "correct-im2col", "correct-einsum")
STOCK_CONFIG = """
c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
c.ExecutePreprocessor.timeout = 120
"""
BIN = Path(sys.executable).parent


def main(arguments=None):
    """Run both sides in turn and print the table; the last line is the ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=main.__doc__)
    parser.add_argument("--students", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    bytecode = py_compile.compile and Path(tensorflow.__cached__).is_file()
    sides = {"stock": [], "ours": []}
    with tempfile.TemporaryDirectory() as place:
        courses = {side: make_course(Path(place, side), side, options.students) for side in sides}
        for _ in range(options.rounds):
            for side, course in courses.items():
                clean(course)
                sides[side].append(measure(command(side, options.workers), course))
        check_marks(courses)
        report(sides, options, bytecode)
        where_time_goes(courses["ours"])
    rates = {side: 60 * options.students / _median(runs, "wall") for side, runs in sides.items()}
    print(f"ratio {rates['ours'] / rates['stock']:.1f}")


def make_course(folder, side, students):
    """Make a course folder with its class for one side and return it."""
    folder.mkdir()
    for name in ("solutions", "assignments"):
        shutil.copytree(ROOT / name, folder / name)
    if side == "ours":
        for name in ("nbgrader_config.py", "_config.yml"):
            shutil.copy(ROOT / name, folder)
    else:
        text = STOCK_CONFIG.format(root=str(folder))
        (folder / "nbgrader_config.py").write_text(text)
    for number in range(students):
        answer = ANSWERS[number % len(ANSWERS)]
        source = ROOT / "tests" / "submissions" / STEM / answer / f"{STEM}.ipynb"
        notebook = nbformat.read(source, 4)
        first = nbformat.v4.new_code_cell(
            "import keras\nimport tensorflow as tf\n\nprint(tf.reduce_sum(keras.ops.ones(3)))"
        )
        notebook.cells.insert(1, first)
        # No two notebooks are alike: an equal one would be known already.
        notebook.cells.append(nbformat.v4.new_markdown_cell(f"Student number {number}."))
        target = folder / "submitted" / f"student-{number:02d}" / STEM
        target.mkdir(parents=True)
        nbformat.write(notebook, target / f"{STEM}.ipynb")
    done = run([str(BIN / "nbgrader"), "generate_assignment", STEM, "--force"], folder)
    if done.returncode:
        raise SystemExit(done.stdout[-2000:])
    return folder


def clean(course):
    """Forget what was graded."""
    for name in ("autograded", "reports", "grading"):
        shutil.rmtree(course / name, ignore_errors=True)


def command(side, workers):
    """Return the command that grades the class."""
    if side == "stock":
        return [str(BIN / "nbgrader"), "autograde", STEM, "--force"]
    return [str(BIN / "course"), "grade", STEM, "--workers", str(workers)]


def run(arguments, folder):
    """Run a command in a folder, with the environment's programs, and keep what it prints."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(
        arguments,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def measure(arguments, folder):
    """Return wall seconds and the machine's CPU seconds of a command."""
    busy, started = cpu_seconds(), time.perf_counter()
    done = run(arguments, folder)
    wall, cpu = time.perf_counter() - started, cpu_seconds() - busy
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout[-3000:]}")
    return {"wall": wall, "cpu": cpu}


def cpu_seconds():
    """Return for how long the machine's processors have been busy; forked ones count too."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, softirq = map(int, fields[:7])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def check_marks(courses):
    """Make sure that both sides graded everybody, and alike."""
    from nbgrader.api import Gradebook

    marks = {}
    for side, folder in courses.items():
        with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
            found = gradebook.assignment_submissions(STEM)
            marks[side] = sorted((s.student.id, s.score) for s in found)
    if marks["stock"] != marks["ours"] or not all(score == 92 for _, score in marks["ours"]):
        raise SystemExit(f"the marks differ: {marks}")


def report(sides, options, bytecode):
    """Print the table of both sides."""
    compiled = "compiled" if bytecode else "NOT compiled"
    print(
        f"{options.students} submissions that import TensorFlow, {options.rounds} rounds in turn, "
        f"ours with {options.workers} workers; bytecode {compiled} on both sides"
    )
    print(f"{'':8}{'wall s':>10}{'CPU s each':>14}{'submissions/min':>18}")
    for side, runs in sides.items():
        wall, cpu = _median(runs, "wall"), _median(runs, "cpu")
        rate = 60 * options.students / wall
        print(f"{side:8}{wall:10.1f}{cpu / options.students:14.2f}{rate:18.1f}")


def _median(runs, name):
    return statistics.median(run[name] for run in runs)


def where_time_goes(course):
    """Print the mean seconds of each phase of our side's last run."""
    content = json.loads((course / "reports" / f"{STEM}.json").read_text())
    timings = [entry["timings"] for entry in content["students"].values()]
    print("\nwhere a submission's time goes (mean wall seconds, both workers at work):")
    for phase in timings[0]:
        values = [timing.get(phase, 0.0) for timing in timings]
        print(f"  {phase:28}{statistics.mean(values):8.3f}")


if __name__ == "__main__":
    main()
