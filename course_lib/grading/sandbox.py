"""The kernel that runs a submission: IPython under bubblewrap, without network or our files.

nbgrader starts it by name, `course-sandbox`; `python -m course_lib.grading.sandbox install` puts
that kernelspec into the environment. Inside, a submission sees the interpreter, the environment,
`course_lib` and a scratch copy of its own folder, in memory. It sees no network, no gradebook, no
`solutions/` and no other submission, and nothing that it writes reaches the disk.

Limits are rlimits and a watchdog that measures from outside. Cgroups and a seccomp filter are not
used yet, so the sandbox stops accidents and ordinary mischief, not an attack on the host's kernel.
"""

import asyncio
import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from jupyter_client.provisioning import LocalProvisioner

from course_lib.grading.fonts import write_font_list
from course_lib.grading.limits import Limits
from course_lib.grading.watchdog import Watchdog, children, kill_all, process_tree

KERNEL_NAME = "course-sandbox"
WORKDIR = "/submission"
MAX_FILES = 1000
MAX_SENTENCES = 10

# Fixed inside, whatever the instructor's shell has: results must not depend on it.
ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "USER": "student",
    "KERAS_BACKEND": "tensorflow",
    "KERAS_HOME": "/tmp/keras",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
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
    """Return the arguments that show interpreter, environment and `course_lib`, read-only."""
    import course_lib

    wanted = {sys.base_prefix, sys.prefix, str(Path(course_lib.__file__).resolve().parent)}
    arguments = []
    # A folder before those inside it: a later bind of the parent would hide them.
    for path in sorted(wanted):
        if not path.startswith("/usr/"):
            arguments += ["--ro-bind", path, path]
    return arguments


@functools.cache
def _no_more_namespaces():
    """Return the arguments that forbid namespaces inside, with which one could mount a disk."""
    done = subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=False)
    known = "--disable-userns" in done.stdout
    # bubblewrap before 0.8 cannot.
    return ("--unshare-user", "--disable-userns") if known else ()


def bwrap_command(limits, extra=()):
    """Return the bubblewrap command line up to the program that it shall run.

    Args:
        limits: the `Limits`; `disk` is the size of each writable place, all of them in memory.
        extra: further arguments, for instance binds.
    """
    command = ["bwrap", "--unshare-all", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"]
    command += _no_more_namespaces()
    command += ["--die-with-parent", "--new-session", "--hostname", "sandbox", "--clearenv"]
    command += [*_system_binds(), "--proc", "/proc", "--dev", "/dev"]
    for place in ("/dev/shm", "/tmp", WORKDIR):
        command += ["--size", str(limits.disk), "--tmpfs", place]
    # After /tmp, which would hide a course that lives there.
    command += _python_binds()
    path = f"{Path(sys.prefix, 'bin')}:/usr/bin:/bin"
    for name, value in {**ENVIRONMENT, "PATH": path}.items():
        command += ["--setenv", name, value]
    # bubblewrap's own root and /dev are tmpfs without a size.
    return [*command, *extra, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORKDIR]


def limited(command, limits):
    """Return the command under rlimits, set inside so that they count this sandbox only."""
    return [
        "prlimit",
        f"--data={limits.memory}",
        f"--nproc={limits.processes}",
        f"--fsize={limits.file_bytes}",
        # Threads may burn several CPU-seconds a second; the wall-clock deadline is the real one.
        f"--cpu={int(limits.submission_seconds * 8) + 60}",
        "--nofile=1024",
        "--core=0",
        "--memlock=0",
        "--",
        *command,
    ]


def sandbox_problem():
    """Return why this host cannot sandbox, in a few words, or None when it can."""
    if not sys.platform.startswith("linux"):
        return f"this is {sys.platform}, and namespaces are Linux's"
    for program in ("bwrap", "prlimit"):
        if shutil.which(program) is None:
            return f"the program `{program}` is not installed"
    program = ["python", "-c", "import course_lib, ipykernel"]
    command = [*bwrap_command(Limits()), "--", *limited(program, Limits())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"`bwrap` does not start ({error})"
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        return f"`bwrap` fails ({lines[-1]})"
    return None


def copy_plain_files(source, target, max_bytes):
    """Copy regular files of a folder, and say what was left behind.

    Links, devices and pipes in a submission would let the copy read what the student may not, so
    they are not followed; files beyond `max_bytes` or 1,000 are left out.

    Returns:
        A list of sentences, one for each thing left behind.
    """
    source, target, left, total, count = Path(source), Path(target), [], 0, 0
    target.mkdir(parents=True, exist_ok=True)
    for folder, folders, names in os.walk(source, followlinks=False):
        here = Path(folder)
        hidden = {"__pycache__", ".ipynb_checkpoints"}
        folders[:] = [f for f in sorted(folders) if not (here / f).is_symlink() and f not in hidden]
        for name in sorted(names):
            path = here / name
            relative = path.relative_to(source)
            if path.is_symlink() or not path.is_file() or path.stat().st_nlink > 1:
                left.append(f"{str(relative)!r} is not a plain file and was left out.")
                continue
            size = path.stat().st_size
            if total + size > max_bytes or count == MAX_FILES:
                left.append(f"{str(relative)!r} was left out: the folder is too large.")
                continue
            total, count = total + size, count + 1
            try:
                (target / relative).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target / relative)
            except PermissionError:
                left.append(f"{str(relative)!r} may not be read and was left out.")
    more = len(left) - MAX_SENTENCES
    return left if more <= 0 else [*left[:MAX_SENTENCES], f"{more} more were left out."]


class SandboxProvisioner(LocalProvisioner):
    """Starts a kernel under bubblewrap, talks to it through sockets in a bound folder."""

    job = None
    limits = None
    watchdog = None
    exit_code = None
    left_out = ()

    async def pre_launch(self, **kwargs):
        """Prepare the folders and replace the kernel's command by the sandboxed one."""
        self.limits = kwargs.pop("limits", None) or Limits()
        if shutil.which("bwrap") is None:
            raise SandboxError(NO_SANDBOX.format(reason="the program `bwrap` is not installed"))
        await self._make_job(kwargs.get("cwd"))
        manager = self.parent
        # A Unix socket in a bound folder needs no network inside.
        manager.transport, manager.ip = "ipc", str(self.job / "s" / "k")
        kwargs = await super().pre_launch(**kwargs)
        connection = json.loads(Path(manager.connection_file).read_text())
        (self.job / "connection.json").write_text(json.dumps({**connection, "ip": "/run/kernel/k"}))
        kwargs["cmd"] = self._command()
        kwargs.update(cwd=str(self.job), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # bubblewrap's own environment can be read inside, in /proc/1.
        kwargs["cmd"][0] = shutil.which("bwrap")
        kwargs["env"] = {"PATH": "/usr/bin:/bin"}
        return kwargs

    async def _make_job(self, folder):
        self.job = Path(tempfile.mkdtemp(prefix="grade-"))
        (self.job / "s").mkdir()
        if len(str(self.job / "s" / "k-5")) > 100:
            raise SandboxError(
                f"the path {str(self.job)!r} is too long for a Unix socket; set TMPDIR to a short "
                "one."
            )
        # Half of the scratch space is left for what the submission writes.
        source, target = Path(folder or os.curdir), self.job / "w"
        self.left_out = tuple(copy_plain_files(source, target, self.limits.disk // 2))

    def _command(self):
        binds = ["--bind", str(self.job / "s"), "/run/kernel"]
        binds += ["--ro-bind", str(self.job / "w"), "/run/submitted"]
        binds += ["--ro-bind", str(self.job / "connection.json"), "/run/connection.json"]
        fonts = write_font_list(self.job / "fonts.json")
        binds += ["--ro-bind", str(self.job / "fonts.json"), f"/tmp/matplotlib/{fonts}"]
        kernel = ["python", "-m", "ipykernel_launcher", "-f", "/run/connection.json"]
        kernel += ["--HistoryManager.hist_file=:memory:", "--InteractiveShellApp.ignore_cwd=True"]
        # Last on the path, so that a submitted numpy.py or course_lib/ hides nothing.
        kernel += [f"--InteractiveShellApp.exec_lines=__import__('sys').path.append('{WORKDIR}')"]
        copy = ["/bin/sh", "-c", 'cp -R /run/submitted/. .; exec "$@"', "sh"]
        return [*bwrap_command(self.limits, binds), "--", *copy, *limited(kernel, self.limits)]

    async def launch_kernel(self, cmd, **kwargs):
        """Start the sandbox and its watchdog."""
        info = await super().launch_kernel(cmd, **kwargs)
        self.watchdog = Watchdog(self.pid, self.limits, self.job / "s")
        self.watchdog.start()
        return info

    async def poll(self):
        """Return None while the sandbox runs, afterwards its exit status."""
        status = await super().poll()
        if self.process is not None and status is not None:
            self.exit_code = status
        return status

    async def send_signal(self, signum):
        """Interrupt the kernel, or end the whole sandbox for any other signal."""
        if self.process is None:
            return
        if signum == signal.SIGINT:
            # bubblewrap, its init, the kernel: interrupting the first two would end the sandbox.
            for init in children(self.pid):
                for kernel in children(init)[:1]:
                    with contextlib.suppress(OSError):
                        os.kill(kernel, signal.SIGINT)
        else:
            kill_all(process_tree(self.pid))

    async def cleanup(self, restart=False):
        """Remove the job's folders; jupyter_client calls this twice."""
        if self.watchdog is not None:
            self.watchdog.stop()
        await super().cleanup(restart)
        if self.job is not None and not restart:
            await asyncio.to_thread(shutil.rmtree, self.job, ignore_errors=True)


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
