"""The box that submissions run in, as bubblewrap builds it, and the kernelspec that names it.

nbgrader starts the kernel by name, `course-sandbox`; `python -m course_lib.grading.sandbox install`
puts that kernelspec into the environment. Inside, a submission sees the interpreter, the
environment, what of `course_lib` a released notebook imports, and a scratch copy of its own folder,
in memory. It sees no network, no reference, no gradebook, no `solutions/` and no other submission,
and nothing that it writes reaches the disk.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

KERNEL_NAME = "course-sandbox"
WORKDIR = "/submission"
AGENT = "/opt/course"
KEPT = "/run/kept"
INSIDE = Path(__file__).resolve().parent / "inside"
# What a released notebook imports. The reference and the checks are not among it.
STUDENT_LIBRARY = ("__init__.py", "arguments.py", "capstone_pages.py", "data.py", "plots.py")
SCRATCH_BYTES = 16 * 2**20

# Submissions are graded beside each other, and their networks are small: threads would mostly spin.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}
# Fixed inside, whatever the instructor's shell has: results must not depend on it.
ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "USER": "student",
    "KERAS_BACKEND": "tensorflow",
    "KERAS_HOME": "/tmp/keras",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    **ONE_THREAD,
    # Sets and dicts of strings in the same order in each run.
    "PYTHONHASHSEED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
}

KERNELSPEC = {
    "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Python 3 (sandbox for grading)",
    "language": "python",
    "metadata": {"kernel_provisioner": {"provisioner_name": KERNEL_NAME, "config": {}}},
}

NO_SANDBOX = (
    "submissions cannot be sandboxed here: {reason}. Grade on Linux with bubblewrap (`bwrap`) and "
    "user namespaces, or pass --unsafe-no-sandbox, which lets their code read and change all that "
    "you can."
)


class SandboxError(RuntimeError):
    """Raised when this host cannot run the sandbox."""


def _system_binds():
    """Return the arguments that show the host's programs and libraries, read-only."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            arguments += ["--ro-bind", str(path), str(path)]
    for path in ("/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache"):
        arguments += ["--ro-bind-try", path, path]
    return arguments


def _python_binds():
    """Return the arguments that show interpreter and environment, read-only."""
    arguments = []
    # A folder before those inside it: a later bind of the parent would hide them.
    for path in sorted({sys.base_prefix, sys.prefix}):
        if not path.startswith("/usr/"):
            arguments += ["--ro-bind", path, path]
    return arguments


def kept_paths():
    """Return the folders that a submission's own /tmp and /dev/shm would hide."""
    wanted = {sys.base_prefix, sys.prefix, str(INSIDE.parent.parent)}
    # A folder brings along what is below it.
    inner = {path for path in wanted for other in wanted if path.startswith(f"{other}/")}
    library = str(INSIDE.parent.parent)
    hidden = ("/tmp/", "/dev/shm/")
    return sorted(path for path in wanted - (inner - {library}) if path.startswith(hidden))


def _library_binds():
    """Return the arguments that show what a student may use of `course_lib`, and nothing else.

    Where the real package is stands an empty folder, also if it is a part of the environment.
    """
    real = str(INSIDE.parent.parent)
    arguments = ["--size", "65536", "--tmpfs", real]
    for name in STUDENT_LIBRARY:
        arguments += ["--ro-bind", f"{real}/{name}", f"{real}/{name}"]
    arguments += ["--dir", f"{real}/checks"]
    arguments += ["--ro-bind", str(INSIDE / "check_stub.py"), f"{real}/checks/__init__.py"]
    return [*arguments, "--remount-ro", real, "--ro-bind", str(INSIDE), f"{AGENT}/course_inside"]


def zygote_command(program):
    """Return the command line of a zygote in its box.

    The box is what every submission has in common: programs and libraries to read, no network. Each
    submission's own walls are built inside by `inside/isolate.py`, so this box may make namespaces.

    Args:
        program: Python code that can import `course_inside`, and its arguments.
    """
    command = ["bwrap", "--unshare-all", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"]
    command += ["--new-session", "--hostname", "sandbox", "--clearenv", *_system_binds()]
    # A process in here may mount a /proc of its own only where one is wholly visible.
    command += ["--bind", "/proc", "/proc", "--dev", "/dev"]
    for place in ("/dev/shm", "/tmp", WORKDIR, AGENT):
        command += ["--size", str(SCRATCH_BYTES), "--tmpfs", place]
    # After /tmp, which would hide a course that lives there.
    command += [*_python_binds(), *_library_binds()]
    path = f"{Path(sys.prefix, 'bin')}:/usr/bin:/bin"
    for name, value in {**ENVIRONMENT, "PATH": path}.items():
        command += ["--setenv", name, value]
    for number, _ in enumerate(kept_paths()):
        command += ["--dir", f"{KEPT}/{number}"]
    # bubblewrap's own root and /dev are tmpfs without a size.
    command += ["--remount-ro", AGENT, "--remount-ro", "/dev", "--remount-ro", "/"]
    start = f"import sys; sys.path.append({AGENT!r}); {program[0]}"
    return [*command, "--chdir", WORKDIR, "--", "python", "-P", "-c", start, *program[1:]]


@functools.cache
def sandbox_problem():
    """Return why this host cannot sandbox, in a few words, or None when it can."""
    if not sys.platform.startswith("linux"):
        return f"this is {sys.platform}, and namespaces are Linux's"
    if shutil.which("bwrap") is None:
        return "the program `bwrap` is not installed"
    try:
        command = zygote_command(["from course_inside.probe import main; main()"])
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"`bwrap` does not start ({error})"
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        return f"the sandbox fails ({lines[-1]})"
    return None


def install(prefix=sys.prefix):
    """Write the kernelspec into an environment and return its folder.

    It names no path of this machine: jupyter_client replaces `python` by the running interpreter.
    """
    folder = Path(prefix, "share", "jupyter", "kernels", KERNEL_NAME)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(KERNELSPEC, indent=1) + "\n")
    return folder


def main(arguments=None):
    """Run `install`, or `probe`, which says whether this host can sandbox."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="python -m course_lib.grading.sandbox", description=main.__doc__
    )
    parser.add_argument("action", choices=["install", "probe"])
    if parser.parse_args(arguments).action == "install":
        print(f"kernelspec {KERNEL_NAME} installed")
        install()
        return 0
    problem = sandbox_problem()
    print(NO_SANDBOX.format(reason=problem) if problem else "this host can sandbox submissions")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
