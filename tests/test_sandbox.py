"""What a submission can see, write and use inside the sandbox, and what it cannot."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from course_lib.grading import sandbox
from course_lib.grading.limits import Limits
from course_lib.grading.watchdog import process_tree

SMALL = Limits(memory=700 * 2**20, disk=16 * 2**20, processes=64)
needs_sandbox = pytest.mark.skipif(
    sandbox.sandbox_problem() is not None, reason=f"no sandbox: {sandbox.sandbox_problem()}"
)


class Kernel:
    """A sandboxed kernel over a submission's folder."""

    def __init__(self, folder, limits=SMALL):
        from jupyter_client.manager import start_new_kernel

        sandbox.install()
        self.manager, self.client = start_new_kernel(
            kernel_name=sandbox.KERNEL_NAME, cwd=str(folder), limits=limits
        )
        self.job = self.manager.provisioner.job
        self.pid = self.manager.provisioner.pid

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
    """Without it a broken sandbox would skip its own tests and look well."""
    assert sandbox.sandbox_problem() is None


@needs_sandbox
def test_no_network(kernel):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=5).close()  # from outside it works
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)"
        assert kernel.run(code) == "ConnectionRefusedError"
    assert kernel.run("print([name for _, name in socket.if_nameindex()])") == "['lo']"


@needs_sandbox
def test_sees_its_own_plain_files_and_no_others(kernel, course):
    assert kernel.run("import os; print(sorted(os.listdir()))") == str(
        ["helper.py", "numpy.py", "tiny.ipynb"]
    )
    for path in ("gradebook.db", "secret.txt", "submitted/bob/tiny/tiny.ipynb"):
        assert (course / path).exists()
        assert kernel.run(f"print(os.path.exists({str(course / path)!r}))") == "False"
    for path in (Path(__file__), Path.home() / ".bashrc", Path("/etc/passwd")):
        assert kernel.run(f"print(os.path.exists({str(path)!r}))") == "False"


@needs_sandbox
def test_environment_is_cleared(kernel, monkeypatch):
    assert "PATH" in os.environ
    names = set(kernel.run("import os; print(' '.join(os.environ))").split())
    assert "TF_ENABLE_ONEDNN_OPTS" in names
    assert not {"NBGRADER_EXECUTION", "PYTHONPATH", "PYTEST_CURRENT_TEST"} & names
    assert "PYTEST_CURRENT_TEST" in os.environ


@needs_sandbox
def test_course_lib_and_helpers_import_but_hide_nothing(kernel):
    assert kernel.run("import helper; print(helper.VALUE)") == "7"
    assert kernel.run("import numpy; print(numpy.arange(3).sum())") == "3"
    assert kernel.run("import course_lib.convolution as c; print(c.output_size(5, 3))") == "3"


@needs_sandbox
def test_writes_stay_inside(kernel, course):
    import course_lib

    assert kernel.run("open('mine.txt', 'w').write('x'); print(os.listdir())").count("mine.txt")
    assert not (course / "submitted/ann/tiny/mine.txt").exists()
    places = ["/", "/usr", sys.prefix, str(Path(course_lib.__file__).parent), "/dev", "/etc"]
    for place in places:
        path = os.path.join(place, "planted")
        assert kernel.run(f"open({path!r}, 'w')") in ("OSError", "PermissionError")


@needs_sandbox
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


@needs_sandbox
def test_memory_is_limited_and_the_kernel_survives(kernel):
    assert kernel.run("x = bytearray(900 * 2**20)") == "MemoryError"
    assert kernel.run("x = bytearray(90 * 2**20); print(len(x)); del x") == str(90 * 2**20)


@needs_sandbox
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


@needs_sandbox
def test_interrupt_reaches_the_kernel_alone(kernel):
    message = kernel.client.execute("import time\nfor _ in range(300): time.sleep(0.1)")
    time.sleep(0.5)
    kernel.manager.interrupt_kernel()
    while (reply := kernel.client.get_shell_msg(timeout=20))["parent_header"]["msg_id"] != message:
        pass
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.run("print('still here')") == "still here"


@needs_sandbox
def test_nothing_is_left_behind(tmp_path):
    kernel = Kernel(tmp_path)
    assert (
        kernel.run("import os\nif os.fork() == 0:\n    os.setsid(); import time; time.sleep(600)")
        == ""
    )
    pids = process_tree(kernel.pid)
    assert len(pids) >= 4  # bubblewrap, its init, the kernel, the daemon
    assert kernel.job.exists()
    kernel.end()
    assert wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert not kernel.job.exists()


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
    "a file by the sockets": ("disk", "open('/run/kernel/big', 'wb').write(bytes(40 * 2**20))"),
    "files in a folder there": (
        "disk",
        "import os\nos.mkdir('/run/kernel/a')\n"
        "open('/run/kernel/a/big', 'wb').write(bytes(40 * 2**20))",
    ),
    "a deleted file": (
        "disk",
        "import os\nf = open('/run/kernel/big', 'wb'); os.unlink(f.name)\n"
        "f.write(bytes(40 * 2**20)); f.flush()",
    ),
    "files of memory": (
        "disk",
        "import os\nf = os.memfd_create('x'); os.write(f, bytes(40 * 2**20))",
    ),
    "empty files": (
        "disk",
        "for i in range(8000): open(f'/run/kernel/{i}', 'w').close()",
    ),
}


@needs_sandbox
@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_watchdog_ends_what_rlimits_let_pass(attack, tmp_path):
    reason, code = ATTACKS[attack]
    limits = SMALL.with_changes(memory=2**30) if reason == "processes" else SMALL
    kernel = Kernel(tmp_path, limits)
    watchdog = kernel.manager.provisioner.watchdog
    kernel.client.execute(code + SLEEP)
    # Where RLIMIT_NPROC binds (not for root), a fork fails before the watchdog has to look.
    watchdog.join(timeout=20)
    if reason == "processes" and watchdog.is_alive():
        assert os.getuid() != 0
    else:
        assert watchdog.reason == reason
        assert wait_until(lambda: not kernel.manager.is_alive())
    kernel.end()


@needs_sandbox
def test_no_namespace_inside_another(kernel):
    code = "import subprocess as s; print(s.run(['unshare', '-U', 'true'], stderr=s.PIPE).stderr)"
    assert "No space left on device" in kernel.run(code)


@needs_sandbox
def test_the_first_process_has_no_environment_of_ours(kernel):
    assert kernel.run("print(open('/proc/1/environ').read())").split("=")[0] == "PATH"
    assert str(Path.home()) not in kernel.run("print(open('/proc/1/environ').read())")


@needs_sandbox
def test_fonts_are_those_of_matplotlib_and_need_no_search(kernel):
    kernel.run("from matplotlib import font_manager as f, get_data_path")
    kernel.run("own = [x.fname.startswith(get_data_path()) for x in f.fontManager.ttflist]")
    assert kernel.run("print(len(own) > 20, all(own))") == "True True"


@needs_sandbox
def test_a_course_below_tmp_is_seen(monkeypatch):
    import course_lib

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        copy = Path(folder, "course_lib", "__init__.py")
        copy.parent.mkdir()
        copy.write_text("")
        monkeypatch.setattr(course_lib, "__file__", str(copy))
        command = [*sandbox.bwrap_command(SMALL), "--", "ls", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "course_lib\n", done.stderr


def test_large_folders_are_copied_in_part(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.bin").write_bytes(bytes(1000))
    (source / "b.bin").write_bytes(bytes(1000))
    os.mkfifo(source / "pipe")
    left = sandbox.copy_plain_files(source, tmp_path / "target", 1500)
    assert sorted(p.name for p in (tmp_path / "target").iterdir()) == ["a.bin"]
    assert left == [
        "'b.bin' was left out: the folder is too large.",
        "'pipe' is not a plain file and was left out.",
    ]


def test_many_things_left_behind_are_a_few_sentences(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(50):
        (source / f"{number:02d}").symlink_to("/etc/passwd")
    left = sandbox.copy_plain_files(source, tmp_path / "target", 1500)
    assert len(left) == sandbox.MAX_SENTENCES + 1
    assert left[-1] == "40 more were left out."


def test_kernelspec_names_no_path(tmp_path):
    folder = sandbox.install(tmp_path)
    text = (folder / "kernel.json").read_text()
    assert folder.name == "course-sandbox"
    assert json.loads(text)["argv"][0] == "python"
    assert sys.prefix not in text
    assert str(Path.cwd()) not in text


def test_says_what_is_missing(monkeypatch):
    found = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "bwrap" else found(name))
    assert sandbox.sandbox_problem() == "the program `bwrap` is not installed"
    monkeypatch.setattr(shutil, "which", found)
    monkeypatch.setattr(sandbox, "bwrap_command", lambda limits: ["bwrap", "--no-such-option"])
    if shutil.which("bwrap"):
        assert "`bwrap` fails" in sandbox.sandbox_problem()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "darwin" in sandbox.sandbox_problem()


def test_provisioner_refuses_without_bubblewrap(monkeypatch, tmp_path):
    from jupyter_client.manager import start_new_kernel

    sandbox.install()
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(
        sandbox.SandboxError, match=r"`bwrap` is not installed.*--unsafe-no-sandbox"
    ):
        start_new_kernel(kernel_name=sandbox.KERNEL_NAME, cwd=str(tmp_path))


@pytest.mark.parametrize("name", ["memory", "cell_seconds", "disk"])
def test_limits_must_be_positive(name):
    with pytest.raises(ValueError, match=f"the limit {name} is 0; give a positive number"):
        Limits(**{name: 0})
