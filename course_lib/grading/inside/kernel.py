"""The IPython kernel of one submission, on sockets that the grader made and listens to no more.

The grader binds the sockets and passes them as open files. So no folder of the host is shared, and
the kernel can be talked to across network and mount namespaces.
"""

import signal
import socket
import sys

import zmq
from ipykernel.heartbeat import Heartbeat
from ipykernel.iostream import IOPubThread
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets.config import Config

from . import agent

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")


class _Heartbeat(Heartbeat):
    def _try_bind_socket(self):
        self.socket.setsockopt(zmq.USE_FD, self.descriptor)
        self.socket.bind("ipc://@passed")


class SandboxKernelApp(IPKernelApp):
    """An `IPKernelApp` whose sockets were bound by somebody else."""

    descriptors = None

    def init_connection_file(self):
        """Read nothing: the connection came with the job, there is no file."""

    def write_connection_file(self, **kwargs):
        """Write nothing: whoever may connect knows already."""

    def _try_bind_socket(self, s, port):
        s.setsockopt(zmq.USE_FD, self.descriptors[CHANNELS[port - 1]])
        s.bind("ipc://@passed")
        return port

    def init_control(self, context):
        """Bind the control channel; no debugger connects from within."""
        super().init_control(context)
        endpoint = self.shell_socket.getsockopt(zmq.LAST_ENDPOINT)
        if endpoint:
            self.debug_shell_socket.disconnect(endpoint)

    def init_iopub(self, context):
        """Bind the output channel; without the pipe of subprocesses, which is a network socket."""
        self.iopub_socket = context.socket(zmq.XPUB)
        self.iopub_socket.linger = 1000
        self.iopub_port = self._bind_socket(self.iopub_socket, self.iopub_port)
        self.configure_tornado_logger()
        self.iopub_thread = IOPubThread(self.iopub_socket, session=self.session)
        self.iopub_thread.start()
        self.iopub_socket = self.iopub_thread.background_socket

    def init_heartbeat(self):
        """Start the heartbeat on its passed socket."""
        self.heartbeat = _Heartbeat(zmq.Context(), (self.transport, self.ip, self.hb_port))
        self.heartbeat.descriptor = self.descriptors["hb"]
        self.heartbeat.start()


def start(key, descriptors, call, workdir):
    """Run a kernel until it is told to end.

    Args:
        key: with which messages are signed.
        descriptors: listening sockets by channel, as file descriptors.
        call: the file descriptor on which the grader calls functions.
        workdir: the folder of the scratch copy; last on the path, so that a submitted numpy.py
            hides nothing.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv[:] = ["kernel"]
    sys.path.append(workdir)
    app = SandboxKernelApp.instance(
        transport="ipc",
        ip="@passed",
        connection_file="none",
        log_level=50,
        **{f"{name}_port": index + 1 for index, name in enumerate(CHANNELS)},
    )
    app.descriptors = descriptors
    app.session.key = key.encode()
    app.update_config(Config(HistoryManager={"enabled": False}))
    app.ignore_cwd = app.quiet = True
    app.initialize([])
    _Calls.socket = socket.socket(fileno=call)
    app.start()


class _Calls:
    socket = None


def serve():
    """Answer the grader's calls until it ends them; it runs this before each graded cell."""
    agent.serve(_Calls.socket, ZMQInteractiveShell.instance().user_ns)
