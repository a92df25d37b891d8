"""Control groups: the real ones of this host, v1 or v2, and v2's rules against a made-up tree.

No host with v2 was at hand when this was written, so the tests of v2 show which files are read and
written, and in which order; that a kernel obeys them is not shown here.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course_lib.grading import cgroups, control_group

MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def host():
    """What this host offers; without groups these tests would test nothing."""
    found = cgroups.find()
    if found.kind == "none":
        pytest.skip(found.reason)
    return found


@pytest.fixture
def group(host):
    """A group of 64 MiB and 20 processes."""
    with host.create("test", 64 * MEBIBYTE, 20) as made:
        yield made
    assert not any(place.exists() for place in made.places)


def start(group, code):
    """Start Python in a group, from its first instruction on."""
    waiting = "import sys; sys.stdin.readline()\n"
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = subprocess.Popen([sys.executable, "-S", "-c", waiting + code], text=True, **pipes)
    group.add(process.pid)
    process.stdin.write("\n")
    process.stdin.flush()
    return process


def test_a_memory_bomb_is_ended_and_others_are_not(host, group):
    with host.create("neighbour", 64 * MEBIBYTE, 20) as other:
        neighbour = start(other, "import time; time.sleep(60)")
        bomb = start(group, "x = [bytearray(2**20) for _ in range(400)]; print(len(x))")
        printed, _ = bomb.communicate(timeout=30)
        assert (bomb.returncode, printed) == (-signal.SIGKILL, "")
        stats = group.stats()
        assert stats["oom_kills"] >= 1
        assert 32 * MEBIBYTE < stats["memory_peak"] <= 65 * MEBIBYTE
        assert neighbour.poll() is None
        assert other.stats()["oom_kills"] == 0
    assert neighbour.wait(timeout=5) == -signal.SIGKILL


def test_memory_of_many_processes_counts_together(group):
    code = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        x = bytearray(b"x") * (30 * 2**20)
        time.sleep(60)
os.wait(); print("one is gone")
"""
    process = start(group, code)
    assert process.stdout.readline().strip() in ("one is gone", "")
    assert group.stats()["oom_kills"] >= 1


def test_a_fork_bomb_is_bounded_and_ended(group):
    code = """
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
"""
    process = start(group, code)
    deadline = time.monotonic() + 10
    while not group.stats()["processes_refused"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert group.stats()["processes_refused"] >= 1
    assert 1 < len(group.pids()) <= 20
    assert group.kill()
    assert group.pids() == []
    assert process.wait(timeout=5) == -signal.SIGKILL


def test_kill_takes_daemons_and_the_stopped(group):
    code = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
    os._exit(0)
print("ready", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""
    process = start(group, code)
    assert process.stdout.readline() == "ready\n"
    deadline = time.monotonic() + 10
    while len(group.pids()) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    pids = group.pids()
    assert group.kill()
    process.wait(timeout=5)
    assert not any(cgroups.start_time(pid) for pid in pids)


def test_processor_time_is_counted(group):
    process = start(group, "import time\nwhile time.process_time() < 0.3: pass")
    assert process.wait(timeout=30) == 0
    assert 0.25 < group.stats()["cpu_seconds"] < 10


def test_a_group_can_be_slowed(host):
    if "cpu" not in host.bases:
        pytest.skip("this host has no controller for processor time")
    with host.create("slow", 64 * MEBIBYTE, 20, cpus=0.2) as group:
        process = start(group, "import time\nwhile time.process_time() < 0.3: pass")
        before = time.monotonic()
        assert process.wait(timeout=60) == 0
        assert time.monotonic() - before > 0.6


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a\nb", ".hidden", "x" * 101])
def test_a_name_stays_in_its_folder(host, name):
    with pytest.raises(ValueError, match="cannot name a control group"):
        host.create(name, MEBIBYTE, 1)


def test_what_the_kernel_refuses_leaves_nothing(host):
    before = sorted(os.listdir(host.bases["memory"]))
    with pytest.raises(OSError):  # noqa: PT011
        host.create("wrong", "no number", 20)
    assert sorted(os.listdir(host.bases["memory"])) == before


def test_sweep_ends_what_a_dead_grader_left(host):
    code = """
import subprocess, sys
from course_lib.grading import cgroups
group = cgroups.find().create("left", 2**26, 20)
process = subprocess.Popen(["sleep", "60"])
group.add(process.pid)
print(process.pid, *group.places, sep="\\n", flush=True)
sys.stdin.read()
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    grader = subprocess.Popen([sys.executable, "-c", code], text=True, **pipes)
    pid = int(grader.stdout.readline())
    places = [Path(line) for line in _lines(grader, len(set(host.bases.values()) - _cpu(host)))]
    mine = host.create("mine", MEBIBYTE, 1)
    host.sweep()  # others' leavings, if a grader was killed here before
    assert all(place.exists() for place in places)
    grader.kill()
    grader.wait()
    assert host.sweep() >= 1
    assert not any(place.exists() for place in places)
    assert cgroups.start_time(pid) is None
    assert all(place.exists() for place in mine.places)
    assert mine.remove()


def _lines(process, number):
    return [process.stdout.readline().strip() for _ in range(number)]


def _cpu(host):
    """Return the folder that only groups with a limit on processor time have."""
    own = {host.bases["cpu"]} if host.kind == "v1" and "cpu" in host.bases else set()
    return own - {place for name, place in host.bases.items() if name != "cpu"}


@pytest.mark.parametrize(
    ("name", "stale"),
    [
        ("course-{pid}-{start}-{ns}-ann", False),
        ("course-{pid}-1-{ns}-ann", True),  # the number went to another process
        ("course-4194305-5-{ns}-ann", True),
        ("course-4194305-5-1-ann", False),  # another container's
        ("course-ann", False),
        ("user.slice", False),
    ],
)
def test_which_groups_are_stale(name, stale):
    pid = os.getpid()
    values = {"pid": pid, "start": cgroups.start_time(pid), "ns": control_group.pid_namespace()}
    assert cgroups.is_stale(name.format(**values)) is stale


class Tree:
    """A made-up v2 tree; the kernel's side of it is played by `mkdir` and `rmdir`."""

    def __init__(self, root, own="/scope", controllers="cpu memory pids", pids=None, mount="/"):
        self.mount, self.proc = root / "cgroup v2", root / "proc"
        self.group = self.mount / own.strip("/")
        self.group.mkdir(parents=True)
        (self.proc / "self").mkdir(parents=True)
        (self.proc / "self" / "cgroup").write_text(f"0::{own}\n")
        point = str(self.mount).replace(" ", "\\040")
        line = f"30 20 0:26 {mount} {point} rw,nosuid - cgroup2 cgroup2 rw\n"
        (self.proc / "self" / "mountinfo").write_text(line)
        for name, text in {
            "cgroup.controllers": controllers,
            "cgroup.subtree_control": "",
            "cgroup.type": "domain",
            "cgroup.procs": "".join(f"{pid}\n" for pid in pids or [os.getpid()]),
        }.items():
            (self.group / name).write_text(text)

    def process(self, pid, parent):
        """Describe a process."""
        (self.proc / str(pid)).mkdir()
        (self.proc / str(pid) / "stat").write_text(f"{pid} (a (b) c) S {parent} 1 1\n")


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A function that makes a tree; folders of it can be removed with the files in them."""
    real = Path.rmdir

    def rmdir(path):
        if path.is_relative_to(tmp_path):
            for file in path.iterdir():
                file.unlink()
        real(path)

    monkeypatch.setattr(Path, "rmdir", rmdir)
    return lambda **options: Tree(tmp_path, **options)


def test_v2_makes_room_before_it_passes_controllers_on(tree):
    made = tree()
    made.process(os.getpid(), 1)
    found = cgroups.find(made.proc)
    assert (found.kind, found.reason) == ("v2", "")
    assert found.bases["memory"] == made.group
    assert (made.group / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"
    (leaf,) = (p for p in made.group.iterdir() if p.is_dir())
    assert leaf.name.endswith("-grader")
    assert (leaf / "cgroup.procs").read_text() == f"{os.getpid()}\n"


def test_v2_writes_limits_and_reads_what_was_used(tree):
    made = tree()
    made.process(os.getpid(), 1)
    group = cgroups.find(made.proc).create("ann", 2**30, 50, cpus=1.5)
    (place,) = group.places
    values = {p.name: p.read_text().strip() for p in place.iterdir()}
    assert values == {"memory.max": str(2**30), "pids.max": "50", "cpu.max": "150000 100000"}
    (place / "memory.peak").write_text("4096\n")
    (place / "memory.events").write_text("low 0\nmax 3\noom 1\noom_kill 2\n")
    (place / "pids.events").write_text("max 7\n")
    (place / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    wanted = {"memory_peak": 4096, "oom_kills": 2, "processes_refused": 7, "cpu_seconds": 1.5}
    assert group.stats() == wanted
    assert group.kill()
    assert (place / "cgroup.kill").read_text() == "1"
    assert group.remove()


def test_v2_leaves_others_processes_where_they_are(tree):
    me = os.getpid()
    made = tree(pids=[me, 900001])
    made.process(me, 1)
    made.process(900001, 1)
    found = cgroups.find(made.proc)
    assert found.kind == "none"
    assert "others' processes" in found.reason
    assert "systemd-run --user --scope -p Delegate=yes" in found.reason
    assert "watchdog" in found.reason
    assert (made.group / "cgroup.subtree_control").read_text() == ""


def test_v2_moves_the_whole_family_of_the_grader(tree):
    me, shell, sibling = os.getpid(), 900001, 900002
    made = tree(pids=[me, shell, sibling])
    for pid, parent in ((me, shell), (shell, 1), (sibling, shell)):
        made.process(pid, parent)
    assert cgroups.find(made.proc).kind == "v2"


def test_v2_finds_itself_in_the_leaf_that_a_sibling_made(tree):
    name = f"course-{os.getpid()}-5-1-grader"
    made = tree(own=f"/scope/{name}")
    for file in ("cgroup.controllers", "cgroup.subtree_control"):
        (made.group.parent / file).write_text("cpu memory pids")
    found = cgroups.find(made.proc)
    assert found.bases["memory"] == made.group.parent


def test_v2_in_a_container_that_sees_a_part_of_the_tree(tree):
    made = tree(own="/", mount="/docker/abc")
    (made.proc / "self" / "cgroup").write_text("0::/docker/abc\n")
    made.process(os.getpid(), 1)
    assert cgroups.find(made.proc).bases["pids"] == made.group


def test_v2_without_the_controllers_is_said(tree):
    found = cgroups.find(tree(controllers="cpu").proc)
    assert found.kind == "none"
    assert "memory and pids are not delegated" in found.reason


def test_without_any_hierarchy_the_fallback_is_said(tmp_path):
    found = cgroups.find(tmp_path)
    assert found.kind == "none"
    assert "rlimits" in found.reason
    assert "watchdog" in found.reason
    assert found.sweep() == 0


def test_v1_without_pids_says_what_that_means(tmp_path):
    memory = tmp_path / "memory"
    (memory / "mine").mkdir(parents=True)
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "cgroup").write_text("4:memory:/mine\n0::/\n")
    line = f"35 31 0:32 / {memory} rw - cgroup cgroup rw,memory\n"
    (tmp_path / "self" / "mountinfo").write_text(line)
    found = cgroups.find(tmp_path)
    assert found.kind == "v1"
    assert found.bases == {"memory": memory / "mine"}
    assert "number of processes is limited by rlimits" in found.reason


def test_nothing_of_these_tests_is_left(host):
    left = [p for base in host.bases.values() for p in base.glob(f"course-{os.getpid()}-*")]
    assert left == []
