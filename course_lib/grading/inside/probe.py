"""Builds a submission's walls once, to see whether this host can."""

import os
import sys

from . import isolate, seccomp

SMALL = {"memory": 2**32, "processes": 64, "file_bytes": 2**20, "submission_seconds": 10}


def main():
    """End with status 0 if every wall stands."""
    prepared = seccomp.prepare()
    isolate.enter_namespaces()
    pid = os.fork()
    if pid == 0:
        isolate.mount_private(2**20, os.getcwd())
        isolate.set_limits(SMALL)
        isolate.drop_privileges()
        prepared.load()
        sys.stdout.flush()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    sys.exit(status != 0)
