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


def _serve(connection, function):
    """Work off what comes through the pipe until it closes."""
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        while True:
            connection.send(function(connection.recv()))


@dataclass
class _Worker:
    process: object
    connection: object
    item: object = None
    deadline: float = 0.0

    def end(self):
        self.process.kill()
        self.process.join()
        self.connection.close()


def run_all(function, items, workers, seconds):
    """Call a function on each item in worker processes and yield what comes, as it comes.

    Args:
        function: importable, takes an item and returns something picklable.
        items: picklable things; each is tried at most twice.
        workers: how many processes.
        seconds: after how long a worker counts as hung.

    Yields:
        Pairs of an item and its result, or None if both attempts were lost.
    """
    pending = deque((item, 1) for item in items)
    context = multiprocessing.get_context("spawn")
    pool = [_start(context, function) for _ in range(min(workers, len(pending)))]
    try:
        while pending or any(worker.item for worker in pool):
            for worker in pool:
                if worker.item is None and pending:
                    _give(worker, pending.popleft(), seconds)
            busy = {worker.connection: worker for worker in pool if worker.item}
            for connection in wait(list(busy), timeout=1.0):
                worker = busy[connection]
                (item, attempt), worker.item = worker.item, None
                try:
                    yield item, connection.recv()
                except (EOFError, OSError):
                    yield from _lost(pool, worker, context, function, pending, item, attempt)
            for worker in [w for w in pool if w.item and monotonic() > w.deadline]:
                (item, attempt), worker.item = worker.item, None
                yield from _lost(pool, worker, context, function, pending, item, attempt)
    finally:
        for worker in pool:
            worker.end()


def _start(context, function):
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, function), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _give(worker, entry, seconds):
    worker.item, worker.deadline = entry, monotonic() + seconds
    # A worker that has just died is noticed when its pipe reads as closed.
    with suppress(OSError):
        worker.connection.send(entry[0])


def _lost(pool, worker, context, function, pending, item, attempt):
    worker.end()
    pool[pool.index(worker)] = _start(context, function)
    if attempt < ATTEMPTS:
        pending.append((item, attempt + 1))
    else:
        yield item, None
