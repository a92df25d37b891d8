"""Workers that die, hang or refuse, a scheduler that goes, and the command killed at any moment."""

import json
import os
import pickle
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from grading_helpers import ROOT, STEM, hand_in
from scale_courses import FULL, HALF, answers, copy_course, marks, report
from scale_helpers import HERE, command, gradings

from course_lib.grading import locks, spread
from course_lib.grading.cluster import Cluster
from course_lib.grading.course import CourseError, open_course, open_gradebook

PROGRAMS = Path(sys.prefix, "bin")


@pytest.fixture(params=["sqlite", "postgresql"])
def root(request, tmp_path):
    """A course without submissions, with its gradebook in the database of the parameter."""
    return copy_course(request.param, tmp_path)


@pytest.fixture
def lite(tmp_path):
    """A course without submissions on SQLite, for what no database can change."""
    return copy_course("sqlite", tmp_path)


def start(root, *arguments):
    """Start the command; a test that fails leaves nothing running behind."""
    return subprocess.Popen(
        command("grade", STEM, "--course", root, *arguments),
        env={**os.environ, "COURSE_TEST_LOG": str(root / "log")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end(process, wanted=0):
    """Wait for the command; return what it printed."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == wanted, out + err
    return out, err


def wait_for(condition, seconds=60):
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def journaled(root):
    """Return the students that have a file in the journal."""
    return {re.sub("-[0-9a-f]*.json", "", p.name) for p in (root / "grading" / STEM).glob("*.json")}


def workers(root):
    """Return the processes that graded."""
    lines = (root / "log").read_text().splitlines() if (root / "log").exists() else []
    return {int(line.split(" ")[2]) for line in lines}


def alive(pid):
    """Return whether a process runs; a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def hand_in_slow(root, number, word="slow right"):
    """Hand in a class that takes a while."""
    for index in range(number):
        hand_in(root, f"s{index}", answers(word))
    return {f"s{index}" for index in range(number)}


# --- workers ---------------------------------------------------------------------------------


def test_lost_workers_cost_nobody_else_anything(lite):
    words = {"kim": "kill", "otto": "once right", "eve": "fault", "ann": "right", "ben": "wrong"}
    for student, word in words.items():
        hand_in(lite, student, answers(word))
    hand_in_slow(lite, 4)
    out, err = end(start(lite), wanted=1)
    assert err.startswith("warning: 2 of 9 submissions could not be graded")
    assert re.search(r"\((kim, eve|eve, kim)\): .* Grade again when that is mended.\n$", err)
    assert re.search(r"^\[\d/9\] otto: graded$", out, re.MULTILINE)
    assert "9 submissions: 6 graded, 1 wrong, 2 died." in out
    entries = report(lite)
    assert "lost twice" in entries["kim"]["instructor"][0]
    assert "RuntimeError: the grader has a fault" in entries["eve"]["instructor"][0]
    assert "has a fault" not in " ".join(entries["eve"]["messages"])
    assert sorted(gradings(lite / "log")) == sorted(["ann", "ben", "otto", "s0", "s1", "s2", "s3"])
    begun = gradings(lite / "log", "begin")
    assert [begun.count(student) for student in ("kim", "otto", "eve", "s0")] == [2, 2, 1, 1]
    assert marks(lite)["kim"] == (0.0, 0.0, None)
    (lite / "log").unlink()
    # What was the grader's fault is tried again; all else is unchanged.
    out, _ = end(start(lite), wanted=1)
    assert "9 submissions: 6 graded, 1 wrong, 2 died. 7 unchanged, 2 graded now." in out
    assert set(gradings(lite / "log", "begin")) == {"eve", "kim"}
    assert not any(alive(pid) for pid in workers(lite))


def hangs(item):
    """Hang or answer, on a worker."""
    if item == "hang":
        time.sleep(60)
    return item.upper()


def test_a_worker_that_hangs_is_replaced():
    from course_lib.grading.version import judging_code
    from course_lib.grading.worker import Envelope

    def send(item):
        return Envelope((), judging_code(()), "test_cluster:hangs", pickle.dumps(item))

    with Cluster(workers=1) as cluster:
        results = dict(cluster.run(["a", "hang", "b"], send, seconds=2))
        address = cluster.client().scheduler.address
    assert results == {"a": "A", "hang": None, "b": "B"}
    assert address.startswith("tls://127.0.0.1:")


def test_without_items_no_worker_is_started():
    with Cluster() as cluster:
        assert list(cluster.run([], None, seconds=1)) == []
        assert cluster._thread is None


# --- a scheduler with an address -------------------------------------------------------------


class Remote:
    """A scheduler and a worker of their own."""

    def __init__(self, folder, path=HERE):
        self.file, self.path, self.folder = folder / "scheduler.json", path, folder
        self.processes = []
        self.start()

    def start(self):
        """Start both."""
        self.file.unlink(missing_ok=True)
        listen = ["--host", "127.0.0.1", "--no-dashboard"]
        self.scheduler = self._run(
            "scheduler", *listen, "--port", "0", "--scheduler-file", self.file
        )
        wait_for(self.file.exists)
        options = ["--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard"]
        self._run("worker", "--scheduler-file", self.file, *options, "--nworkers", "2")
        self.address = json.loads(self.file.read_text())["address"]

    def _run(self, *arguments):
        environment = {**os.environ, "PYTHONPATH": str(self.path)}
        environment["COURSE_TEST_LOG"] = str(self.folder / "log")
        process = subprocess.Popen(
            [PROGRAMS / "dask", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def stop(self):
        """End all, with what they started."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def remote(tmp_path):
    """Start a scheduler with two workers."""
    remote = Remote(tmp_path)
    yield remote
    remote.stop()


def test_a_cluster_with_an_address_and_the_end_of_its_scheduler(lite, remote):
    everyone = hand_in_slow(lite, 12)
    running = start(lite, "--scheduler", remote.address)
    wait_for(lambda: len(journaled(lite)) >= 3)
    remote.scheduler.kill()
    _, err = end(running, 1)
    assert len(err.strip().splitlines()) == 1, err
    assert "the Dask scheduler at tcp://127.0.0.1:" in err
    assert "is gone; start it again, then grade again" in err
    kept = journaled(lite)
    assert 3 <= len(kept) < 12
    assert set(report(lite)) == kept
    remote.stop()
    (lite / "log").unlink()
    remote.start()
    end(start(lite, "--scheduler", remote.address))
    assert set(gradings(lite / "log")) == everyone - kept
    assert marks(lite) == dict.fromkeys(everyone, FULL)


def test_a_worker_with_another_course_lib_refuses(lite, tmp_path):
    copy = tmp_path / "other"
    skip = shutil.ignore_patterns("__pycache__", "front")
    shutil.copytree(ROOT / "course_lib", copy / "course_lib", ignore=skip)
    with open(copy / "course_lib" / "grading" / "score.py", "a") as file:
        file.write("# another version\n")
    hand_in(lite, "ann", answers("right"))
    remote = Remote(tmp_path, f"{copy}{os.pathsep}{HERE}")
    try:
        _, err = end(start(lite, "--scheduler", remote.address), 1)
    finally:
        remote.stop()
    assert len(err.strip().splitlines()) == 1, err
    assert "refuses: it has another version of course_lib" in err
    assert gradings(lite / "log", "begin") == []
    assert marks(lite) == {}


def test_no_scheduler_is_one_line(lite, monkeypatch):
    hand_in(lite, "ann", answers("right"))
    _, err = end(start(lite, "--scheduler", "tcp://127.0.0.1:9"), 1)
    assert len(err.strip().splitlines()) == 1, err
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in err
    assert "dask worker ADDRESS --nthreads 1" in err


def test_a_cluster_without_workers_is_one_line(monkeypatch):
    class Client:
        status = "running"

        def nthreads(self):
            return {}

    class Empty(Cluster):
        def client(self):
            return Client()

    monkeypatch.setattr(spread, "NO_WORKER_SECONDS", 0.1)
    with pytest.raises(CourseError, match=r"no worker at tcp://x for 0.1 seconds; start some"):
        list(Empty(scheduler="tcp://x").run(["a"], None, seconds=1))


# --- the command, killed ---------------------------------------------------------------------


def kill_somewhere(root, results):
    """Start the command and kill it some moment after that many results."""
    running, log = start(root), root / "log"
    wait_for(lambda: len(gradings(log)) >= results or running.poll() is not None)
    time.sleep(random.Random().random() * 0.3)
    running.kill()
    running.communicate()
    # Nothing goes on behind its back.
    wait_for(lambda: not any(alive(pid) for pid in workers(root)), 20)


def test_killed_at_any_moment_a_second_run_completes_the_class(root):
    everyone = hand_in_slow(root, 12)
    kill_somewhere(root, 3)
    with open_gradebook(open_course(root)) as gradebook:
        first = min(s.student.id for s in gradebook.assignment_submissions(STEM))
        gradebook.find_grade("why", STEM, STEM, first).manual_score = 1.5
        gradebook.db.commit()
    kill_somewhere(root, 6)
    kept = journaled(root)
    (root / "log").unlink()
    out, _ = end(start(root))
    assert "12 submissions: 12 graded." in out
    # What a run had finished is not begun again.
    assert set(gradings(root / "log", "begin")) == everyone - kept
    assert marks(root) == dict.fromkeys(everyone, FULL) | {first: (2.0, 3.0, 1.5)}
    assert set(report(root)) == everyone
    assert not [p for s in everyone for p in (root / "autograded" / s).iterdir() if p.name != STEM]
    (root / "log").unlink()
    out, _ = end(start(root))
    assert "12 unchanged, 0 graded now" in out
    assert not (root / "log").exists()


def test_scratch_folders_of_the_dead_are_swept(tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    names = {f"grade-{gone.pid}-x": False, f"grade-{os.getpid()}-x": True, "grade-x": True}
    for name in names:
        (tmp_path / name / "inside").mkdir(parents=True)
    (tmp_path / f"grade-{gone.pid}-link").symlink_to(tmp_path / "grade-x")
    locks.sweep(tmp_path)
    assert {name: (tmp_path / name / "inside").exists() for name in names} == names


def test_ctrl_c_keeps_what_was_graded_and_leaves_no_process(lite):
    hand_in_slow(lite, 12)
    running = start(lite)
    wait_for(lambda: len(journaled(lite)) >= 3)
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, (out, err)
    assert err == "course: interrupted. What was done is kept; the same command goes on.\n"
    # One may be on its way from the journal to the gradebook; the next run completes it.
    assert set(report(lite)) <= journaled(lite)
    assert len(report(lite)) >= 2
    wait_for(lambda: not any(alive(pid) for pid in workers(lite)), 20)


def test_a_name_that_no_gradebook_takes_is_status_1_after_the_rest_was_graded(lite):
    hand_in(lite, "ann", answers("right"))
    hand_in(lite, "ben", answers("wrong"))
    hand_in(lite, "new\nline", answers("right"))
    out, err = end(start(lite), 1)
    assert "2 submissions: 1 graded, 1 wrong." in out
    assert err.strip().splitlines() == [
        "warning: the folder 'new\\nline' in submitted/ was left out; give it a name of printable "
        "characters in UTF-8."
    ]
    assert marks(lite) == {"ann": FULL, "ben": HALF}
