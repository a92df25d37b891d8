"""Our grader against stock nbgrader's on the same class: `python -m benchmarks.grading`.

Stock is `nbgrader autograde` as it is installed, without a sandbox. Ours is `course grade` with
everything on: sandboxes, split execution, journal, gradebook. Both run the same cells and the same
hidden tests, in turn, with compiled bytecode. Two classes can hand in:

- `small` (the default): an assignment of two Keras functions, each tested by assertions. What is
  measured is the grader, not the student's computation.
- `convolution`: the course's own assignment, answered rightly in three styles, with TensorFlow
  imported. Half of the time goes into the students' figures and functions.

CPU seconds are the machine's, so nothing else should run.
"""

import argparse
import copy
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import tensorflow
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
ANSWERS = ("correct-loops", "correct-im2col", "correct-einsum")
STOCK_CONFIG = """
c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
c.ExecutePreprocessor.timeout = 120
"""
BIN = Path(sys.executable).parent
SETUP = (
    "import keras\nimport numpy as np\nimport tensorflow as tf\n\nrng = np.random.default_rng(0)"
)
SMALL = (
    # name, answer, visible test, hidden test
    (
        "scale",
        "def scale(images):\n    scaled = keras.ops.cast(images, 'float32') / 255\n"
        "    return keras.ops.convert_to_numpy(scaled)",
        "assert np.allclose(scale(np.full((2, 3), 255, 'uint8')), 1)",
        "x = rng.integers(0, 256, (4, 5, 3)).astype('uint8')\n"
        "assert np.allclose(scale(x), x / 255.0)",
    ),
    (
        "blur",
        "def blur(images):\n    kernel = np.full((3, 3, 1, 1), 1 / 9, 'float32')\n"
        "    return keras.ops.convert_to_numpy(keras.ops.conv(images, kernel, padding='same'))",
        "assert blur(np.ones((1, 5, 5, 1), 'float32')).shape == (1, 5, 5, 1)",
        "y = blur(np.ones((2, 6, 7, 1), 'float32'))\n"
        "assert np.allclose(y[:, 1:-1, 1:-1], 1) and np.allclose(y[:, 0, 0], 4 / 9)",
    ),
)


def main(arguments=None):
    """Run both sides in turn and print the table; the last line is the ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=main.__doc__)
    parser.add_argument("--class", dest="stem", choices=sorted(CLASSES), default="small")
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    bytecode = Path(tensorflow.__cached__).is_file()
    sides = {"stock": [], "ours": []}
    with tempfile.TemporaryDirectory() as place:
        courses = {side: make_course(Path(place, side), side, options) for side in sides}
        for _ in range(options.rounds):
            for side, course in courses.items():
                clean(course)
                sides[side].append(measure(command(side, options), course))
        report(sides, options, bytecode)
        where_time_goes(courses["ours"], options.stem)
        check_marks(courses, options.stem)
    rates = {side: 60 * options.students / _median(runs, "wall") for side, runs in sides.items()}
    print(f"ratio {rates['ours'] / rates['stock']:.1f}")


def make_course(folder, side, options):
    """Make a course folder with its class for one side and return it."""
    folder.mkdir()
    if side == "ours":
        for name in ("nbgrader_config.py", "_config.yml"):
            shutil.copy(ROOT / name, folder)
    else:
        text = STOCK_CONFIG.format(root=str(folder))
        (folder / "nbgrader_config.py").write_text(text)
    source, submissions = CLASSES[options.stem]()
    place = folder / "solutions" / options.stem
    place.mkdir(parents=True)
    nbformat.write(source, place / f"{options.stem}.ipynb")
    for number in range(options.students):
        notebook = copy.deepcopy(submissions[number % len(submissions)])
        # No two notebooks are alike: an equal one would be known already.
        notebook.cells.append(new_markdown_cell(f"Student number {number}."))
        target = folder / "submitted" / f"student-{number:02d}" / options.stem
        target.mkdir(parents=True)
        nbformat.write(notebook, target / f"{options.stem}.ipynb")
    done = run([str(BIN / "nbgrader"), "generate_assignment", options.stem, "--force"], folder)
    if done.returncode:
        raise SystemExit(done.stdout[-2000:])
    return folder


def convolution_class():
    """Return the source of the course's own assignment, and right answers to it."""
    source = nbformat.read(ROOT / "solutions" / "convolution" / "convolution.ipynb", 4)
    submissions = []
    for answer in ANSWERS:
        path = ROOT / "tests" / "submissions" / "convolution" / answer / "convolution.ipynb"
        notebook = nbformat.read(path, 4)
        code = "import keras\nimport tensorflow as tf\n\nprint(tf.reduce_sum(keras.ops.ones(3)))"
        notebook.cells.insert(1, new_code_cell(code))
        submissions.append(notebook)
    return source, submissions


def small_class():
    """Return the source of a small assignment, and the right answer to it."""
    source, answer = new_notebook(), new_notebook()
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for notebook in (source, answer):
        notebook.metadata["kernelspec"] = spec
        notebook.cells.append(_cell("setup", SETUP, locked=True))
    for name, code, visible, hidden in SMALL:
        tests = f"{visible}\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"
        head, body = code.split("\n", 1)
        solved = f"{head}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"
        source.cells.append(_cell(name, solved, solution=True))
        answer.cells.append(_cell(name, code, solution=True))
        flags = {"grade": True, "locked": True, "points": 5}
        source.cells.append(_cell(f"{name}-test", tests, **flags))
        answer.cells.append(_cell(f"{name}-test", visible, **flags))
    return source, [answer]


def _cell(name, source, **flags):
    base = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    meta = {"nbgrader": {"grade_id": name, **base, **flags}}
    return new_code_cell(source, metadata=meta, id=name)


CLASSES = {"small": small_class, "convolution": convolution_class}


def clean(course):
    """Forget what was graded."""
    for name in ("autograded", "reports", "grading"):
        shutil.rmtree(course / name, ignore_errors=True)


def command(side, options):
    """Return the command that grades the class."""
    if side == "stock":
        return [str(BIN / "nbgrader"), "autograde", options.stem, "--force"]
    return [str(BIN / "course"), "grade", options.stem, "--workers", str(options.workers)]


def run(arguments, folder):
    """Run a command in a folder, with the environment's programs, and keep what it prints."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    # Stock takes any word on stderr for a failure, and TensorFlow has some.
    environment["TF_CPP_MIN_LOG_LEVEL"] = "3"
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


def check_marks(courses, stem):
    """Make sure that both sides graded everybody, and alike."""
    from nbgrader.api import Gradebook

    marks = {}
    for side, folder in courses.items():
        with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
            found = gradebook.assignment_submissions(stem)
            marks[side] = sorted((s.student.id, s.score) for s in found)
    full = {"small": 10, "convolution": 92}[stem]
    if marks["stock"] != marks["ours"] or {score for _, score in marks["ours"]} != {full}:
        raise SystemExit(f"the marks differ: {marks}")


def report(sides, options, bytecode):
    """Print the table of both sides."""
    compiled = "compiled" if bytecode else "NOT compiled"
    print(
        f"class {options.stem!r}: {options.students} submissions that import TensorFlow, "
        f"{options.rounds} round(s) in turn, "
        f"ours with {options.workers} workers; bytecode {compiled} on both sides"
    )
    print(f"{'':8}{'wall s':>10}{'CPU s each':>14}{'submissions/min':>18}")
    for side, runs in sides.items():
        wall, cpu = _median(runs, "wall"), _median(runs, "cpu")
        rate = 60 * options.students / wall
        print(f"{side:8}{wall:10.1f}{cpu / options.students:14.2f}{rate:18.1f}")


def _median(runs, name):
    return statistics.median(run[name] for run in runs)


def where_time_goes(course, stem):
    """Print the mean seconds of each phase of our side's last run."""
    content = json.loads((course / "reports" / f"{stem}.json").read_text())
    timings = [entry["timings"] for entry in content["students"].values()]
    print("\nwhere a submission's time goes (mean wall seconds, both workers at work):")
    for phase in timings[0]:
        values = [timing.get(phase, 0.0) for timing in timings]
        print(f"  {phase:28}{statistics.mean(values):8.3f}")


if __name__ == "__main__":
    main()
