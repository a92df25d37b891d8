"""Split execution: the submission's code in the sandbox, the assignment's own cells here.

A graded cell runs from the assignment's text in the trusted shell. The student's functions are
proxies there: a call travels to the sandbox as JSON, and what comes back is data. So a verdict is
computed by code that no submission can reach. What proves that a graded cell ran is a structured
result, which this module adds to its outputs; without one there are no marks.
"""

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

import matplotlib.pyplot as plt
from nbformat.v4 import new_output

from course_lib.grading.kernel import StudentKernel, error_output
from course_lib.grading.names import Names
from course_lib.grading.score import RESULT, is_graded
from course_lib.grading.shell import defined_names, make_shell

PRINTED = 20_000
GRACE_SECONDS = 5
ALARM_SECONDS = 2


@dataclass
class Executed:
    """What came of a notebook, besides its outputs.

    Attributes:
        outcome: "ok", "timeout", "died" or "out of memory".
        reason: a clause, "" when all went well.
        suspicious: sentences for the instructor.
        timings: seconds by phase.
    """

    outcome: str
    reason: str
    suspicious: list = field(default_factory=list)
    timings: dict = field(default_factory=dict)


def run_split(notebook, assignment, files, limits, seed):
    """Run a sanitised notebook in place.

    Args:
        notebook: a `NotebookNode` whose locked cells are the assignment's.
        assignment: the `Assignment`.
        files: the submission's files, bytes by relative path.
        limits: the `Limits`.
        seed: of the hidden draws.

    Returns:
        An `Executed`.

    Raises:
        GraderError: if the grader failed.
    """
    os.environ["COURSE_CHECK_SEED"] = str(seed)
    started = monotonic()
    kernel = StudentKernel(notebook, limits, files)
    split = _Split(kernel, make_shell(), assignment, seed)
    timings = {"fork": 0.0, "kernel": 0.0, "cells": 0.0, "calls": 0.0, "checks": 0.0}
    try:
        kernel.start()
        timings["fork"] = kernel.fork_seconds
        timings["kernel"] = monotonic() - started - kernel.fork_seconds
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "code" and cell.source.strip():
                begun = monotonic()
                split.run(cell, index)
                timings["checks" if is_graded(cell) else "cells"] += monotonic() - begun
        kernel.forgive_late_timeout()
    finally:
        begun = monotonic()
        suspicious = list(kernel.channel.suspicious) if kernel.channel else []
        timings["calls"] = kernel.channel.seconds if kernel.channel else 0.0
        timings["checks"] -= min(timings["calls"], timings["checks"])
        kernel.finish()
        timings["end"] = monotonic() - begun
    return Executed(kernel.outcome, kernel.reason, suspicious, timings)


class DeadlineExceeded(Exception):  # noqa: N818  the name is shown
    """A test computed beyond the submission's time, with what the submission gave it."""


@contextmanager
def alarm(seconds):
    """Interrupt what runs here after some seconds, and again and again until it lets go."""

    def ring(*_):
        raise DeadlineExceeded("the submission's time was used up by its own test")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.1), ALARM_SECONDS)
    try:
        yield
    finally:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)
        finally:
            # It may have rung between these lines; it shall not ring elsewhere.
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


class _Split:
    """Decides for each cell where it runs."""

    def __init__(self, kernel, shell, assignment, seed):
        self.kernel, self.shell, self.seed = kernel, shell, seed
        cells = [cell for cell in assignment.cells if cell.cell_type == "code"]
        answers = [cell for cell in cells if cell.solution and not cell.locked]
        self.locked = {cell.name: cell.source for cell in cells if cell.locked}
        self.answers = {cell.name: cell.source for cell in answers}
        names = {name for cell in answers for name in defined_names(cell.source)}
        self.names = Names(names, shell.user_ns)

    def run(self, cell, index):
        """Run one code cell where it belongs."""
        name = (cell.metadata.get("nbgrader") or {}).get("grade_id")
        if name in self.locked and is_graded(cell):
            self._run_graded(cell, index)
            return
        if name in self.locked:
            self._run_here(self.locked[name])
        elif name in self.answers:
            self.names.answered(self.answers[name])
        self.kernel.run(cell, index)

    def _run_here(self, source):
        """Run what a locked cell does without answers; its outputs come from the sandbox."""
        source = self.names.trusted_part(source)
        if source.strip():
            self.shell.run(source)
            plt.close("all")

    def _run_graded(self, cell, index):
        if not self.kernel.may_run(cell, index):
            return
        source = self.locked[cell.metadata["nbgrader"]["grade_id"]]
        with self.kernel.serving(index) as channel:
            self._fetch(channel, source)
            outputs, complete = self._run_watched(source)
            printed = channel.take_printed()
        self.names.ran_graded(source, complete)
        if printed:
            text = printed[:PRINTED]
            outputs.insert(0, new_output("stream", name="stdout", text=text))
        result = {"complete": complete, "seed": self.seed}
        cell.outputs = [*outputs, new_output("display_data", {RESULT: result})]
        cell.execution_count = None
        if lost := self.kernel.loss():
            self.kernel.end(cell, *lost)

    def _run_watched(self, source):
        """Run a graded cell; when its time is up, wherever it is, it has not run to its end."""
        try:
            with alarm(self.kernel.deadline + GRACE_SECONDS - monotonic()):
                return self.shell.run(source)
        except DeadlineExceeded as error:
            return [error_output("DeadlineExceeded", str(error))], False

    def _fetch(self, channel, source):
        """Bind in the shell what the student defined of the names that a graded cell reads."""
        namespace = self.shell.user_ns
        wanted = self.names.wanted(source)
        for name, described in channel.describe(wanted).items():
            namespace.pop(name, None)
            if described.kind == "callable":
                namespace[name] = channel.proxy(name, described)
            elif described.kind == "data":
                namespace[name] = described.value
