"""The kernel provisioner: how Jupyter's own machinery starts a shut-in kernel.

nbgrader, nbclient and JupyterLab start it by the kernelspec's name, `course-sandbox`. The grader
starts it the same way, and hands over the submission's files instead of a folder.
"""

import asyncio
import contextlib
import os
import queue
import signal
import socket
from pathlib import Path
from time import monotonic

import zmq
import zmq.asyncio
from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import default

from course_lib.grading.launch import Sockets, Zygote
from course_lib.grading.limits import Limits
from course_lib.grading.packing import pack
from course_lib.grading.watchdog import Watchdog

# A kernel may send what it likes; no message may fill our memory, nor many together.
MESSAGE_BYTES = 8 * 2**20
MESSAGES = 64
START_SECONDS = 60
QUIET_SECONDS = 0.2


class _Shared:
    """The zygote of this process; a process that was forked from its owner uses it as well."""

    zygote = None


def use(zygote):
    """Make a zygote the one that this process's provisioners ask."""
    _Shared.zygote = zygote


def _zygote():
    if _Shared.zygote is None or not _Shared.zygote.alive():
        _Shared.zygote = Zygote()
    return _Shared.zygote


class SandboxProvisioner(KernelProvisionerBase):
    """Has the zygote fork a kernel, and holds its leash.

    Attributes:
        calls: our end of the socket on which the grader calls the student's functions.
        left_out: sentences about files of the submission that the sandbox does not show.
    """

    leash = None
    sockets = None
    watchdog = None
    calls = None
    left_out = ()

    @property
    def has_process(self):
        """Whether there is a kernel."""
        return self.leash is not None

    async def pre_launch(self, **kwargs):
        """Bind the kernel's sockets; the command line of the kernelspec is not used."""
        self.limits = kwargs.pop("limits", None) or Limits()
        self.files = kwargs.pop("files", None)
        if self.files is None:
            folder = Path(kwargs.get("cwd") or os.curdir).resolve()
            packed = pack(folder, folder.name or "notebook", self.limits)
            self.files, self.left_out = packed.files, packed.left_out
        self.sockets = Sockets()
        return await super().pre_launch(cmd=["zygote"], **kwargs)

    async def launch_kernel(self, cmd, **kwargs):
        """Fork a kernel; return how to connect to it."""
        key = await asyncio.to_thread(self._launch)
        self.connection_info = {
            "transport": "ipc",
            "ip": f"{self.sockets.folder}/k",
            **{f"{name}_port": i + 1 for i, name in enumerate(self._channels)},
            "key": key.encode(),
            "signature_scheme": "hmac-sha256",
        }
        return self.connection_info

    _channels = ("shell", "iopub", "stdin", "control", "hb")

    def _launch(self):
        zygote = _zygote()
        zygote.wait()
        self.calls, theirs = socket.socketpair()
        with theirs:
            descriptors = [theirs.fileno(), *self.sockets.descriptors]
            self.leash = zygote.fork(self.files, self.limits, descriptors)
        key = self.leash.start()
        self.sockets.release()
        if self.leash.group is None and zygote.sandboxed:
            self.watchdog = Watchdog(self.leash.supervisor, self.limits)
            self.watchdog.start()
        return key

    async def poll(self):
        """Return None while the kernel runs, afterwards its exit status."""
        return self.leash.poll() if self.leash is not None else 0

    async def wait(self):
        """Wait for the kernel's end and return its exit status."""
        while self.leash is not None and self.leash.poll() is None:
            await asyncio.sleep(0.02)
        code = self.leash.exit_code if self.leash is not None else 0
        return code

    async def send_signal(self, signum):
        """Interrupt the kernel; any other signal ends all that is in the sandbox."""
        if self.leash is None:
            return
        if signum == signal.SIGINT:
            self.leash.interrupt()
        else:
            self.leash.kill()

    async def kill(self, restart=False):
        """End all that is in the sandbox."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart=False):
        """End all that is in the sandbox."""
        await self.send_signal(signal.SIGKILL)

    async def cleanup(self, restart=False):
        """Let go of everything; jupyter_client calls this twice."""
        if self.watchdog is not None:
            self.watchdog.stop()
        if self.leash is not None:
            await asyncio.to_thread(self.leash.close)
            self.leash = None
        if self.calls is not None:
            self.calls.close()
        if self.sockets is not None:
            self.sockets.close()


class BoundedClient(AsyncKernelClient):
    """A client that a kernel cannot fill: messages have a largest size, queues a length."""

    @default("context")
    def _bounded_context(self):
        self._created_context = True
        context = zmq.asyncio.Context()
        # What a context is told holds for each socket that it makes.
        context.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES)
        context.setsockopt(zmq.RCVHWM, MESSAGES)
        return context

    async def _async_wait_for_ready(self, timeout=None):
        """Wait until the kernel answers and is heard.

        The base class waits for a fifth of a second of silence, which costs a submission more than
        its kernel's start does.
        """
        deadline = monotonic() + (timeout or START_SECONDS)
        request = self.kernel_info()
        heard, replied = False, False
        while not (heard and replied):
            seconds = deadline - monotonic()
            if seconds <= 0:
                raise RuntimeError(f"the kernel did not answer within {timeout or START_SECONDS} s")
            if self.parent is not None and not await self.parent.is_alive():
                raise RuntimeError("the kernel ended before it answered")
            with contextlib.suppress(queue.Empty):
                if not replied:
                    reply = await self.shell_channel.get_msg(timeout=min(1.0, seconds))
                    if reply["parent_header"].get("msg_id") == request:
                        replied = True
                        self._handle_kernel_info_reply(reply)
                    continue
                message = await self.iopub_channel.get_msg(timeout=QUIET_SECONDS)
                state = message["content"].get("execution_state")
                heard = message["parent_header"].get("msg_id") == request and state == "idle"
                continue
            # What it said before we listened is not said again.
            heard = replied

    wait_for_ready = _async_wait_for_ready


class SandboxKernelManager(AsyncKernelManager):
    """A manager whose clients are `BoundedClient`s."""

    @default("client_factory")
    def _bounded(self):
        return BoundedClient
