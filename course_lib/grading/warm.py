"""The warm process of a worker: imported, it forks one trusted process per submission.

A worker starts it once. Below it lives the zygote, which forks the submissions' own kernels. What
it forks is thrown away after one submission, so nothing is carried to the next one, and whatever a
submission does to its grader is done to a process that nobody else uses.
"""

import ast
import contextlib
import ctypes
import gc
import importlib
import json
import os
import pickle
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from time import monotonic

from course_lib.grading.sandbox import ONE_THREAD

SET_DEATH_SIGNAL = 1
LENGTH = struct.Struct("!Q")
START_SECONDS = 240
GRACE_SECONDS = 90
# A trusted process holds a notebook, its files and the values of one call at a time.
MEMORY = 4 * 2**30


class WarmError(RuntimeError):
    """The warm process failed; no submission is to blame."""


class WarmTimeout(WarmError):  # noqa: N818
    """A trusted process was ended because it took too long."""


class Warm:
    """A worker's warm process.

    Args:
        stems: the assignments whose checks are imported beforehand, if they have any.
        sandboxed: whether submissions are shut in.
        modules: what its notebooks import, see `imported_modules`; imported beforehand.
        place: where to listen for the other workers of this computer, a path that does not exist
            yet, in a folder that only we can enter; "" if it is for this process alone.
    """

    def __init__(self, stems=(), sandboxed=True, modules=(), place=""):
        self.sandboxed = sandboxed
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        listening = _listen(place)
        numbers = [one.fileno() for one in listening]
        options = {"stems": list(stems), "sandboxed": sandboxed, "modules": list(modules)}
        options = json.dumps({**options, "listening": numbers})
        with theirs, contextlib.ExitStack() as stack:
            for one in listening:
                stack.enter_context(one)
            self.process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno()), options],
                env={**ONE_THREAD, **os.environ},
                pass_fds=[theirs.fileno(), *numbers],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.control = ours
        self.lock = threading.Lock()

    def alive(self):
        """Return whether it can take a job."""
        return self.process.poll() is None

    def run(self, name, job, seconds):
        """Run one of `jobs.JOBS` in a fresh trusted process and return what it returns.

        Args:
            name: the job's name.
            job: what it gets; picklable.
            seconds: after how long its process is ended.

        Raises:
            WarmTimeout: if it took too long.
        WarmError: if the process was lost.
        """
        with self.lock:
            return_to = _hand_over(self.control)
        with return_to:
            answer = _ask(return_to, (name, job), seconds)
        if "failed" in answer:
            raise WarmError(answer["failed"])
        return answer["result"]

    def close(self):
        """End it, and with it everything that it forked."""
        self.control.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class SharedWarm(Warm):
    """Another process's warm process, on the same computer.

    Args:
        place: where it listens.
        sandboxed: whether it shuts submissions in.

    Raises:
        OSError: if nobody listens there.
    """

    def __init__(self, place, sandboxed=True):
        self.sandboxed = sandboxed
        self.control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.control.connect(place)
        self.lock = threading.Lock()

    def alive(self):
        """Return whether it still listens; it never says anything here."""
        return not select.select([self.control], [], [], 0)[0]

    def close(self):
        """Let go of it; who started it ends it."""
        self.control.close()


def _listen(place):
    """Return the socket on which other workers may ask, in a list, or none.

    It is bound before its process starts, so that nobody comes too early.
    """
    if not place:
        return []
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(place)
    listening.listen(64)
    return [listening]


def _hand_over(control):
    """Give the warm process one end of a socket pair and return the other."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            socket.send_fds(control, [b"j"], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise WarmError("the warm process is gone") from error
    return ours


def _ask(channel, job, seconds):
    """Send a job and return the answer; end its process if that does not come in time."""
    channel.settimeout(START_SECONDS)
    pid = None
    try:
        _send(channel, pickle.dumps(job))
        pid = json.loads(_receive(channel))["pid"]
        channel.settimeout(seconds)
        return json.loads(_receive(channel))
    except (OSError, ValueError, KeyError) as error:
        if pid is not None:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if pid is not None and isinstance(error, TimeoutError):
            raise WarmTimeout(f"it took longer than {seconds:g} s") from error
        raise WarmError(f"the trusted process was lost ({error!r})") from error


def _send(channel, data):
    channel.sendall(LENGTH.pack(len(data)) + data)


def _receive(channel):
    (length,) = LENGTH.unpack(_exactly(channel, LENGTH.size))
    return _exactly(channel, length)


def _exactly(channel, length):
    parts = bytearray()
    while len(parts) < length:
        part = channel.recv(min(length - len(parts), 2**20))
        if not part:
            raise OSError("the other end closed")
        parts += part
    return bytes(parts)


def main():
    """Import, then fork for whoever asks on the socket whose file descriptor is named."""
    control = socket.socket(fileno=int(sys.argv[1]))
    options = json.loads(sys.argv[2])
    # Ctrl-C is for the worker, which closes the socket.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening = [socket.socket(fileno=number) for number in options["listening"]]
    nursery = _Nursery(options["sandboxed"], options["modules"])
    jobs = _import(options["stems"], options["modules"])
    gc.collect()
    gc.freeze()
    try:
        _fork_for_ever(control, listening, jobs, nursery)
    finally:
        nursery.zygote.close()
        # What was forked is ours to end: its sandboxes end with it.
        os.killpg(0, signal.SIGKILL)


class _Nursery:
    """Keeps a zygote; it imports while we do."""

    def __init__(self, sandboxed, modules):
        self.sandboxed, self.modules = sandboxed, modules
        self._start()

    def _start(self):
        from course_lib.grading import provisioner
        from course_lib.grading.inside.zygote import WARM
        from course_lib.grading.launch import Zygote

        self.zygote = Zygote(self.sandboxed, dict.fromkeys((*WARM, *self.modules)))
        provisioner.use(self.zygote)

    def tend(self):
        """Wait until there is a zygote that lives; what we fork cannot see whether it does."""
        from course_lib.grading.launch import ZygoteError

        if not self.zygote.alive():
            self.zygote.close()
            self._start()
        with contextlib.suppress(ZygoteError):
            self.zygote.wait()


def imported_modules(sources):
    r"""Return the modules that cells import, in order; of a cell that does not parse, none.

    Example:
        >>> imported_modules(["import numpy as np\nfrom keras import layers", "def broken("])
        ['numpy', 'keras']
    """
    found = []
    for source in sources:
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Import):
                    found += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.append(node.module)
    return list(dict.fromkeys(found))


def _import(stems, modules):
    """Import what grading takes; return the jobs by name."""
    from course_lib.grading import jobs
    from course_lib.grading.inside.zygote import rehearse
    from course_lib.grading.shell import make_shell

    for stem in stems:
        with contextlib.suppress(ImportError, ValueError, LookupError):
            from course_lib.checks import load

            load(stem)
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    # The entry points of provisioners take long to find.
    importlib.import_module("jupyter_client.provisioning.factory")
    from jupyter_client.provisioning import KernelProvisionerFactory

    KernelProvisionerFactory.instance()
    make_shell()
    with contextlib.suppress(Exception):
        rehearse()
    return jobs.JOBS


def _fork_for_ever(control, listening, jobs, nursery):
    """Fork for whoever asks, until the process that started us is gone."""
    askers = [control]
    while True:
        ready = select.select([*askers, *listening], [], [])[0]
        for one in ready:
            if one in listening:
                askers.append(one.accept()[0])
                continue
            try:
                message, descriptors, _, _ = socket.recv_fds(one, 1, 4)
            except OSError:
                message, descriptors = b"", []
            if not message and one is control:
                return
            if not message:
                askers.remove(one)
                one.close()
                continue
            nursery.tend()
            for descriptor in descriptors[:1]:
                if os.fork() == 0:
                    for other in (*askers, *listening):
                        other.close()
                    try:
                        _do(socket.socket(fileno=descriptor), jobs)
                    finally:
                        os._exit(1)
            for descriptor in descriptors:
                os.close(descriptor)


def _do(channel, jobs):
    """Do one job and end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
    # What a sandbox of the same user has in flight counts against us too.
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    soft = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    name, job = pickle.loads(_receive(channel))
    _send(channel, json.dumps({"pid": os.getpid()}).encode())
    begun = monotonic()
    try:
        result = jobs[name](job)
        if "timings" in result:
            result["timings"]["trusted"] = round(monotonic() - begun, 3)
        answer = {"result": result}
    except Exception as error:
        answer = {"failed": f"{type(error).__name__}: {error}"}
    _send(channel, json.dumps(answer).encode())
    os._exit(0)


if __name__ == "__main__":
    main()
