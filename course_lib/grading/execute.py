"""Runs a mended notebook, cell by cell, in the sandboxed kernel.

Student code and checks share the kernel in this core. A submission that replaces the check, or
prints a forged report, is believed; split execution will replace this module and nothing else. What
it does give: no submission stops the grader, whatever it does to its own kernel, and each cell that
did not run carries an error that says why.
"""

import contextlib
import json
import subprocess
from time import monotonic

from nbclient.client import NotebookClient
from nbclient.exceptions import (
    CellControlSignal,
    CellExecutionComplete,
    CellTimeoutError,
    DeadKernelError,
)
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade
from traitlets import Float, Integer, default

from course_lib.grading.limits import Limits
from course_lib.grading.sandbox import KERNEL_NAME, SandboxError
from course_lib.grading.score import REPORT
from course_lib.grading.watchdog import kill_all, process_tree

KEY = "course_execution"
HARD_OUTPUT_FACTOR = 16
EXCESS = {
    "memory": ("out of memory", "it used more than {memory} of memory"),
    "processes": ("died", "it started more than {processes} processes"),
    "disk": ("died", "it wrote more than {disk} outside its scratch folders"),
    "output": ("died", "it printed more than {output}"),
}


class GraderError(RuntimeError):
    """The grader itself failed; the submission is not to blame."""


def is_code(cell):
    """Return whether a cell is a code cell."""
    return cell.cell_type == "code"


def megabytes(number):
    """Return bytes for a reader, as in "250 MiB"."""
    return f"{number / 2**20:,.0f} MiB" if number >= 2**20 else f"{number:,} bytes"


class SandboxExecute(Execute):
    """nbgrader's `Execute` that outlives its kernel and keeps to limits.

    After `preprocess`, `resources["course_execution"]` holds `outcome` ("ok", "timeout", "died" or
    "out of memory"), `reason`, a clause, "" when all went well, and `left_out`, sentences about
    files of the submission that the sandbox does not show.
    """

    memory = Integer(Limits.memory, help="Bytes of memory of a submission.").tag(config=True)
    cell_seconds = Float(Limits.cell_seconds, help="Seconds of one cell.").tag(config=True)
    submission_seconds = Float(Limits.submission_seconds, help="Seconds of all cells.").tag(
        config=True
    )
    output_bytes = Integer(Limits.output_bytes, help="Bytes of output kept of a cell.").tag(
        config=True
    )

    @default("shutdown_kernel")
    def _shutdown_default(self):
        return "immediate"

    @default("record_timing")
    def _record_timing_default(self):
        # Grading the same submission twice gives the same file.
        return False

    @default("iopub_timeout")
    def _iopub_timeout_default(self):
        # How long a cell may take to end after the interrupt that follows its time-out: the first
        # traceback of a kernel needs seconds on a busy machine.
        return 8

    _limits = None

    @property
    def limits(self):
        """The `Limits`: those that were set, otherwise those that the traits describe."""
        return self._limits or Limits(
            memory=self.memory,
            cell_seconds=self.cell_seconds,
            submission_seconds=self.submission_seconds,
            output_bytes=self.output_bytes,
        )

    @limits.setter
    def limits(self, limits):
        self._limits = limits

    def preprocess(self, nb, resources=None, km=None):
        """Run the notebook in place; raises only `GraderError` and `SandboxError`."""
        limits = self.limits
        NotebookClient.__init__(self, nb, km)
        self.reset_execution_trackers()
        self._check_assign_resources(resources)
        self.timeout_func = self._allowance
        self.active_limits, self.excess, self.stop = limits, None, None
        self.outcome, self.reason, self.left_out = "ok", "", ()
        self.slow_cell = None
        try:
            self._start(limits)
            self.deadline = monotonic() + limits.submission_seconds
            for index, cell in enumerate(nb.cells):
                if is_code(cell) and cell.source.strip():
                    self._run(cell, index)
            self._forgive_late_timeout()
        finally:
            self._finish()
        self.resources[KEY] = {
            "outcome": self.outcome,
            "reason": self.reason,
            "left_out": self.left_out,
        }
        return self.nb, self.resources

    def _start(self, limits):
        """Start the kernel, twice if need be: a busy machine can miss the first start."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        options = {"limits": limits} if self.kernel_name == KERNEL_NAME else quiet
        for attempt in (1, 2):
            try:
                self.km = self.create_kernel_manager()
                self.start_new_kernel(**options)
                self.start_new_kernel_client()
                self.left_out = getattr(self.km.provisioner, "left_out", ())
                return
            except SandboxError:
                raise
            except Exception as error:
                self._finish()
                if attempt == 2:
                    raise GraderError(f"the kernel did not start: {error}") from error

    def _finish(self):
        """End the kernel, whatever state it is in."""
        if self.km is not None:
            with contextlib.suppress(Exception):
                self._cleanup_kernel()
        self.km = self.kc = None

    def _allowance(self, cell):
        return max(0.1, min(self.active_limits.cell_seconds, self.deadline - monotonic()))

    def _run(self, cell, index):
        """Run one cell, or say on it why it was not run."""
        if self.stop is None and monotonic() >= self.deadline:
            self.slow_cell = index if self.slow_cell is None else self.slow_cell
            self.stop = f"the submission's {self.active_limits.submission_seconds:g} s were used up"
            self._note("timeout", self.stop)
        if self.stop is not None:
            cell.outputs = [error_output("NotRun", f"not run: {self.stop}")]
            return
        self.kept, self.seen = 0, 0
        try:
            self.execute_cell(cell, index, store_history=True)
        except CellTimeoutError:
            self._end_kernel(
                cell, "timeout", "a cell ran into its time limit and could not be interrupted"
            )
        except DeadKernelError:
            self._end_kernel(cell, *self._cause_of_death())
        except Exception as error:
            # What a kernel sends is the submission's doing as well.
            self._end_kernel(
                cell, "died", f"its kernel answered with garbage ({type(error).__name__})"
            )

    def _end_kernel(self, cell, outcome, reason):
        self._note(outcome, reason)
        self.stop = f"{reason}, so that nothing after it could run"
        name = "CellTimeoutError" if outcome == "timeout" else "KernelDied"
        cell.outputs = [*cell.get("outputs", []), error_output(name, reason)]
        self._finish()

    def _note(self, outcome, reason):
        order = ("ok", "timeout", "out of memory", "died")
        if order.index(outcome) > order.index(self.outcome):
            self.outcome, self.reason = outcome, reason

    def _forgive_late_timeout(self):
        """Call it "ok" if nothing that is graded came at or after the cell that was slow."""
        later = self.nb.cells[self.slow_cell :] if self.slow_cell is not None else []
        if self.outcome == "timeout" and not any(is_grade(cell) for cell in later if is_code(cell)):
            self.outcome = "ok"

    def _cause_of_death(self):
        """Return outcome and clause for a kernel that has ended."""
        provisioner = getattr(self.km, "provisioner", None)
        watchdog = getattr(provisioner, "watchdog", None)
        cause = self.excess or getattr(watchdog, "reason", None)
        limits = self.active_limits
        if cause:
            outcome, text = EXCESS[cause]
            return outcome, text.format(
                memory=megabytes(limits.memory),
                processes=limits.processes,
                disk=megabytes(limits.disk),
                output=megabytes(limits.output_bytes * HARD_OUTPUT_FACTOR),
            )
        code = getattr(provisioner, "exit_code", None)
        if code is None:
            return "died", "its Python process ended"
        if code > 128:
            return "died", f"its Python process was ended by signal {code - 128}"
        return "died", f"its Python process ended itself (exit status {code})"

    async def _async_handle_timeout(self, timeout, cell=None):
        seconds = self.active_limits.cell_seconds
        if monotonic() >= self.deadline:
            reason = f"the submission's {self.active_limits.submission_seconds:g} s were used up"
        else:
            reason = f"a cell took longer than {seconds:g} s"
        self._note("timeout", reason)
        if self.slow_cell is None:
            self.slow_cell = self.nb.cells.index(cell)
        self.error_on_timeout = {
            "ename": "CellTimeoutError",
            "evalue": reason,
            "traceback": [f"CellTimeoutError: {reason}"],
        }
        return await super()._async_handle_timeout(timeout, cell)

    def process_message(self, msg, cell, cell_index):
        """Keep what fits the output limit, and every report; widgets' messages mark nothing."""
        kind = msg["msg_type"]
        if kind.startswith("comm"):
            return None
        if kind in ("stream", "display_data", "execute_result", "update_display_data"):
            size = len(json.dumps(msg["content"], default=str))
            self.seen += size
            report = REPORT in (msg["content"].get("data") or {}) and size < 256_000
            if self.kept + size > self.active_limits.output_bytes and not report:
                return self._drop(cell)
            self.kept += 0 if report else size
        try:
            return super().process_message(msg, cell, cell_index)
        except (CellExecutionComplete, CellControlSignal):
            raise
        except Exception as error:
            self.log.warning("a message of the kernel was ignored: %s", error)
            return None

    def _drop(self, cell):
        if self.kept < float("inf"):
            limit = megabytes(self.active_limits.output_bytes)
            text = f"\n[more output than {limit}: the rest is dropped]\n"
            cell.outputs.append(new_output("stream", name="stdout", text=text))
            # From now on small outputs are dropped as well, so that their order stays true.
            self.kept = float("inf")
        if self.seen > self.active_limits.output_bytes * HARD_OUTPUT_FACTOR and not self.excess:
            self.excess = "output"
            provisioner = getattr(self.km, "provisioner", None)
            if provisioner is not None and provisioner.process is not None:
                kill_all(process_tree(provisioner.pid))


def error_output(name, text):
    """Return an error output as a kernel would send it."""
    return new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])
