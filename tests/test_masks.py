"""The kernel's files below /proc: what root's sandbox could write or read, hidden."""

import subprocess
import sys

import pytest

# A user namespace in which root is mapped, as the grader makes it when root runs it.
CODE = """
import os
from course_lib.grading.inside import isolate, masks
isolate.enter_namespaces()
if os.fork() == 0:
    isolate._mount(None, "/", isolate.RECURSIVE | isolate.PRIVATE)
    isolate._mount("proc", "/proc", isolate.NO_SUID | isolate.NO_DEV | isolate.NO_EXEC)
    {mask}
    isolate.drop_privileges()
    def opens(path, flags):
        try:
            descriptor = os.open(path, flags)
        except OSError:
            return False
        return not (flags == os.O_RDONLY and os.read(descriptor, 1) == b"")
    for path in {paths}:
        print(path, opens(path, os.O_WRONLY), opens(path, os.O_RDONLY))
    os._exit(0)
os.wait()
"""
PATHS = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/vm/drop_caches",
    "/proc/sys/kernel/modprobe",
    "/proc/kallsyms",
    "/proc/keys",
    "/proc/self/status",
)


def look(mask):
    """Return what can be written and read in the sandbox, by path."""
    code = CODE.format(mask=mask, paths=PATHS)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if "unshare" in done.stderr:
        pytest.skip("this host makes no namespaces")
    assert done.returncode == 0, done.stderr
    lines = (line.split() for line in done.stdout.splitlines())
    return {path: (write == "True", read == "True") for path, write, read in lines}


def test_nothing_of_the_kernel_can_be_written():
    found = look("masks.mask_kernel_files()")
    assert len(found) == len(PATHS)
    assert not any(found[path][0] for path in PATHS if path.startswith("/proc/sys/"))
    # Bound to /dev/null: what is written goes nowhere, and nothing is read.
    assert not found["/proc/kallsyms"][1]
    assert not found["/proc/keys"][1]
    assert found["/proc/self/status"][1]


def test_without_the_mask_root_could():
    """Otherwise the test above would pass for another reason."""
    import os

    if os.getuid() != 0:
        pytest.skip("only a grader that root runs is in danger")
    assert look("pass")["/proc/sys/kernel/core_pattern"][0]
