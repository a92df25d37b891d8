"""The zygote: imports what is slow to import, then forks one shut-in kernel per submission.

It never sees a submission: what it forks reads the job itself, after it was shut in. It is single-
threaded, and it forks before TensorFlow runs its first operation; otherwise a fork would lose
threads that TensorFlow waits for.
"""

import array
import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import tarfile
import traceback

WARM = (
    "numpy",
    "scipy.signal",
    "scipy.ndimage",
    "tensorflow",
    "keras",
    "keras.ops",
    "imageio.v3",
    "imageio.plugins.pillow",
    "matplotlib.backends.backend_agg",
    "matplotlib.pyplot",
    "IPython.core.pylabtools",
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "skimage.color",
    "skimage.data",
    "skimage.io",
    "skimage.util",
    "skimage.transform",
    "sklearn.datasets",
    "course_lib.data",
    "course_lib.plots",
)
# leash, archive of the submission's files, calls, and the kernel's five channels
DESCRIPTORS = 8
MESSAGE = 65_536


def main():
    """Serve requests on the socket whose file descriptor is the first argument."""
    options = json.loads(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    _warm(options["modules"])
    seccomp = _seccomp() if options["sandboxed"] else None
    # Nobody waits for the forked: whoever asked for one holds its leash.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    with contextlib.suppress(OSError):
        control.send(b"ready")
        _fork_for_ever(control, seccomp)


def _warm(modules):
    # Nobody debugs in here, and each kernel would import it anew.
    sys.modules["debugpy"] = None
    for name in modules:
        # A library that does not import costs its own users an error, and nobody else.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    from . import fonts, kernel  # noqa: F401

    with contextlib.suppress(Exception):
        fonts.keep_own_fonts()
        rehearse()


def rehearse():
    """Do once what most notebooks do: show a photograph, draw a figure.

    Libraries import much of what they need at the first call, and fonts are read then.
    """
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from course_lib import data

    figure = Figure(figsize=(2, 2))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(data.photograph("camera", size=96, gray=True))
    axes.set_title("Rehearsal", fontsize=10)
    figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")


def _seccomp():
    from . import seccomp

    return seccomp.prepare()


def _fork_for_ever(control, seccomp):
    while True:
        message, descriptors = receive(control)
        if not message:
            return
        if len(descriptors) == DESCRIPTORS and os.fork() == 0:
            control.close()
            leash = socket.socket(fileno=descriptors[0])
            with _telling(leash):
                _supervise(leash, descriptors[1:], seccomp)
        for descriptor in descriptors:
            os.close(descriptor)


def receive(channel):
    """Return one message and the file descriptors that came with it."""
    room = socket.CMSG_SPACE(DESCRIPTORS * 4)
    message, ancillary, _, _ = channel.recvmsg(MESSAGE, room)
    descriptors = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % 4])
    return message, list(descriptors)


@contextlib.contextmanager
def _telling(leash):
    """End this process; if by an error, say which while nothing of the submission has run yet."""
    try:
        yield
    except BaseException as error:
        traceback.print_exc()
        with contextlib.suppress(OSError):
            why = f"{type(error).__name__}: {error}"[:500]
            leash.send(json.dumps({"say": "failed", "why": why}).encode())
    finally:
        os._exit(1)


def _supervise(leash, rest, seccomp):
    """Hold the leash of one submission: shut it in, wait for its end, end it when the leash goes.

    The asker learns our process number from the socket itself, puts us into a cgroup, and sends the
    job.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    leash.send(json.dumps({"say": "here", "pid": os.getpid()}).encode())
    job = json.loads(leash.recv(MESSAGE))
    if job["sandboxed"]:
        from .isolate import enter_namespaces

        enter_namespaces()
    first = os.fork()
    if first == 0:
        with _telling(leash):
            _first_process(job, leash, rest, seccomp)
    for descriptor in rest:
        os.close(descriptor)
    _wait(first, leash, job)


def _wait(first, leash, job):
    """Wait for the first process or for the asker, whichever ends sooner."""
    ended = os.pidfd_open(first) if hasattr(os, "pidfd_open") else None
    poll = select.poll()
    poll.register(leash, select.POLLIN)
    if ended is not None:
        poll.register(ended, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll(None if ended is not None else 200)}
        pid, status = os.waitpid(first, os.WNOHANG)
        if pid:
            with contextlib.suppress(OSError):
                code = os.waitstatus_to_exitcode(status)
                leash.send(json.dumps({"say": "ended", "code": code}).encode())
            os._exit(0)
        if leash.fileno() in ready:
            # Nothing more is said to us: this is the end of the asker, or its order to end.
            os.killpg(first, signal.SIGKILL) if not job["sandboxed"] else os.kill(first, 9)
            os.waitpid(first, 0)
            os._exit(0)


def _first_process(job, leash, descriptors, seccomp):
    """Be the first process of the namespaces: shut the door, then start the kernel and reap."""
    from . import isolate

    os.setsid()
    archive, call, *channels = descriptors
    limits, workdir = job["limits"], job["workdir"]
    if job["sandboxed"]:
        isolate.mount_private(limits["disk"], workdir, job["kept"])
    _unpack(archive, workdir)
    os.chdir(workdir)
    os.environ.update(job["environment"])
    isolate.keep_only([leash.fileno(), call, *channels])
    isolate.set_limits(limits)
    if job["sandboxed"]:
        isolate.drop_privileges()
        seccomp.load()
    kernel = os.fork()
    if kernel == 0:
        leash.send(json.dumps({"say": "kernel", "pid": os.getpid()}).encode())
        leash.close()
        from .kernel import CHANNELS, start

        start(job["key"], dict(zip(CHANNELS, channels, strict=True)), call, workdir)
        os._exit(0)
    leash.close()
    os.closerange(3, 64)
    _reap(kernel)


def _unpack(archive, workdir):
    with open(archive, "rb") as file:
        file.seek(0)
        with tarfile.open(fileobj=file) as bundle:
            # Plain files are all that we packed. Before Python 3.11.4 `extractall` has no filter.
            for entry in filter(tarfile.TarInfo.isreg, bundle):
                place = os.path.join(workdir, entry.name)
                os.makedirs(os.path.dirname(place), exist_ok=True)
                with open(place, "wb") as copy:
                    shutil.copyfileobj(bundle.extractfile(entry), copy)


def _reap(kernel):
    """End as the kernel ends; orphans of it are ours to bury meanwhile."""
    while True:
        pid, status = os.wait()
        if pid == kernel:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def credentials(ancillary):
    """Return the process number that a message's credentials name, or None."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == getattr(socket, "SCM_CREDENTIALS", -1):
            return struct.unpack("3i", data[:12])[0]
    return None
