"""What runs on a Dask worker: its warm host, and the work of one envelope.

Everything here runs on the trusted side. Dask's own messages are pickled, between processes of the
instructor; what a submission says reaches them as plain data only.
"""

import importlib
import pickle
from contextlib import suppress
from dataclasses import dataclass

from distributed.diagnostics.plugin import WorkerPlugin

from course_lib.grading import submission
from course_lib.grading.spread import in_one_line
from course_lib.grading.version import judging_code

_warming = []


class RefusedError(RuntimeError):
    """Why a worker does not grade: its code is not the client's."""


@dataclass(frozen=True)
class Envelope:
    """What a worker gets.

    Attributes:
        topics: for `version.judging_code`.
        code: the client's `version.judging_code`; the worker's must be the same.
        function: "module:name" of what does the work.
        content: pickled, so that nothing is loaded before the code is known to be the same.
    """

    topics: tuple
    code: str
    function: str
    content: bytes


def perform(envelope):
    """Do the work of an envelope, on a worker.

    Returns:
        What its function returned, or `{"grader_error": text}` if that raised: the item's accident
        is not the class's.

    Raises:
        RefusedError: if this worker's judging code is not the client's.
    """
    if judging_code(envelope.topics) != envelope.code:
        raise RefusedError(
            "it has another version of course_lib, or of numpy, tensorflow, keras or Python; "
            "install the same there and start it again."
        )
    wait_for_warm_up()
    module, _, name = envelope.function.partition(":")
    function = getattr(importlib.import_module(module), name)
    content = pickle.loads(envelope.content)
    try:
        return function(content)
    except Exception as error:
        return {"grader_error": in_one_line(error)}


class WarmHost(WorkerPlugin):
    """Warms a worker up in its own thread, and cools it down when the worker ends.

    The thread matters: what the host starts is ended by the kernel when the thread that started it
    ends, so it must be one that lives as long as the worker.

    Args:
        stems: name the assignments.
        sandboxed: whether submissions will run in the sandbox.
        modules: what the assignments' own cells import.
        place: where the client's own warm process listens, if it is on this computer.
    """

    name = "course-warm-host"

    def __init__(self, stems, sandboxed, modules=(), place=""):
        self.arguments = stems, sandboxed, modules, place

    def setup(self, worker):
        """Begin to warm up; `wait_for_warm_up` waits for the end."""
        thread = worker.executors["default"]
        _warming[:] = [thread.submit(submission.warm_up, *self.arguments)]

    def teardown(self, worker):
        """End the host's processes."""
        submission.cool_down()


def wait_for_warm_up():
    """Wait until a warm-up that began has ended; what it raised, grading will meet again."""
    for future in _warming:
        with suppress(Exception):
            future.result()
