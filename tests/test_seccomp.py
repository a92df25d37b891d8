"""What a submission may ask of the kernel: each refusal tried, and all that a course needs run."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

from course_lib.grading.inside import seccomp

# As the sandbox does it: no new privileges, the filter, and then what strangers wrote.
BEFORE = """
import ctypes, errno, os, sys
from course_lib.grading.inside.seccomp import prepare
filter = prepare()
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
filter.load()


def name(*arguments):
    ctypes.set_errno(0)
    arguments = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    libc.syscall.restype = ctypes.c_long
    done = libc.syscall(*arguments)
    return errno.errorcode[ctypes.get_errno()] if done < 0 else "done"
"""


def run(code, check=True, timeout=120):
    """Run code under the filter; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if check:
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()
    return done


def number(name):
    """Return the number of a system call here."""
    import pyseccomp

    return pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)


# Without the filter root would get another answer than EPERM to most: EFAULT, EINVAL, or success.
WITH_ARGUMENTS = {
    "a socket of the internet": (("socket", 2, 1, 0), "EAFNOSUPPORT"),
    "a socket of IPv6": (("socket", 10, 1, 0), "EAFNOSUPPORT"),
    "a netlink socket": (("socket", 16, 3, 0), "ENOTSUP"),
    "a packet socket": (("socket", 17, 3, 0), "EAFNOSUPPORT"),
    "a vsock": (("socket", 40, 1, 0), "EAFNOSUPPORT"),
    "an alg socket": (("socket", 38, 5, 0), "EAFNOSUPPORT"),
    "a Unix socket": (("socket", 1, 1, 0), "done"),
    "a family in the upper half": (("socket", 1 << 32 | 1, 1, 0), "ENOSYS"),
    "clone with a user namespace": (("clone", 0x10000000 | 17, 0, 0, 0, 0), "ENOSYS"),
    "clone with a network": (("clone", 0x40000000 | 17, 0, 0, 0, 0), "ENOSYS"),
    "clone with mounts": (("clone", 0x20000 | 17, 0, 0, 0, 0), "ENOSYS"),
    "clone3": (("clone3", 0, 0), "ENOSYS"),
    "typing into a terminal": (("ioctl", 0, 0x5412, 0), "ENOSYS"),
    "the same with more bits": (("ioctl", 0, 1 << 32 | 0x5412, 0), "ENOSYS"),
    "pasting into a console": (("ioctl", 0, 0x541C, 0), "ENOSYS"),
    "another personality": (("personality", 0x40000), "ENOSYS"),
    "which personality": (("personality", 0xFFFFFFFF), "done"),
    "a real-time scheduler": (("sched_setscheduler", 0, 1, 0), "ENOSYS"),
    "a device": (("mknod", "/dev/shm/course-device", 0o20666, 0x103), "ENOSYS"),
    "a block device": (("mknodat", -100, "/dev/shm/course-device", 0o60666, 0x103), "ENOSYS"),
    "an attribute of a file": (("setxattr", "/dev/null", "user.x", "x", 1, 0), "ENOTSUP"),
    "a filter of its own": (("prctl", 22, 2, 0, 0, 0), "ENOSYS"),
    "keeping capabilities": (("prctl", 8, 1, 0, 0, 0), "ENOSYS"),
    "no dumps": (("prctl", 4, 0, 0, 0, 0), "done"),
    "System V memory": (("shmget", 0, 4096, 0o1600), "ENOSYS"),
    "watching files": (("inotify_init1", 0), "ENOSYS"),
    "secret memory": (("memfd_secret", 0), "ENOSYS"),
    "splicing pipes": (("splice", 0, 0, 0, 0, 0, 0), "ENOSYS"),
    "a number that nobody knows": ((9999,), "ENOSYS"),
    "a sync of all disks": (("sync",), "done"),
}


# Written out, so that a name which the filter forgets is missed here.
MUST_BE_REFUSED = """
    ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp keyctl add_key request_key bpf
    perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register mount umount2
    move_mount fsopen fsmount fsconfig fspick open_tree unshare setns pivot_root chroot
    open_by_handle_at name_to_handle_at kexec_load kexec_file_load init_module finit_module
    delete_module reboot swapon swapoff settimeofday clock_settime adjtimex quotactl acct syslog
    sched_setattr sched_setparam iopl ioperm modify_ldt sethostname capset seccomp
"""
REFUSED = sorted({n for n in (MUST_BE_REFUSED + seccomp.REFUSED).split() if number(n) >= 0})


@pytest.fixture(scope="module")
def answers():
    """Ask for all that is refused, in one process under the filter."""
    asked = {
        name: (number(name), 0, 0, 0, 0, 0) for name in seccomp.REFUSED.split() if number(name) >= 0
    }
    for title, (arguments, _) in WITH_ARGUMENTS.items():
        first, *rest = arguments
        asked[title] = (number(first) if isinstance(first, str) else first, *rest)
    code = f"""
    import json
    asked = json.loads({json.dumps(json.dumps(asked))})
    def value(argument):
        return argument.encode() if isinstance(argument, str) else argument
    print(json.dumps({{k: name(*map(value, v)) for k, v in asked.items()}}))
    """
    return json.loads(run(code))


@pytest.mark.parametrize("name", REFUSED)
def test_refused(answers, name):
    assert answers[name] == "EPERM"


@pytest.mark.parametrize("title", WITH_ARGUMENTS)
def test_refused_or_allowed_by_argument(answers, title):
    assert answers[title] == WITH_ARGUMENTS[title][1]


def test_every_name_is_one_that_the_kernel_has():
    """A misspelt name would be left out in silence."""
    newer = {"fchmodat2"}  # younger than some libseccomp 2.5
    elsewhere = {"stime", "umount"}  # not on x86-64
    allowed, refused = set(seccomp.ALLOWED.split()), set(seccomp.REFUSED.split())
    names = allowed | refused | {*seccomp.PRETENDED.split(), *seccomp.NO_ATTRIBUTES.split()}
    if os.uname().machine == "x86_64":
        assert {name for name in names if number(name) < 0} <= newer | elsewhere
    assert not allowed & refused


def test_32_bit_calls_end_the_process():
    # x32: the number of getpid with bit 30 set. It would pass by a filter of 64-bit numbers.
    done = run("name(0x40000000 + 39); print('lived')", check=False)
    assert done.returncode == -31  # SIGSYS
    assert "lived" not in done.stdout


def test_messages_say_what_is_refused():
    code = """
    import socket
    for attempt in (lambda: socket.create_connection(("127.0.0.1", 80)), socket.socket,
                    lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))):
        try:
            attempt()
        except OSError as error:
            print(error.strerror)
    """
    assert run(code).split("\n") == [
        "Address family not supported by protocol",
        "Address family not supported by protocol",
        "Function not implemented",
    ]


def test_without_no_new_privs_it_does_not_load():
    filter = seccomp.prepare()
    with pytest.raises(seccomp.SeccompError, match="no_new_privs is not set"):
        filter.load()


def test_a_host_without_libseccomp_is_told(monkeypatch):
    assert seccomp.problem() is None
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    assert "install libseccomp2" in seccomp.problem()


def test_a_kernel_that_refuses_the_filter_is_an_error():
    code = """
    from course_lib.grading.inside.seccomp import Filter, SeccompError
    try:
        filter.load()  # the filter itself forbids a second one
    except SeccompError as error:
        print(error)
    """
    assert "Operation not permitted" in run(code)


def test_every_thread_is_bound():
    before = """
import threading, socket
go, answers = threading.Event(), []
def wait():
    go.wait()
    try:
        socket.socket()
        answers.append("a socket")
    except OSError as error:
        answers.append(errno.errorcode[error.errno])
thread = threading.Thread(target=wait)
thread.start()
"""
    code = "import errno\n" + before + BEFORE + "go.set(); thread.join(); print(answers)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "['EAFNOSUPPORT']", done.stderr


def test_loading_is_cheap():
    code = """
import ctypes, os, time
from course_lib.grading.inside.seccomp import prepare
filter, libc = prepare(), ctypes.CDLL(None)
for _ in range(5):
    if os.fork() == 0:
        libc.prctl(38, 1, 0, 0, 0)
        start = time.perf_counter()
        filter.load()
        print(time.perf_counter() - start, flush=True)
        os._exit(0)
    os.wait()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert min(map(float, done.stdout.split())) < 0.02


def test_processes_files_and_terminals_work(tmp_path):
    code = f"""
    import asyncio, multiprocessing, pty, shutil, signal, socket, subprocess, tempfile, threading
    from multiprocessing import shared_memory
    os.chdir({str(tmp_path)!r})
    assert subprocess.run("echo $((6 * 7)) | cat", shell=True, text=True,
                          stdout=subprocess.PIPE).stdout == "42\\n"
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(abs, [-3]) == [3]
    shared = shared_memory.SharedMemory(create=True, size=100)
    shared.close(), shared.unlink()
    async def later():
        process = await asyncio.create_subprocess_exec("true")
        return await process.wait() + await asyncio.to_thread(lambda: 5)
    assert asyncio.run(later()) == 5
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("stty", ["stty", "size"])
    assert os.read(terminal, 100).strip()
    os.waitpid(pid, 0)
    open("a", "w").write("x")
    os.chmod("a", 0o600); os.link("a", "b"); os.symlink("a", "c")
    os.mkfifo("d"); os.rename("b", "e")
    shutil.copy2("a", "f"); shutil.copytree(".", "../copied", ignore=lambda *_: ["d"])
    assert subprocess.run(["cp", "-a", "a", "g"]).returncode == 0
    shutil.rmtree("../copied")
    signal.signal(signal.SIGALRM, lambda *_: None); signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
    ours, theirs = socket.socketpair(); ours.sendall(b"x"); assert theirs.recv(1) == b"x"
    os.nice(1); os.memfd_create("x"); os.eventfd(1); os.getrandom(3)
    assert subprocess.run(["ls", "-la", "/"], stdout=subprocess.DEVNULL).returncode == 0
    print("all well")
    """
    # spawn starts the program again, which a `-c` program has none of.
    assert run(code).endswith("all well")


def test_tensorflow_trains_and_matplotlib_draws(tmp_path):
    code = f"""
    import numpy as np, keras, tensorflow as tf, matplotlib
    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    x, y = np.random.rand(64, 8, 8, 1).astype("float32"), np.arange(64) % 2
    model = keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.GlobalMaxPooling2D(),
                              keras.layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(64).batch(16).prefetch(2)
    history = model.fit(data, epochs=2, verbose=0)
    model.save({str(tmp_path / "model.keras")!r})
    keras.models.load_model({str(tmp_path / "model.keras")!r}).predict(x, verbose=0)
    plt.plot(history.history["loss"]); plt.savefig({str(tmp_path / "loss.png")!r})
    print(len(history.history["loss"]))
    """
    assert run(code) == "2"
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_a_kernel_runs_under_it(tmp_path):
    from jupyter_client.manager import KernelManager

    program = tmp_path / "kernel.py"
    program.write_text(
        BEFORE + "from ipykernel.kernelapp import launch_new_instance as start\nstart()"
    )
    manager = KernelManager(transport="ipc", ip=str(tmp_path / "k"))
    manager.kernel_spec.argv = [sys.executable, str(program), "-f", "{connection_file}"]
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        texts = []
        code = "import socket; print(open('/proc/self/status').read())\n!echo shell"

        def keep(message):
            texts.append(message["content"].get("text", ""))

        reply = client.execute_interactive(code, timeout=60, output_hook=keep)
        assert reply["content"]["status"] == "ok"
        assert "Seccomp:\t2" in "".join(texts)
        assert "shell" in "".join(texts)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
