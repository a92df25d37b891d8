"""A watchdog that measures a sandbox from outside and ends it when it uses too much."""

import contextlib
import os
import re
import signal
import stat
import threading
from pathlib import Path

BLOCK = 4096


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


def memory_bytes(pid):
    """Return a process's share of the memory that was made, in bytes; 0 when it has ended.

    What it shares with the zygote and with its own children counts in parts. Shared memory counts
    as well: an anonymous shared mapping is bound by no rlimit.
    """
    with contextlib.suppress(OSError, ValueError):
        fields = re.findall(
            r"^(?:Pss_Anon|Pss_Shmem):\s+(\d+) kB",
            Path(f"/proc/{pid}/smaps_rollup").read_text(),
            flags=re.MULTILINE,
        )
        return sum(map(int, fields)) * 1024
    return 0


def folder_bytes(folder):
    """Return the bytes that a folder takes on disk; an empty file counts as a block."""
    total = 0
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            with contextlib.suppress(OSError):
                blocks = os.lstat(os.path.join(place, name)).st_blocks
                total += max(blocks * 512, BLOCK)
    return total


def nameless_bytes(pids):
    """Return the bytes of files that are open and have no name: deleted ones, and memfds."""
    sizes = {}
    for pid in pids:
        with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    found = os.stat(entry.path)
                    if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                        sizes[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(sizes.values())


class Watchdog(threading.Thread):
    """Ends a sandbox that uses too much memory, too many processes or too much disk.

    rlimits bound one process each; a fork bomb, or memory shared among many processes, passes them.

    Args:
        pid: the outermost process of the sandbox.
        limits: the `Limits`.
        folder: a folder of the host that the sandbox can write to, if there is one.

    Attributes:
        reason: None, or what was exceeded: "memory", "processes" or "disk".
    """

    def __init__(self, pid, limits, folder=None, interval=0.2):
        super().__init__(daemon=True, name=f"watchdog-{pid}")
        self.pid, self.limits, self.folder, self.interval = pid, limits, folder, interval
        self.reason = None
        self.stopped = threading.Event()
        # What the zygote had imported is not the submission's.
        self.imported = sum(map(memory_bytes, process_tree(pid)))

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
        if sum(map(memory_bytes, pids)) - self.imported > self.limits.memory:
            return "memory"
        shared = folder_bytes(self.folder) if self.folder else 0
        if shared + nameless_bytes(pids) > self.limits.disk:
            return "disk"
        return None


def kill_all(pids):
    """Kill processes; the first process of a PID namespace takes the whole namespace with it."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
