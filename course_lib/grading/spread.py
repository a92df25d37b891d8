"""Spreads items over Dask workers, one at a time each, and survives the workers."""

import queue
import warnings
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from time import monotonic
from uuid import uuid4

from course_lib.grading.course import CourseError

ATTEMPTS = 2
SUSPECT_SECONDS = 5
LOOK_SECONDS = 1.0
NO_WORKER_SECONDS = 60
SILENT_SECONDS = 5
FETCH_SECONDS = 60
SAME = "install the same course_lib on every worker and start them again."


@dataclass
class _Job:
    """An item, the worker that has it, and since when."""

    item: object
    attempt: int
    worker: str = ""
    future: object = None
    deadline: float = 0.0


class Spread:
    """One pass over items: who has what, who was lost, what is tried again.

    Args:
        cluster: the `Cluster`.
        items: an iterator.
        send: turns an item into an `Envelope`.
        seconds: after how long with one item a worker counts as hung.
    """

    def __init__(self, cluster, items, send, seconds):
        self.cluster, self.items, self.send, self.seconds = cluster, items, send, seconds
        self.busy, self.again, self.done = {}, deque(), queue.SimpleQueue()
        self.exhausted, self.workers, self.looked, self.seen = False, set(), 0.0, monotonic()
        self.quiet_since, self.suspects = None, {}

    def results(self):
        """Yield pairs of an item and its answer."""
        for first in self.items:
            # Only now is a cluster needed at all.
            self.items = chain([first], self.items)
            break
        else:
            return
        while self.busy or self.again or not self.exhausted:
            if self.cluster.interrupted.is_set():
                # Python drops an interrupt that meets a callback of its garbage collector.
                raise KeyboardInterrupt
            client = self.cluster.client()
            yield from self._give_up_lost(client)
            self._hand_out(client)
            with suppress(queue.Empty):
                yield from self._receive(self.done.get(timeout=LOOK_SECONDS / 2))

    def _next_job(self):
        """Return the next job or None; new items come before those that are tried again."""
        for item in self.items:
            return _Job(item, 1)
        self.exhausted = True
        return self.again.popleft() if self.again else None

    def _hand_out(self, client):
        """Give every free worker a job."""
        from course_lib.grading.worker import perform

        for address in sorted(self.workers - {job.worker for job in self.busy.values()}):
            job = self._next_job()
            if job is None:
                return
            job.worker, job.deadline = address, monotonic() + self.seconds
            key = f"course-{uuid4().hex}"
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # a submission may have megabytes
                    job.future = client.submit(
                        perform, self.send(job.item), workers=[address], key=key, pure=False
                    )
            except Exception as error:
                raise CourseError(self._gone()) from error
            self.busy[key] = job
            job.future.add_done_callback(self.done.put)

    def _receive(self, future):
        """Yield the item of a finished future, unless it is tried again."""
        job = self.busy.pop(future.key, None)
        if job is None:
            return  # it had been given up
        answer = self._answer(job)
        if answer is not None:
            yield job.item, answer
        else:
            yield from self._lost(job)

    def _answer(self, job):
        """Return a worker's answer, or None if the worker was lost."""
        from distributed import CancelledError, KilledWorker

        from course_lib.grading.worker import RefusedError

        if job.future.status not in ("finished", "error"):
            return None
        try:
            return job.future.result(timeout=FETCH_SECONDS)
        except RefusedError as error:
            raise CourseError(self._refusal(job, error)) from error
        except (KilledWorker, CancelledError, TimeoutError, OSError):
            return None
        except Exception as error:
            raise CourseError(
                f"the worker {job.worker} cannot grade ({in_one_line(error)}); {SAME}"
            ) from error

    def _refusal(self, job, error):
        if self.cluster.scheduler is None:
            return "course_lib was changed while the class was graded; grade again."
        return f"the worker {job.worker} refuses: {error}"

    def _gone(self):
        return (
            f"the Dask scheduler at {self.cluster.where} is gone; start it again, then grade "
            "again: what was graded is kept."
        )

    def _lost(self, job):
        """Try a lost item once more, or yield that it was lost."""
        # The scheduler may list a dead worker for a moment; nobody else's item goes there.
        self.suspects[job.worker] = monotonic() + SUSPECT_SECONDS
        self.workers.discard(job.worker)
        if job.attempt < ATTEMPTS:
            self.again.append(_Job(job.item, job.attempt + 1))
        else:
            yield job.item, None

    def _give_up_lost(self, client):
        """Look at the workers now and then; yield what was lost for the second time."""
        now = monotonic()
        if now < self.looked + LOOK_SECONDS:
            return
        self.looked = now
        self._look(client, now)
        for key, job in list(self.busy.items()):
            late = now > job.deadline
            if job.future.done() or (job.worker in self.workers and not late):
                continue  # what is done is in the queue
            del self.busy[key]
            if late:
                self.cluster.replace(job.worker)
                self.workers.discard(job.worker)
            with suppress(Exception):
                job.future.cancel()
            yield from self._lost(job)

    def _look(self, client, now):
        try:
            if client.status != "running":
                raise OSError("the connection is closed")
            found = self.cluster.without_banned(client.nthreads())
            self.workers = {one for one in found if self.suspects.get(one, 0) < now}
            self.quiet_since = None
        except Exception as error:
            self.quiet_since = self.quiet_since or now
            if now - self.quiet_since < SILENT_SECONDS:
                return
            raise CourseError(self._gone()) from error
        if self.workers:
            self.seen = now
        elif now > self.seen + NO_WORKER_SECONDS:
            raise CourseError(
                f"no worker at {self.cluster.where} for {NO_WORKER_SECONDS} seconds; start some "
                "with `dask worker ADDRESS --nthreads 1`, then grade again: what was graded is "
                "kept."
            )


def in_one_line(error):
    r"""Return an exception as one line of text.

    Example:
        >>> in_one_line(ValueError("two\nlines"))
        'ValueError: two lines'
    """
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
