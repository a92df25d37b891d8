"""A watchdog that measures a sandbox from outside and ends it when it uses too much."""

import contextlib
import os
import signal
import threading
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


def children(pid):
    """Return the children of a process, oldest first; none when it has ended."""
    found = []
    with contextlib.suppress(OSError, ValueError):
        for task in sorted(Path(f"/proc/{pid}/task").iterdir()):
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def process_tree(pid):
    """Return `pid` and all its descendants; what has ended meanwhile is left out."""
    found, pending = [], [pid]
    while pending:
        current = pending.pop()
        found.append(current)
        pending += children(current)
    return found


def anonymous_bytes(pid):
    """Return the memory that a process has to itself, in bytes; 0 when it has ended."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * PAGE


def folder_bytes(folder):
    """Return the bytes that the files directly in a folder take on disk."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return sum(entry.stat(follow_symlinks=False).st_blocks * 512 for entry in entries)
    return 0


class Watchdog(threading.Thread):
    """Ends a sandbox that uses too much memory, too many processes or too much disk.

    rlimits bound one process each; a fork bomb, or memory shared among many processes, passes them.

    Args:
        pid: the outermost process of the sandbox.
        limits: the `Limits`.
        folder: the one folder of the host that the sandbox can write to.

    Attributes:
        reason: None, or what was exceeded: "memory", "processes" or "disk".
    """

    def __init__(self, pid, limits, folder, interval=0.2):
        super().__init__(daemon=True, name=f"watchdog-{pid}")
        self.pid, self.limits, self.folder, self.interval = pid, limits, folder, interval
        self.reason = None
        self.stopped = threading.Event()

    def run(self):
        """Look every `interval` seconds until the sandbox has ended or `stop` is called."""
        while not self.stopped.wait(self.interval):
            pids = process_tree(self.pid)
            self.reason = self._excess(pids)
            if self.reason:
                kill_all(pids)
                return

    def stop(self):
        """Stop looking."""
        self.stopped.set()

    def _excess(self, pids):
        if len(pids) > self.limits.processes:
            return "processes"
        if sum(map(anonymous_bytes, pids)) > self.limits.memory:
            return "memory"
        if folder_bytes(self.folder) > self.limits.disk:
            return "disk"
        return None


def kill_all(pids):
    """Kill processes; the first process of a PID namespace takes the whole namespace with it."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
