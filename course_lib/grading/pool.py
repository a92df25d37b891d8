"""A pool of worker processes that survives its workers.

`concurrent.futures` gives up the whole class when one worker dies. Here a worker that dies or hangs
is replaced, its submission is tried once more, and then counts as lost.
"""

import multiprocessing
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from time import monotonic

ATTEMPTS = 2
START_SECONDS = 120
READY = "ready"


def _serve(connection, function):
    """Work off what comes through the pipe until it closes."""
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        connection.send(READY)
        while True:
            connection.send(function(connection.recv()))


@dataclass
class _Worker:
    process: object
    connection: object
    entry: object
    deadline: float

    def end(self):
        """End the process, whatever it is doing."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def run_all(function, items, workers, seconds):
    """Call a function on each item in worker processes and yield what comes, as it comes.

    Args:
        function: importable, takes an item and returns something picklable.
        items: picklable things; each is tried at most twice.
        workers: how many processes.
        seconds: after how long with one item a worker counts as hung.

    Yields:
        Pairs of an item and its result, or None if both attempts were lost.
    """
    pending = deque((item, 1) for item in items)
    context = multiprocessing.get_context("spawn")
    pool = [_start(context, function, pending.popleft()) for _ in range(min(workers, len(pending)))]
    try:
        while pool:
            late = [worker for worker in pool if monotonic() > worker.deadline]
            ready = wait([worker.connection for worker in pool], timeout=1.0)
            for worker in [w for w in pool if w.connection in ready or w in late]:
                answer = _receive(worker) if worker.connection in ready else None
                if answer == (READY,):
                    worker.deadline = monotonic() + seconds
                    continue
                item, attempt = worker.entry
                if answer is None and attempt < ATTEMPTS:
                    pending.append((item, attempt + 1))
                else:
                    yield item, answer and answer[0]
                _go_on(pool, worker, context, function, pending, seconds, lost=answer is None)
    finally:
        for worker in pool:
            worker.end()


def _receive(worker):
    """Return what a worker sent, in a tuple, or None if it died."""
    try:
        return (worker.connection.recv(),)
    except (EOFError, OSError):
        return None


def _start(context, function, entry):
    """Start a worker with its first item; imports do not count as time with the item."""
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, function), daemon=True)
    process.start()
    theirs.close()
    # A worker that dies at once is noticed when its pipe reads as closed.
    with suppress(OSError):
        ours.send(entry[0])
    return _Worker(process, ours, entry, monotonic() + START_SECONDS)


def _go_on(pool, worker, context, function, pending, seconds, lost):
    """Give a worker its next item; replace it if it was lost, end it if nothing is left."""
    if not lost and pending:
        worker.entry, worker.deadline = pending.popleft(), monotonic() + seconds
        with suppress(OSError):
            worker.connection.send(worker.entry[0])
        return
    worker.end()
    pool.remove(worker)
    if pending:
        pool.append(_start(context, function, pending.popleft()))
