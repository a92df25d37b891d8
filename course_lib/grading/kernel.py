"""The trusted end of a submission's kernel: runs its cells, keeps to limits, outlives it.

nbclient does the talking. What the kernel sends is the submission's doing, and so is when it sends
it; whatever comes, a cell ends with outputs, or with an error that says why it did not run.
"""

import contextlib
import json
from time import monotonic, sleep

from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellControlSignal,
    CellExecutionComplete,
    CellTimeoutError,
    DeadKernelError,
)
from nbformat.v4 import new_output

from course_lib.grading.calls import Channel
from course_lib.grading.launch import ZygoteError
from course_lib.grading.provisioner import SandboxKernelManager
from course_lib.grading.score import is_graded

HARD_OUTPUT_FACTOR = 16
SERVE = "__import__('course_inside.kernel').kernel.serve()"
EXCESS = {
    "memory": ("out of memory", "it used more than {memory} of memory"),
    "processes": ("died", "it started more than {processes} processes"),
    "disk": ("died", "it wrote more than {disk} outside its scratch folders"),
    "output": ("died", "it printed more than {output}"),
}


class GraderError(RuntimeError):
    """The grader itself failed; the submission is not to blame."""


def megabytes(number):
    """Return bytes for a reader, as in "250 MiB"."""
    return f"{number / 2**20:,.0f} MiB" if number >= 2**20 else f"{number:,} bytes"


def error_output(name, text):
    """Return an error output as a kernel would send it."""
    return new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])


class StudentKernel(NotebookClient):
    """The kernel of one submission.

    Args:
        nb: the notebook, sanitised.
        limits: the `Limits`.
        files: the submission's files, bytes by relative path.

    Attributes:
        outcome: "ok", "timeout", "died" or "out of memory".
        reason: a clause that explains the outcome, "" when all went well.
        stop: why nothing more is run, or None.
        fork_seconds: how long it took to fork it and to shut it in.
    """

    def __init__(self, nb, limits, files):
        super().__init__(
            nb,
            kernel_name="course-sandbox",
            kernel_manager_class=SandboxKernelManager,
            allow_errors=True,
            shutdown_kernel="immediate",
            record_timing=False,
            # How long a cell may take to end after the interrupt that follows its time-out.
            iopub_timeout=8,
            timeout_func=self._allowance,
            resources={"metadata": {}},
        )
        self.limits, self.files = limits, files
        self.excess = self.stop = self.slow_cell = self.channel = None
        self.outcome, self.reason, self.fork_seconds = "ok", "", 0.0
        self.deadline = monotonic() + limits.submission_seconds

    def start(self):
        """Start the kernel.

        Raises:
            GraderError: if that fails, which is never the submission's doing.
        """
        try:
            begun = monotonic()
            self.km = self.create_kernel_manager()
            self.start_new_kernel(limits=self.limits, files=self.files)
            self.fork_seconds = monotonic() - begun
            self.start_new_kernel_client()
        except ZygoteError as error:
            raise GraderError(str(error)) from error
        except Exception as error:
            self.finish()
            raise GraderError(f"the kernel did not start: {error!r}") from error
        self.deadline = monotonic() + self.limits.submission_seconds
        self.channel = Channel(
            self.provisioner.calls,
            call_seconds=self.limits.cell_seconds,
            deadline=self.deadline,
            interrupt=self.provisioner.leash.interrupt,
        )

    @property
    def provisioner(self):
        """The kernel's provisioner, or None when it has ended."""
        return getattr(self.km, "provisioner", None)

    def finish(self):
        """End the kernel, whatever state it is in."""
        if self.km is not None:
            with contextlib.suppress(Exception):
                self._cleanup_kernel()
        self.km = self.kc = None

    def _allowance(self, cell):
        return max(0.1, min(self.limits.cell_seconds, self.deadline - monotonic()))

    def may_run(self, cell, index):
        """Return whether there is a kernel and time; otherwise say on the cell why not."""
        if self.stop is None and monotonic() >= self.deadline:
            self.slow_cell = index if self.slow_cell is None else self.slow_cell
            self.stop = f"the submission's {self.limits.submission_seconds:g} s were used up"
            self.note("timeout", self.stop)
        if self.stop is not None:
            cell.outputs = [error_output("NotRun", f"not run: {self.stop}")]
        return self.stop is None

    def run(self, cell, index):
        """Run one cell of the submission."""
        if not self.may_run(cell, index):
            return
        self.kept, self.seen = 0, 0
        try:
            self.execute_cell(cell, index, store_history=True)
        except CellTimeoutError:
            self.end(cell, "timeout", "a cell ran into its time limit and could not be interrupted")
        except DeadKernelError:
            self.end(cell, *self.cause_of_death())
        except Exception as error:
            # What a kernel sends is the submission's doing as well.
            self.end(cell, "died", f"its kernel answered with garbage ({type(error).__name__})")

    @contextlib.contextmanager
    def serving(self, index):
        """Have the kernel answer calls while the block runs, for a cell; yields the `Channel`."""
        request = self.kc.execute(SERVE, silent=True, store_history=False, allow_stdin=False)
        self.channel.begin()
        late = self.channel.late.total()
        try:
            yield self.channel
            if self.channel.late.total() > late:
                self.slow_cell = index if self.slow_cell is None else self.slow_cell
                self.note("timeout", f"a call took longer than {self.limits.cell_seconds:g} s")
        finally:
            self.channel.end()
            self._await(request)

    def _await(self, request, seconds=5.0):
        """Wait until the kernel has stopped serving; what it printed meanwhile is not kept."""
        until = monotonic() + seconds
        while monotonic() < until and self.stop is None:
            try:
                reply = run_sync(self.kc.get_shell_msg)(timeout=0.5)
                if reply["parent_header"].get("msg_id") == request:
                    return
            except Exception:
                if self.provisioner.leash.poll() is not None:
                    return
        self.provisioner.leash.interrupt()

    def loss(self):
        """Return outcome and clause if the kernel was lost while it was asked, or None."""
        leash = self.provisioner.leash
        if self.channel.dead and not self.channel.late:
            # A process that ended is heard of here first, and by its leash a moment later.
            until = monotonic() + 1
            while leash.poll() is None and monotonic() < until:
                sleep(0.01)
        if leash.poll() is not None:
            return self.cause_of_death()
        if not self.channel.dead:
            return None
        if monotonic() >= self.deadline:
            return "timeout", f"the submission's {self.limits.submission_seconds:g} s were used up"
        if self.channel.late:
            return "timeout", "a call ran into its time limit and could not be interrupted"
        return "died", "its process answered a call with garbage"

    def end(self, cell, outcome, reason):
        """End the kernel and say on the cell why."""
        self.note(outcome, reason)
        self.stop = f"{reason}, so that nothing after it could run"
        name = "CellTimeoutError" if outcome == "timeout" else "KernelDied"
        cell.outputs = [*cell.get("outputs", []), error_output(name, reason)]
        self.finish()

    def note(self, outcome, reason):
        """Remember an outcome unless a worse one is known."""
        order = ("ok", "timeout", "out of memory", "died")
        if order.index(outcome) > order.index(self.outcome):
            self.outcome, self.reason = outcome, reason

    def forgive_late_timeout(self):
        """Call it "ok" if nothing that is graded came at or after the cell that was slow."""
        later = self.nb.cells[self.slow_cell :] if self.slow_cell is not None else []
        graded = any(is_graded(cell) for cell in later)
        if self.outcome == "timeout" and not graded:
            self.outcome = "ok"

    def cause_of_death(self):
        """Return outcome and clause for a kernel that has ended."""
        leash = self.provisioner.leash if self.provisioner else None
        group = getattr(leash, "group", None)
        watchdog = getattr(self.provisioner, "watchdog", None)
        cause = self.excess or getattr(watchdog, "reason", None)
        if cause is None and group is not None and group.stats()["oom_kills"]:
            cause = "memory"
        if cause:
            outcome, text = EXCESS[cause]
            return outcome, text.format(
                memory=megabytes(self.limits.memory),
                processes=self.limits.processes,
                disk=megabytes(self.limits.disk),
                output=megabytes(self.limits.output_bytes * HARD_OUTPUT_FACTOR),
            )
        code = leash.poll() if leash is not None else None
        if code is None:
            return "died", "its Python process ended"
        if code > 128 or code < 0:
            return "died", f"its Python process was ended by signal {abs(code) % 128}"
        return "died", f"its Python process ended itself (exit status {code})"

    async def _async_handle_timeout(self, timeout, cell=None):
        if monotonic() >= self.deadline:
            reason = f"the submission's {self.limits.submission_seconds:g} s were used up"
        else:
            reason = f"a cell took longer than {self.limits.cell_seconds:g} s"
        self.note("timeout", reason)
        if self.slow_cell is None:
            self.slow_cell = self.nb.cells.index(cell)
        self.error_on_timeout = {
            "ename": "CellTimeoutError",
            "evalue": reason,
            "traceback": [f"CellTimeoutError: {reason}"],
        }
        return await super()._async_handle_timeout(timeout, cell)

    def process_message(self, msg, cell, cell_index):
        """Keep what fits the output limit; widgets' messages mark nothing."""
        kind = msg["msg_type"]
        if kind.startswith("comm"):
            return None
        if kind in ("stream", "display_data", "execute_result", "update_display_data", "error"):
            size = len(json.dumps(msg["content"], default=str))
            self.seen += size
            if self.kept + size > self.limits.output_bytes:
                return self._drop(cell)
            self.kept += size
        try:
            return super().process_message(msg, cell, cell_index)
        except (CellExecutionComplete, CellControlSignal):
            raise
        except Exception as error:
            self.log.warning("a message of the kernel was ignored: %s", error)
            return None

    def _drop(self, cell):
        if self.kept < float("inf"):
            limit = megabytes(self.limits.output_bytes)
            text = f"\n[more output than {limit}: the rest is dropped]\n"
            cell.outputs.append(new_output("stream", name="stdout", text=text))
            # From now on small outputs are dropped as well, so that their order stays true.
            self.kept = float("inf")
        if self.seen > self.limits.output_bytes * HARD_OUTPUT_FACTOR and not self.excess:
            self.excess = "output"
            if self.provisioner is not None and self.provisioner.leash is not None:
                self.provisioner.leash.kill()
