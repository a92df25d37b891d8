"""The trusted end of the zygote: starts it, asks it for shut-in kernels, holds their leashes."""

import contextlib
import functools
import io
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
from pathlib import Path
from time import monotonic

from course_lib.grading import cgroups
from course_lib.grading.inside.zygote import MESSAGE, WARM, credentials
from course_lib.grading.sandbox import (
    ENVIRONMENT,
    INSIDE,
    WORKDIR,
    SandboxError,
    kept_paths,
    zygote_command,
)

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
WARM_SECONDS = 180
START_SECONDS = 60
PROGRAM = "from course_inside.zygote import main; main()"


class ZygoteError(RuntimeError):
    """The zygote did not answer; the submission is not to blame."""


class Zygote:
    """A warm process that forks kernels.

    Args:
        sandboxed: whether what it forks is shut in; without, it runs with all our rights.
        modules: what it imports before it forks.
    """

    def __init__(self, sandboxed=True, modules=WARM):
        self.sandboxed = sandboxed
        self.ready, self.owner, self.alias = False, os.getpid(), None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        options = json.dumps({"sandboxed": sandboxed, "modules": list(modules)})
        program = [PROGRAM, str(theirs.fileno()), options]
        with theirs:
            if sandboxed:
                command, environment = zygote_command(program), {"PATH": "/usr/bin:/bin"}
                command[0] = shutil.which("bwrap") or command[0]
            else:
                self.alias = tempfile.TemporaryDirectory(prefix=prefix())
                os.symlink(INSIDE, os.path.join(self.alias.name, "course_inside"))
                start = f"import sys; sys.path.append({self.alias.name!r}); "
                command = [sys.executable, "-c", start + program[0], *program[1:]]
                environment = {**os.environ, **ENVIRONMENT_OUTSIDE}
            try:
                with _children_are_heard_of():
                    self.process = subprocess.Popen(
                        command,
                        env=environment,
                        pass_fds=[theirs.fileno()],
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                        start_new_session=True,
                    )
            except OSError as error:
                ours.close()
                raise SandboxError(f"the sandbox does not start ({error})") from error
        self.control = ours

    def alive(self):
        """Return whether it runs; a process that was forked from its owner cannot tell."""
        return os.getpid() != self.owner or self.process.poll() is None

    def wait(self):
        """Wait until the imports are done.

        Raises:
            ZygoteError: if it ended instead.
        """
        if not self.ready:
            self.control.settimeout(WARM_SECONDS)
            try:
                self.ready = self.control.recv(16) == b"ready"
            except OSError as error:
                raise ZygoteError(f"the zygote does not answer ({error})") from error
            if not self.ready:
                raise ZygoteError("the zygote ended while it started")

    def fork(self, files, limits, descriptors):
        """Ask for a kernel.

        Args:
            files: the submission's files, bytes by relative path.
            limits: the `Limits`.
            descriptors: the calls' end and the five listening sockets, as file descriptors.

        Returns:
            A `Leash`.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if hasattr(socket, "SO_PASSCRED"):  # before anything is sent, or the first word has no name
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        with theirs, _archive(files) as archive:
            passed = [theirs.fileno(), archive.fileno(), *descriptors]
            try:
                socket.send_fds(self.control, [b"fork"], passed)
            except OSError as error:
                ours.close()
                raise ZygoteError(f"the zygote is gone ({error})") from error
        return Leash(ours, self.sandboxed, limits)

    def close(self):
        """End the zygote; what it forked ends when its leash goes."""
        self.control.close()
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.alias is not None:
            self.alias.cleanup()


@contextlib.contextmanager
def _children_are_heard_of():
    """Let what is started hear of its children, even if we ignore ours.

    Who ignores SIGCHLD hands that down, and bubblewrap, never told that its zygote has ended,
    would wait for ever.
    """
    ignored = signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN
    if not ignored or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)


ENVIRONMENT_OUTSIDE = {
    name: value for name, value in ENVIRONMENT.items() if name.startswith(("KERAS_B", "OMP", "TF"))
}


def _archive(files):
    """Return an open nameless file with a tar of the files."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    with tarfile.open(fileobj=file, mode="w") as bundle:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            bundle.addfile(entry, io.BytesIO(content))
    file.flush()
    file.seek(0)
    return file


class Leash:
    """One forked kernel: knows its processes, interrupts and ends it.

    Attributes:
        exit_code: None while it runs.
        group: its `cgroups.Group`, or None where there are no cgroups.
    """

    def __init__(self, channel, sandboxed, limits):
        self.channel, self.sandboxed, self.limits = channel, sandboxed, limits
        self.exit_code = self.group = self.workdir = None
        self.supervisor = self.kernel = None

    def start(self):
        """Put the supervisor into a cgroup, send it the job, wait for the kernel's process.

        Returns:
            The key with which the kernel signs.
        """
        self.supervisor = self._hear("here")
        self.group = _group(self.limits) if self.sandboxed else None
        if self.group is not None:
            self.group.add(self.supervisor)
        key = secrets.token_hex(16)
        self.workdir = WORKDIR if self.sandboxed else tempfile.mkdtemp(prefix=prefix())
        job = {
            "sandboxed": self.sandboxed,
            "limits": self.limits.as_dict(),
            "workdir": self.workdir,
            "environment": {},
            "kept": kept_paths(),
            "key": key,
        }
        self.channel.send(json.dumps(job).encode())
        # A number may be given to another process; a descriptor of a process may not.
        self.kernel = _Process(self._hear("kernel"))
        return key

    def _hear(self, wanted):
        """Wait for a word and return the number of the process that said it, as we count."""
        deadline, why = monotonic() + START_SECONDS, "no answer"
        while monotonic() < deadline:
            if not select.select([self.channel], [], [], deadline - monotonic())[0]:
                break
            data, ancillary, _, _ = self.channel.recvmsg(MESSAGE, socket.CMSG_SPACE(12))
            if not data:
                break
            message = json.loads(data)
            if message.get("say") == wanted:
                return self._number(ancillary, message)
            if message.get("say") == "failed":
                why = message["why"]
            if message.get("say") == "ended":
                self.exit_code = message["code"]
                break
        raise ZygoteError(f"a forked process ended before it said {wanted!r} ({why})")

    def _number(self, ancillary, message):
        """The number as the kernel counts here; in the box the sender counts otherwise."""
        number = credentials(ancillary)
        if number or not self.sandboxed:
            return number or message.get("pid")
        raise ZygoteError("a forked process said a word, and the kernel does not say which it is")

    def poll(self):
        """Return None while it runs, afterwards its exit status."""
        while self.exit_code is None and select.select([self.channel], [], [], 0)[0]:
            try:
                data = self.channel.recv(MESSAGE)
            except OSError:
                data = b""
            # Only the supervisor still holds the other end; it sends one thing, or its own failure.
            self.exit_code = json.loads(data or b"{}").get("code", -signal.SIGKILL)
        return self.exit_code

    def interrupt(self):
        """Send SIGINT to the kernel."""
        if self.kernel is not None and self.poll() is None:
            self.kernel.signal(signal.SIGINT)

    def kill(self):
        """End everything in it."""
        if self.exit_code is None:
            with contextlib.suppress(OSError):
                self.channel.send(b"end")
        if self.group is not None:
            self.group.kill()

    def close(self):
        """End it, and remove what it left behind."""
        self.kill()
        deadline = monotonic() + 5
        while self.poll() is None and monotonic() < deadline:
            select.select([self.channel], [], [], 0.2)
        self.channel.close()
        if self.group is not None:
            self.group.remove()
        if self.kernel is not None:
            self.kernel.close()
        if not self.sandboxed and self.workdir:
            shutil.rmtree(self.workdir, ignore_errors=True)


class _Process:
    def __init__(self, pid):
        self.pid = pid
        self.descriptor = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None

    def signal(self, number):
        with contextlib.suppress(OSError):
            if self.descriptor is None:
                os.kill(self.pid, number)
            else:
                signal.pidfd_send_signal(self.descriptor, number)

    def close(self):
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


@functools.cache
def find_cgroups():
    """Return this process's `Cgroups`, found once."""
    return cgroups.find()


def _group(limits):
    found = find_cgroups()
    if found.kind == "none":
        return None
    return found.create(secrets.token_hex(4), memory=limits.memory, processes=limits.processes)


def prefix():
    """Return the beginning of a temporary folder's name: it tells whose it is."""
    return f"grade-{os.getpid()}-"


class Sockets:
    """The kernel's listening sockets, bound by us, in a folder that only we can enter.

    The kernel gets them as open files; nothing of the host's file system is shared with it.
    """

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix=prefix()))
        if len(str(self.folder)) > 90:
            shutil.rmtree(self.folder)
            raise SandboxError(
                f"the path {str(self.folder)!r} is too long for a Unix socket; set TMPDIR to a "
                "short one."
            )
        self.listening = []
        for index, _ in enumerate(CHANNELS):
            one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            one.bind(f"{self.folder}/k-{index + 1}")
            one.listen(8)
            self.listening.append(one)

    @property
    def descriptors(self):
        """The listening sockets as file descriptors, in the order of `CHANNELS`."""
        return [one.fileno() for one in self.listening]

    def release(self):
        """Close our copies: only the kernel listens now."""
        for one in self.listening:
            one.close()

    def close(self):
        """Remove the folder."""
        self.release()
        shutil.rmtree(self.folder, ignore_errors=True)
