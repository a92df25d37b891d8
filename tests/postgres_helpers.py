"""A PostgreSQL server of the tests' own: a Unix socket in a temporary folder, and no network."""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

import pytest

MISSING = "PostgreSQL's server is not installed; run: sudo apt-get install postgresql"


def programs():
    """Return the folder of the newest installed server's programs."""
    # Debian's package puts them beside the version, not on the path.
    found = list(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found and shutil.which("initdb"):
        return Path(shutil.which("initdb")).parent
    if not found:
        pytest.fail(MISSING)
    return max(found, key=lambda path: float(path.parts[-3])).parent


class Server:
    """One server; databases are made by name."""

    def __init__(self):
        self.programs = programs()
        # A socket's path may have 107 characters, and pytest's folders are closed to others.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.user = []
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root; Debian's package brings this user.
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.user = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}"]
            self.user += ["--clear-groups", "--"]
        self._run("initdb", "-D", self.data, "-A", "trust", "-U", "course", "-E", "UTF8", "-N")
        self.start()

    @property
    def data(self):
        """The folder of its data."""
        return self.folder / "data"

    def _run(self, program, *arguments, check=True):
        command = [*self.user, self.programs / program, *arguments]
        done = subprocess.run(
            command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        if check and done.returncode:
            pytest.fail(f"{program} failed: {done.stderr}")
        return done.returncode

    def start(self):
        """Start it, or start it again after it was killed."""
        options = f"-c listen_addresses='' -k {self.folder} -c fsync=off"
        log = self.folder / "log"
        for _ in range(20):
            # What is left of a killed one holds its memory for a moment.
            wait = ["-w", "-D", self.data, "-l", log, "-o", options, "start"]
            if self._run("pg_ctl", *wait, check=False) == 0:
                return
            time.sleep(0.5)
        pytest.fail(f"PostgreSQL does not start: {log.read_text()}")

    def kill(self):
        """Kill it as a crash would."""
        pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)

    def stop(self):
        """End it and remove what it had."""
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self, name, template="template0"):
        """Make a database, a copy of another or empty, and return its address."""
        self._run("createdb", "-h", self.folder, "-U", "course", "-T", template, name)
        return f"postgresql+psycopg2://course@/{name}?host={self.folder}"


@cache
def server():
    """Return the one server of this test run; it ends with it."""
    made = Server()
    atexit.register(made.stop)
    return made
