"""A student's process for tests of the wire: a real one, which has the sandbox's package only."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from course_lib.grading.calls import Channel

INSIDE = Path(__file__).resolve().parent.parent / "course_lib" / "grading" / "inside"
MAIN = """
import linecache, socket, sys
sys.path.insert(0, {folder!r})
from course_inside.agent import serve
assert not any(name.startswith("course_lib") for name in sys.modules)
sock = socket.socket(fileno={fd})
source = open({source!r}).read()
namespace = {{"__name__": "__main__", "sock": sock}}
linecache.cache["<cell>"] = (len(source), None, source.splitlines(True), "<cell>")
exec(compile(source, "<cell>", "exec"), namespace)
while serve(sock, namespace):
    pass
"""


@contextlib.contextmanager
def student(folder, source, call_seconds=60.0, seconds=300.0, **options):
    """Run a student's code in a process and yield the `Channel` to it; `channel.process` is it.

    The time of calls, and the `seconds` of all together, begin when the process has started.
    """
    shutil.copytree(INSIDE, folder / "course_inside", dirs_exist_ok=True)
    (folder / "source.py").write_text(source, encoding="utf8")
    ours, theirs = socket.socketpair()
    main = MAIN.format(folder=str(folder), fd=theirs.fileno(), source=str(folder / "source.py"))
    process = subprocess.Popen(
        [sys.executable, "-c", main],
        pass_fds=[theirs.fileno()],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        start_new_session=True,
    )
    theirs.close()
    options.setdefault("interrupt", lambda: process.send_signal(signal.SIGINT))
    channel = Channel(ours, call_seconds=60.0, **options)
    channel.process = process
    try:
        assert channel.describe(["sock"])["sock"].kind == "refused"
        channel.call_seconds, channel.deadline = call_seconds, time.monotonic() + seconds
        yield channel
    finally:
        ours.close()
        process.kill()
        process.wait()


def functions(channel, *names):
    """Return the student's functions of these names."""
    described = channel.describe(names)
    return [channel.proxy(name, described[name]) for name in names]
