"""What a submission can see, write and use inside the sandbox, and what it cannot."""

import json
import math
import os
import shutil
import signal
import socket
import sys
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from course_lib.grading import cgroups, launch, sandbox
from course_lib.grading.inside import zygote
from course_lib.grading.limits import Limits
from course_lib.grading.watchdog import process_tree

SMALL = Limits(memory=700 * 2**20, disk=16 * 2**20, processes=64)


class Kernel:
    """A sandboxed kernel over a submission's folder."""

    def __init__(self, folder, limits=SMALL):
        from jupyter_client.manager import start_new_kernel

        sandbox.install()
        self.manager, self.client = start_new_kernel(
            kernel_name=sandbox.KERNEL_NAME, cwd=str(folder), limits=limits
        )
        self.leash = self.manager.provisioner.leash
        self.watchdog = self.manager.provisioner.watchdog

    def run(self, code, timeout=30):
        """Run code; return what it printed, or the name of its exception."""
        texts = []

        def keep(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                texts.append(content["text"])
            if message["msg_type"] == "error":
                texts.append(content["ename"])

        self.client.execute_interactive(code, timeout=timeout, output_hook=keep)
        return "".join(texts).strip()

    def end(self):
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def wait_until(holds, seconds=10):
    """Wait until something holds; return whether it does."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Make a course whose secrets a submission must not see."""
    root = tmp_path_factory.mktemp("course")
    (root / "gradebook.db").write_text("secret")
    (root / "secret.txt").write_text("secret")
    mine, other = root / "submitted/ann/tiny", root / "submitted/bob/tiny"
    for folder in (mine, other):
        folder.mkdir(parents=True)
        (folder / "tiny.ipynb").write_text("{}")
    (mine / "helper.py").write_text("VALUE = 7")
    (mine / "numpy.py").write_text("raise SystemError('the submission hides numpy')")
    (mine / "link.txt").symlink_to(root / "secret.txt")
    os.link(root / "secret.txt", mine / "hard.txt")
    (mine / "folder").symlink_to(root)
    return root


@pytest.fixture(scope="module")
def kernel(course):
    """Start one kernel for all tests that leave it alive."""
    kernel = Kernel(course / "submitted/ann/tiny")
    yield kernel
    kernel.end()


def test_this_host_can_sandbox():
    assert sandbox.sandbox_problem() is None


def test_no_network(kernel):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=5).close()  # from outside it works
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)"
        assert kernel.run(code) in ("OSError", "PermissionError")
    assert kernel.run("print(open('/proc/net/dev').read().count(':'))") in ("0", "1")


def test_sees_its_own_plain_files_and_no_others(kernel, course):
    assert kernel.run("import os; print(sorted(os.listdir()))") == str(
        ["helper.py", "numpy.py", "tiny.ipynb"]
    )
    for path in ("gradebook.db", "secret.txt", "submitted/bob/tiny/tiny.ipynb"):
        assert (course / path).exists()
        assert kernel.run(f"print(os.path.exists({str(course / path)!r}))") == "False"
    for path in (Path(__file__), Path.home() / ".bashrc", Path("/etc/passwd")):
        assert kernel.run(f"print(os.path.exists({str(path)!r}))") == "False"


def test_environment_is_cleared(kernel, monkeypatch):
    assert "PATH" in os.environ
    names = set(kernel.run("import os; print(' '.join(os.environ))").split())
    assert "TF_ENABLE_ONEDNN_OPTS" in names
    assert not {"NBGRADER_EXECUTION", "PYTHONPATH", "PYTEST_CURRENT_TEST"} & names
    assert "PYTEST_CURRENT_TEST" in os.environ


def test_helpers_import_but_hide_nothing(kernel):
    assert kernel.run("import helper; print(helper.VALUE)") == "7"
    assert kernel.run("import numpy; print(numpy.arange(3).sum())") == "3"


def test_what_a_notebook_imports_is_there_and_the_reference_is_not(kernel):
    assert kernel.run("from course_lib import data; print(data.photograph('camera').ndim)") == "2"
    assert (
        kernel.run("from course_lib.checks import check; print(check('a', 1).points(5))") == "0.0"
    )
    for name in ("convolution", "grading", "checks.convolution", "checks.core", "exhibits"):
        assert kernel.run(f"import course_lib.{name}") == "ModuleNotFoundError"
    own = kernel.run("import course_lib; print(sorted(os.listdir(course_lib.__path__[0])))")
    library = ["__init__.py", "arguments.py", "capstone_pages.py", "checks", "data.py", "plots.py"]
    assert own == str(library)
    code = "print([m for m in sys.modules if m.startswith('course_lib.grading')])"
    assert kernel.run(f"import sys; {code}") == "[]"


def test_writes_stay_inside(kernel, course):
    import course_lib

    assert kernel.run("open('mine.txt', 'w').write('x'); print(os.listdir())").count("mine.txt")
    assert not (course / "submitted/ann/tiny/mine.txt").exists()
    places = ["/", "/usr", sys.prefix, str(Path(course_lib.__file__).parent), "/dev", "/etc"]
    places += ["/opt/course/course_inside", "/proc", "/dev/pts"]
    for place in places:
        path = os.path.join(place, "planted")
        assert kernel.run(f"open({path!r}, 'w')") in (
            "OSError",
            "PermissionError",
            "FileNotFoundError",
        )


@pytest.mark.parametrize("place", [sandbox.WORKDIR, "/tmp", "/dev/shm"])
def test_scratch_space_is_limited(kernel, place):
    code = f"""
try:
    for i in range(40):
        with open({place!r} + f"/big{{i}}", "wb") as file:
            file.write(bytes(2**20))
    print("all written")
except OSError as error:
    print(error.strerror)
"""
    assert kernel.run(code) == "No space left on device"
    kernel.run(
        f"for i in range(40):\n    os.path.exists(f := {place!r} + f'/big{{i}}') and os.remove(f)"
    )


def test_memory_is_limited_and_the_kernel_survives(kernel):
    assert kernel.run("x = bytearray(900 * 2**20)") == "MemoryError"
    assert kernel.run("x = bytearray(90 * 2**20); print(len(x)); del x") == str(90 * 2**20)


def test_no_rights_and_no_other_processes(kernel):
    status = dict(
        line.split(":", 1)
        for line in kernel.run("print(open('/proc/self/status').read())").split("\n")
    )
    assert status["CapEff"].strip() == "0000000000000000"
    assert status["CapBnd"].strip() == "0000000000000000"
    assert status["NoNewPrivs"].strip() == "1"
    pids = kernel.run("print(len([p for p in os.listdir('/proc') if p.isdigit()]))")
    assert int(pids) <= 4


def test_interrupt_reaches_the_kernel_alone(kernel):
    code = "import time\nfor _ in range(300): time.sleep(0.1)"
    # By default a kernel answers what comes right after an error with "aborted".
    message = kernel.client.execute(code, stop_on_error=False)
    time.sleep(0.5)
    kernel.manager.interrupt_kernel()
    while (reply := kernel.client.get_shell_msg(timeout=20))["parent_header"]["msg_id"] != message:
        pass
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.run("print('still here')") == "still here"


def test_nothing_is_left_behind(tmp_path):
    kernel = Kernel(tmp_path)
    code = "import os\nif os.fork() == 0:\n    os.setsid(); import time; time.sleep(600)"
    assert kernel.run(code) == ""
    pids = process_tree(kernel.leash.supervisor)
    folder = kernel.manager.provisioner.sockets.folder
    group = kernel.leash.group
    assert len(pids) >= 4  # the supervisor, the first process, the kernel, the daemon
    assert folder.exists()
    kernel.end()
    assert wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert not folder.exists()
    assert group is None or not any(Path(path).exists() for path in group.folders)


def test_what_one_leaves_the_next_does_not_find(tmp_path):
    first = Kernel(tmp_path)
    for place in ("/tmp", "/dev/shm", "."):
        assert first.run(f"open({place!r} + '/left', 'w').write('x')") == ""
    assert first.run("import numpy; numpy.left = 1; import os; os.environ['LEFT'] = '1'") == ""
    second = Kernel(tmp_path)
    for place in ("/tmp", "/dev/shm", "."):
        assert second.run(f"import os; print(os.path.exists({place!r} + '/left'))") == "False"
    assert second.run("import numpy; print(hasattr(numpy, 'left'), 'LEFT' in os.environ)") == (
        "False False"
    )
    # Abstract sockets belong to the network namespace, System V memory to the IPC namespace.
    first.run("import socket; s = socket.socket(socket.AF_UNIX); s.bind(chr(0) + 'x'); s.listen()")
    assert second.run("import socket; socket.socket(socket.AF_UNIX).connect(chr(0) + 'x')") == (
        "ConnectionRefusedError"
    )
    first.end()
    second.end()


SLEEP = "\nimport time; time.sleep(60)"
ATTACKS = {
    # what it does: (what the watchdog calls it, code)
    "memory of many processes": (
        "memory",
        "import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n"
        "        x = bytearray(os.urandom(2**20)) * 300; time.sleep(60)",
    ),
    "shared memory": (
        "memory",
        "import mmap\nx = mmap.mmap(-1, 2**30)\nfor i in range(0, 2**30, 4096): x[i] = 1",
    ),
    "many processes": (
        "processes",
        "import subprocess\nx = [subprocess.Popen(['sleep', '60']) for _ in range(200)]",
    ),
    "files of memory": (
        "disk",
        "import os\nf = os.memfd_create('x'); os.write(f, bytes(40 * 2**20))",
    ),
}


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_watchdog_ends_what_rlimits_let_pass(attack, tmp_path, monkeypatch):
    """The watchdog stands in where no control group can be made."""
    monkeypatch.setattr(launch, "find_cgroups", lambda: cgroups.Cgroups("none", "for this test"))
    reason, code = ATTACKS[attack]
    kernel = Kernel(tmp_path, SMALL)
    assert kernel.leash.group is None
    kernel.client.execute(code + SLEEP)
    # Where RLIMIT_NPROC binds (not for root), a fork fails before the watchdog has to look.
    kernel.watchdog.join(timeout=20)
    if reason == "processes" and kernel.watchdog.is_alive():
        assert os.getuid() != 0
    else:
        assert kernel.watchdog.reason == reason
        assert wait_until(lambda: not kernel.manager.is_alive())
    kernel.end()


@pytest.mark.parametrize("attack", ["memory of many processes", "shared memory"])
def test_group_ends_what_rlimits_let_pass(attack, tmp_path):
    if launch.find_cgroups().kind == "none":
        pytest.skip(launch.find_cgroups().reason)
    kernel = Kernel(tmp_path, SMALL)
    kernel.client.execute(ATTACKS[attack][1] + SLEEP)
    assert wait_until(lambda: kernel.leash.group.stats()["oom_kills"] > 0, 20)
    assert kernel.watchdog is None
    kernel.end()


def test_a_fork_that_answers_before_we_listen_is_known_by_our_number(tmp_path, monkeypatch):
    """Inside it counts otherwise; by its own number another process would be limited and ended."""
    leash = launch.Leash

    def late(*args):
        time.sleep(1)
        return leash(*args)

    monkeypatch.setattr(launch, "Leash", late)
    kernel = Kernel(tmp_path, SMALL)
    status = Path(f"/proc/{kernel.leash.supervisor}/status").read_text()
    numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
    assert len(numbers) > 1
    kernel.end()


def test_a_number_that_was_only_claimed_is_not_taken():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        theirs.send(json.dumps({"say": "here", "pid": os.getpid()}).encode())
        with pytest.raises(launch.ZygoteError, match="does not say which it is"):
            launch.Leash(ours, True, SMALL).start()


def test_group_refuses_a_fork_bomb(tmp_path):
    if launch.find_cgroups().kind == "none":
        pytest.skip(launch.find_cgroups().reason)
    kernel = Kernel(tmp_path, SMALL)
    assert kernel.run(ATTACKS["many processes"][1]) == "BlockingIOError"
    kernel.end()


def test_no_namespace_inside_another(kernel):
    code = "import subprocess as s; print(s.run(['unshare', '-U', 'true'], stderr=s.PIPE).stderr)"
    assert "Operation not permitted" in kernel.run(code)


def test_the_first_process_has_no_environment_of_ours(kernel):
    environment = kernel.run("print(open('/proc/1/environ').read())")
    names = {line.split("=")[0] for line in environment.split(chr(0)) if line}
    assert names <= {*sandbox.ENVIRONMENT, "PATH", "PWD"}
    # The course itself, whose programs PATH names, may live below the home.
    assert str(Path.home()) not in environment.replace(str(Path(sys.prefix)), "")


def test_fonts_are_those_of_matplotlib_and_need_no_search(kernel):
    kernel.run("from matplotlib import font_manager as f, get_data_path")
    kernel.run("own = [x.fname.startswith(get_data_path()) for x in f.fontManager.ttflist]")
    assert kernel.run("print(len(own) > 20, all(own))") == "True True"


def test_kernelspec_names_no_path(tmp_path):
    folder = sandbox.install(tmp_path)
    text = (folder / "kernel.json").read_text()
    assert folder.name == "course-sandbox"
    assert json.loads(text)["argv"][0] == "python"
    assert sys.prefix not in text
    assert str(Path.cwd()) not in text


def test_files_are_unpacked_by_the_oldest_python_that_the_course_takes(tmp_path, monkeypatch):
    def extractall(self, path=".", members=None, *, numeric_owner=False):
        """Stands for Python 3.11.2's, Debian's own, which has no `filter`."""
        raise AssertionError("without a filter it is not to be used")

    monkeypatch.setattr(tarfile.TarFile, "extractall", extractall)
    files = {"tiny.ipynb": b"{}", "data/deep/x.csv": b"1,2", "a b.txt": b""}
    with launch._archive(files) as archive:
        zygote._unpack(os.dup(archive.fileno()), str(tmp_path))
    found = {str(p.relative_to(tmp_path)): p for p in tmp_path.rglob("*") if p.is_file()}
    assert {name: path.read_bytes() for name, path in found.items()} == files


def test_a_kernel_that_does_not_start_says_why(tmp_path):
    host = launch.Zygote(modules=["json"])
    host.wait()
    sockets, calls = launch.Sockets(), socket.socketpair()
    descriptors = [calls[1].fileno(), *sockets.descriptors]
    leash = host.fork({"big.bin": bytes(2**20)}, replace(SMALL, disk=2**16), descriptors)
    with pytest.raises(launch.ZygoteError, match="No space left on device"):
        leash.start()
    leash.close()
    sockets.close()
    host.close()


def test_the_box_ends_with_its_zygote_though_we_ignore_our_children():
    """As the warm process does; if it is killed, nobody else is left to end the box."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        host = launch.Zygote(modules=["json"])
        assert signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGCHLD, before)
    host.wait()
    host.control.close()
    try:
        assert host.process.wait(20) is not None
    finally:
        host.close()


def problem():
    """Look anew: the answer is kept."""
    sandbox.sandbox_problem.cache_clear()
    return sandbox.sandbox_problem()


def test_says_what_is_missing(monkeypatch):
    found = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "bwrap" else found(name))
    assert problem() == "the program `bwrap` is not installed"
    monkeypatch.setattr(shutil, "which", found)
    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "zygote_command", lambda program: ["bwrap", "--no-such-option"])
        assert "the sandbox fails" in problem()
    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "_library_binds", lambda: [])
        assert "course_inside" in problem()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "darwin")
        assert "darwin" in problem()
    assert problem() is None


@pytest.mark.parametrize("name", ["memory", "cell_seconds", "disk"])
def test_limits_must_be_positive(name):
    with pytest.raises(ValueError, match=f"the limit {name} is 0; give a positive number"):
        Limits(**{name: 0})
    with pytest.raises(ValueError, match=f"the limit {name} is inf"):
        Limits(**{name: math.inf})


def test_a_course_below_tmp_is_kept_in_sight(monkeypatch):
    """The submission's own /tmp lies over the host's, where an environment may live."""
    monkeypatch.setattr(sys, "prefix", "/tmp/course/.venv")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sandbox, "INSIDE", Path("/tmp/course/course_lib/grading/inside"))
    assert sandbox.kept_paths() == ["/tmp/course/.venv", "/tmp/course/course_lib"]
    monkeypatch.setattr(sandbox, "INSIDE", Path("/home/a/course_lib/grading/inside"))
    monkeypatch.setattr(sys, "prefix", "/home/a/.venv")
    assert sandbox.kept_paths() == []
