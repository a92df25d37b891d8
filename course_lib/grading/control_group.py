"""One control group: the limits of one submission, what it used, and its end, in v1 and v2."""

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

KILL_SECONDS, REMOVE_SECONDS = 5.0, 2.0
CPU_PERIOD = 100_000  # microseconds


@dataclass
class Group:
    """The control group of one submission.

    Attributes:
        kind: "v1" or "v2".
        folders: where the group is, by controller; in v2 all are the same folder.
    """

    kind: str
    folders: dict

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.remove()

    @property
    def places(self):
        """The folders of the group, each once."""
        return list(dict.fromkeys(self.folders.values()))

    def add(self, pid):
        """Put a process, with its threads, into the group; its later children are in it too.

        Raises:
            OSError: if the process has ended or the kernel refuses.
        """
        for place in self.places:
            (place / "cgroup.procs").write_text(f"{pid}\n")

    def pids(self):
        """Return the processes in the group."""
        found = set()
        for place in self.places:
            with contextlib.suppress(OSError):
                found.update(map(int, (place / "cgroup.procs").read_text().split()))
        # 0 stands for a process that our PID namespace cannot name.
        return sorted(found - {0, os.getpid()})

    def stats(self):
        """Return what the submission used and was refused.

        Returns:
            A dict of memory_peak (bytes), oom_kills, processes_refused and cpu_seconds; None where
            the kernel does not say.
        """
        return _stats_v2(self.folders) if self.kind == "v2" else _stats_v1(self.folders)

    def kill(self, seconds=KILL_SECONDS):
        """End all processes of the group, forks in flight included.

        Returns:
            Whether the group is empty.
        """
        for place in self.places:
            with contextlib.suppress(OSError):
                (place / "cgroup.kill").write_text("1")
        if "pids" in self.folders:
            # No fork can win the race against the signals below.
            with contextlib.suppress(OSError):
                (self.folders["pids"] / "pids.max").write_text("0")
        deadline = monotonic() + seconds
        while pids := self.pids():
            for pid in pids:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            if monotonic() > deadline:
                return False
            sleep(0.005)
        return True

    def remove(self, seconds=REMOVE_SECONDS):
        """Remove the group; a process that is not reaped yet holds it for a moment.

        Returns:
            Whether it is gone.
        """
        deadline = monotonic() + seconds
        while not all([_removed(place) for place in self.places]):
            if monotonic() > deadline:
                return False
            sleep(0.01)
        return True


def limit(group, memory, processes, cpus):
    """Write the limits of a new group; see `Cgroups.create`."""
    folders = group.folders
    if group.kind == "v2":
        _write(folders["memory"] / "memory.max", memory)
        _write_if_there(folders["memory"] / "memory.swap.max", 0)
        # All or none: a submission that lost one of its processes would only hang.
        _write_if_there(folders["memory"] / "memory.oom.group", 1)
    elif "memory" in folders:
        _write(folders["memory"] / "memory.limit_in_bytes", memory)
        _write_if_there(folders["memory"] / "memory.memsw.limit_in_bytes", memory)
    if "pids" in folders:
        _write(folders["pids"] / "pids.max", processes)
    if cpus and "cpu" in folders:
        quota = int(cpus * CPU_PERIOD)
        name, text = (
            ("cpu.max", f"{quota} {CPU_PERIOD}")
            if group.kind == "v2"
            else ("cpu.cfs_quota_us", quota)
        )
        _write(folders["cpu"] / name, text)


def _write(path, value):
    path.write_text(f"{value}\n")


def _write_if_there(path, value):
    if path.exists():
        _write(path, value)


def _stats_v1(folders):
    memory, pids, cpu = (folders.get(name) for name in ("memory", "pids", "cpuacct"))
    kills = _keyed(memory, "memory.oom_control").get("oom_kill")
    nanoseconds = _number(cpu, "cpuacct.usage")
    return {
        "memory_peak": _number(memory, "memory.max_usage_in_bytes"),
        # Kernels before 4.13 count only how often the limit was hit.
        "oom_kills": kills if kills is not None else _number(memory, "memory.failcnt"),
        "processes_refused": _keyed(pids, "pids.events").get("max"),
        "cpu_seconds": None if nanoseconds is None else nanoseconds / 1e9,
    }


def _stats_v2(folders):
    place = folders["memory"]
    peak, microseconds = _number(place, "memory.peak"), _keyed(place, "cpu.stat").get("usage_usec")
    return {
        # Kernels before 5.19 do not keep the peak.
        "memory_peak": _number(place, "memory.current") if peak is None else peak,
        "oom_kills": _keyed(place, "memory.events").get("oom_kill"),
        "processes_refused": _keyed(place, "pids.events").get("max"),
        "cpu_seconds": None if microseconds is None else microseconds / 1e6,
    }


def _number(place, name):
    try:
        return int((place / name).read_text())
    except (OSError, ValueError, TypeError):
        return None


def _keyed(place, name):
    """Return a file of lines "key number" as a dict; empty if it is not there."""
    try:
        lines = (place / name).read_text().splitlines()
        return {key: int(value) for key, value in (line.split() for line in lines)}
    except (OSError, ValueError, TypeError):
        return {}


def _removed(place):
    with contextlib.suppress(OSError):
        place.rmdir()
    return not place.exists()


def stat_fields(pid, proc="/proc"):
    """Return the fields of a process from its state on, or None when it has ended."""
    try:
        # The name may hold spaces and parentheses.
        return Path(proc, str(pid), "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def start_time(pid):
    """Return when a process started, in clock ticks since boot, or None when it has ended.

    With it, a number that the kernel gave to a second process is not mistaken for the first.
    """
    fields = stat_fields(pid)
    # A zombie has ended; only its parent has not looked.
    return None if fields is None or fields[0] in "ZX" else int(fields[19])


def prefix():
    """Return the start of our groups' names: who we are, and in which PID namespace."""
    pid = os.getpid()
    return f"course-{pid}-{start_time(pid)}-{pid_namespace()}-"


def pid_namespace():
    """Return the number of our PID namespace."""
    return os.stat("/proc/self/ns/pid").st_ino
