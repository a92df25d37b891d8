"""Control groups: the kernel's own limits on what one submission uses of memory and processes.

A resource limit binds one process; a control group binds all of a submission together, and the
kernel keeps to it at every allocation, not at the next look of a watchdog. Both layouts are known:
v2, one tree, where the grader needs a delegated part, and v1, a tree for each controller. Where
neither can be written, `find` says so, and rlimits with the watchdog are what is left.
"""

import contextlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.grading.control_group import (
    REMOVE_SECONDS,
    Group,
    limit,
    pid_namespace,
    prefix,
    start_time,
    stat_fields,
)

NEEDED, WELCOME = ("memory", "pids"), ("cpuacct", "cpu")
OURS = re.compile(r"course-(\d+)-(\d+)-(\d+)-")
LEAF = "grader"
DELEGATE = "start with `systemd-run --user --scope -p Delegate=yes`"

WITHOUT = {
    "memory": "memory is limited for each process by rlimits, and for all together by a watchdog "
    "that looks a few times a second",
    "pids": "the number of processes is limited by rlimits and a watchdog",
}


@dataclass(frozen=True)
class Cgroups:
    """What this host offers.

    Attributes:
        kind: "v2", "v1" or "none".
        reason: "" if memory and processes are limited by groups, otherwise a sentence.
        bases: the folder below which groups are made, by controller.
    """

    kind: str
    reason: str = ""
    bases: dict = field(default_factory=dict)

    def create(self, name, memory, processes, cpus=None):
        """Make the group of a submission.

        Args:
            name: letters, digits, dots and dashes; the grader's own identity is put in front.
            memory: bytes, swap included, of all processes and scratch files in memory.
            processes: processes and threads at once.
            cpus: how many processors' worth of time it may use, or None.

        Raises:
            OSError: if the kernel refuses.
            ValueError: if the name could leave the folder.
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
            raise ValueError(f"{name!r} cannot name a control group; give letters and digits.")
        folders = {
            controller: base / (prefix() + name)
            for controller, base in self.bases.items()
            if controller != "cpu" or cpus or self.kind == "v2"
        }
        group = Group(self.kind, folders)
        try:
            for place in group.places:
                place.mkdir()
            limit(group, memory, processes, cpus)
        except OSError:
            group.remove()
            raise
        return group

    def sweep(self):
        """Remove the groups of graders that are dead, with whatever still runs in them.

        Returns:
            How many there were.
        """
        stale = {}
        for controller, base in self.bases.items():
            with contextlib.suppress(OSError):
                for entry in os.scandir(base):
                    if entry.is_dir() and is_stale(entry.name):
                        stale.setdefault(entry.name, {})[controller] = Path(entry.path)
        for name, folders in stale.items():
            group = Group(self.kind, folders)
            # A leaf may still hold the shell that started the grader, and other workers.
            if not name.endswith(LEAF):
                group.kill()
            group.remove(0 if name.endswith(LEAF) else REMOVE_SECONDS)
        return len(stale)


def find(proc="/proc"):
    """Return what this host offers to this process.

    Args:
        proc: where the kernel describes processes; tests give another place.

    Returns:
        A `Cgroups`; with `kind` "none" if no group can be made.
    """
    own, mounts = _own_groups(proc), _mounts(proc)
    problems = []
    for look in (_find_v2, _find_v1):
        found = look(own, mounts, proc)
        if isinstance(found, Cgroups):
            return found
        problems += [found] if found else []
    why = "; ".join(problems) or "no hierarchy is mounted"
    return Cgroups("none", f"No control groups ({why}): {'; '.join(WITHOUT.values())}.")


def _own_groups(proc):
    """Return this process's group by controller, "" standing for v2."""
    groups = {}
    with contextlib.suppress(OSError):
        for line in Path(proc, "self", "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            groups |= {controller: path for controller in controllers.split(",")}
    return groups


def _mounts(proc):
    """Return pairs of root and mount point by controller, "" standing for v2."""
    mounts = {}
    with contextlib.suppress(OSError):
        for line in Path(proc, "self", "mountinfo").read_text().splitlines():
            before, _, after = line.partition(" - ")
            root, point = (_unescaped(text) for text in before.split()[3:5])
            kind, _, options = after.split(" ", 2)
            if kind == "cgroup2":
                mounts[""] = root, point
            elif kind == "cgroup":
                mounts |= {option: (root, point) for option in options.split(",")}
    return mounts


def _unescaped(text):
    r"""Return a path of mountinfo, where a space is \040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _folder(controller, own, mounts):
    """Return the folder of this process's group, or None where it cannot be seen."""
    if controller not in own or controller not in mounts:
        return None
    root, point = mounts[controller]
    # In a container the mount may show a part of the tree only.
    inside = os.path.relpath(own[controller], root)
    place = Path(point) if inside.startswith("..") else Path(point, inside)
    return place if place.is_dir() else None


def _find_v1(own, mounts, proc):
    bases = {}
    for controller in (*NEEDED, *WELCOME):
        place = _folder(controller, own, mounts)
        if place is not None and _can_make(place):
            bases[controller] = place
    missing = [controller for controller in NEEDED if controller not in bases]
    if len(missing) == len(NEEDED):
        return "v1: no hierarchy of memory and pids can be written" if "memory" in mounts else ""
    text = [f"Control groups lack {name}: {WITHOUT[name]}." for name in missing]
    return Cgroups("v1", " ".join(text), bases)


def _find_v2(own, mounts, proc):
    place = _folder("", own, mounts)
    if place is None:
        return ""
    if place.name.startswith("course-") and place.name.endswith(LEAF):
        place = place.parent  # another process of this grader has moved us here
    offered = _words(place / "cgroup.controllers")
    if not set(NEEDED) <= offered:
        # A hybrid host: v2 is mounted, the controllers belong to v1.
        return "" if "memory" in mounts else "v2: memory and pids are not delegated"
    wanted = [name for name in (*NEEDED, "cpu") if name in offered]
    if not set(wanted) <= _words(place / "cgroup.subtree_control"):
        problem = _make_room(place, proc) or _enable(place, wanted)
        if problem:
            return f"v2: {problem}"
    if not _can_make(place):
        return f"v2: this process's group cannot be written; {DELEGATE}"
    return Cgroups("v2", "", {name: place for name in (*wanted, "cpuacct")})


def _words(path):
    with contextlib.suppress(OSError):
        return set(path.read_text().split())
    return set()


def _enable(place, names):
    try:
        (place / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in names))
    except OSError as error:
        return f"the controllers cannot be passed on ({error.strerror})"
    return ""


def _make_room(place, proc):
    """Move all processes of a v2 group into a leaf: only a group without any has limited children.

    They are moved if they are one tree, that of this process: others' are left alone.
    """
    try:
        pids = {int(pid) for pid in (place / "cgroup.procs").read_text().split()}
        if not pids or not (place / "cgroup.type").exists():
            return ""  # the root of the tree may have both
        if not pids <= _family(os.getpid(), pids, proc):
            return f"this process's group holds others' processes; {DELEGATE}"
        leaf = place / (prefix() + LEAF)
        leaf.mkdir(exist_ok=True)
        for pid in sorted(pids):
            with contextlib.suppress(ProcessLookupError):
                (leaf / "cgroup.procs").write_text(f"{pid}\n")
    except OSError as error:
        return f"this process's group cannot be written ({error.strerror})"
    return ""


def _family(pid, pids, proc):
    """Return those processes that descend from the topmost ancestor of ours in the group."""
    parents = {each: _parent(each, proc) for each in pids}
    top = pid
    while parents.get(top) in pids:
        top = parents[top]
    family, grown = {top}, True
    while grown:
        grown = {each for each in pids - family if parents[each] in family}
        family |= grown
    return family


def _parent(pid, proc):
    return int(stat_fields(pid, proc)[1]) if stat_fields(pid, proc) else 0


def is_stale(name):
    """Return whether a group's name is that of a grader that is dead."""
    found = OURS.match(name)
    if not found:
        return False
    pid, start, namespace = map(int, found.groups())
    # A grader in another container has numbers of its own, which mean nothing here.
    return namespace == pid_namespace() and start_time(pid) != start


def _can_make(place):
    """Return whether groups can be made here, by making one."""
    probe = place / f"{prefix()}probe"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True
