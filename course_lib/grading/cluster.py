"""Dask workers that grade: a cluster of this computer's own, or one that has an address.

The client gives each worker one submission at a time and knows which. So a worker that dies or
hangs takes nobody else's submission with it, and a class of any size needs little memory here.

On this computer all connections are on loopback, and encrypted with a certificate that only this
run knows. A cluster with an address is as safe as its address: `tls://` asks for certificates,
which Dask reads from its configuration (`distributed.comm.tls`, or DASK_DISTRIBUTED__COMM__TLS__*
in the environment); `tcp://` asks for nothing, so that whoever reaches the scheduler's port can run
code on every worker and on the instructor's computer. Use it on a private network only.

Start workers with `dask worker ADDRESS --nthreads 1 --nworkers N`, in an environment with the same
course_lib, where the sandbox works. They need none of the course's files. `--memory-limit 0`
leaves memory to the sandbox.
"""

import logging
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import warnings
from contextlib import suppress
from multiprocessing import forkserver
from pathlib import Path

from course_lib.grading.course import CourseError
from course_lib.grading.spread import SAME, Spread, in_one_line

CONNECT_SECONDS = 5  # to a scheduler, which answers or is not there
LOCAL_SECONDS = 15  # to our own workers, which a busy machine starts slowly
KILL_SECONDS = 60  # for a nanny to kill a worker; the scheduler gives up both if it takes longer
LOGGERS = ("distributed", "distributed.client", "asyncio", "tornado", "tornado.application")
SETTINGS = {
    # What a submission may use is the sandbox's business; Dask would pause or end a worker.
    **{f"distributed.worker.memory.{name}": False for name in ("target", "spill", "pause")},
    "distributed.worker.memory.terminate": False,
    "distributed.worker.profile.enabled": False,
    # Imports Dask once for all workers, and for those that replace a lost one.
    "distributed.worker.multiprocessing-method": "forkserver",
    # A lost submission comes back to us at once: we count its attempts.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.http.routes": [],
    # What matters is said by us, in one line.
    "logging": dict.fromkeys(LOGGERS, "critical"),
}


class Cluster:
    """Workers, started in the background while the client reads submissions.

    Args:
        workers: how many processes of this computer, if there is no scheduler.
        scheduler: the address of a running Dask scheduler, or None.
        warm: `Warm`'s arguments, to warm the workers up; or None.

    Example::

        with Cluster(workers=2) as cluster:
            for item, answer in cluster.run(items, send, seconds=60):
                ...
    """

    def __init__(self, workers=2, scheduler=None, warm=None):
        self.workers, self.scheduler, self.warm = workers, scheduler, warm
        self._thread = self._error = self._client = self._local = self._folder = None
        self._host = None
        self._banned = set()
        self.interrupted = threading.Event()

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_):
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._before)
        self.close()

    def _interrupt(self, *_):
        self.interrupted.set()
        raise KeyboardInterrupt

    @property
    def where(self):
        """The cluster's place, in words."""
        return self.scheduler or "this computer"

    def start(self):
        """Begin to start; `run` waits for it."""
        if self._thread is not None:
            return
        self._folder = tempfile.mkdtemp(prefix=f"grade-{os.getpid()}-dask-")
        if self.scheduler is None:
            self._start_host()
            _start_forkserver()
        self._thread = threading.Thread(target=self._start, daemon=True)
        self._thread.start()

    def _start(self):
        try:
            import dask

            seconds = CONNECT_SECONDS if self.scheduler else LOCAL_SECONDS
            own = {"distributed.comm.timeouts.connect": f"{seconds}s"}
            dask.config.set({**SETTINGS, **own, "temporary-directory": self._folder})
            from distributed import Client

            for name in LOGGERS:
                logging.getLogger(name).setLevel(logging.CRITICAL)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of versions that differ: we compare our own
                if self.scheduler is None:
                    self._local = self._start_local()
                where = self._local or self.scheduler
                self._client = Client(where, timeout=seconds, set_as_default=False)
            self._warm_up()
        except Exception as error:
            self._error = error

    def _start_local(self):
        from distributed import LocalCluster

        return LocalCluster(
            n_workers=self.workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            memory_limit=0,
            local_directory=self._folder,
            security=local_security(self._folder),
            silence_logs=logging.CRITICAL,
        )

    def _start_host(self):
        """Start one warm process for all workers of this computer: it imports while Dask starts."""
        if self.warm is not None:
            from course_lib.grading.warm import Warm

            self._host = Warm(*self.warm, place=os.path.join(self._folder, "warm"))

    def _warm_up(self):
        if self.warm is None:
            return
        try:
            from course_lib.grading.worker import WarmHost

            place = os.path.join(self._folder, "warm") if self._host else ""
            self._client.register_plugin(WarmHost(*self.warm, place))
        except Exception as error:
            raise CourseError(
                f"the workers cannot be prepared ({in_one_line(error)}); {SAME}"
            ) from error

    def client(self):
        """Return Dask's client, once it stands.

        Raises:
            CourseError: if there is no scheduler, or the workers cannot be prepared.
        """
        self.start()
        self._thread.join()
        error = self._error
        if error is None:
            return self._client
        if isinstance(error, CourseError):
            raise error
        if self.scheduler is None:
            raise CourseError(f"the workers do not start ({in_one_line(error)}).") from error
        raise CourseError(
            f"no Dask scheduler answers at {self.scheduler} ({in_one_line(error)}); start one with "
            "`dask scheduler`, and workers with `dask worker ADDRESS --nthreads 1`."
        ) from error

    def close(self):
        """End what was started; a cluster with an address goes on."""
        if self._thread is None:
            return
        self._thread.join()
        with suppress(Exception):
            if self.scheduler and self.warm and self._client:
                from course_lib.grading.worker import WarmHost

                self._client.unregister_worker_plugin(WarmHost.name)
        for thing in (self._client, self._local):
            with suppress(Exception):
                if thing is not None:
                    thing.close(timeout=5)
        if self._host is not None:
            self._host.close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, items, send, seconds):
        """Have each item done by a worker, and yield what comes, as it comes.

        Args:
            items: an iterable; the next is taken when a worker is free.
            send: turns an item into what `perform` takes.
            seconds: after how long with one item a worker counts as hung, and is replaced.

        Yields:
            Pairs of an item and the answer of its worker, or None if two workers were lost with it.

        Raises:
            CourseError: if the scheduler or all workers are gone, or a worker refuses.
        """
        return Spread(self, iter(items), send, seconds).results()

    def without_banned(self, addresses):
        """Return the addresses of workers that were not given up."""
        return set(addresses) - self._banned

    def replace(self, address):
        """Give up a worker that hangs: its nanny, if it has one, starts another."""
        self._banned.add(address)

        def restart():
            with suppress(Exception):
                self._client.restart_workers([address], timeout=KILL_SECONDS, raise_for_error=False)

        # The others do not wait until it has ended.
        threading.Thread(target=restart, daemon=True).start()


def check_address(scheduler):
    """Refuse what is no address of a scheduler before Dask makes pages of it.

    Args:
        scheduler: the address, or None.

    Raises:
        CourseError: says what an address is.
    """
    if scheduler is not None and not re.fullmatch(r"(\w+://)?[^/\s]+:\d+", scheduler):
        raise CourseError(f"{scheduler!r} is no address of a scheduler; give tls://HOST:PORT.")


def _start_forkserver():
    """Start what imports Dask once and forks the workers; Ctrl-C is for the client alone."""
    ours = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if ours else None
    try:
        multiprocessing.get_context("forkserver").set_forkserver_preload(["distributed"])
        forkserver.ensure_running()
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


def local_security(folder):
    """Return what encrypts and authenticates the connections on this computer.

    A port on loopback is open to every account of the computer, and who reaches the scheduler runs
    code as the instructor. So a certificate is made that only this process and its workers know.

    Returns:
        Dask's `Security`, or None where the program `openssl` is missing.
    """
    from distributed import Security

    if shutil.which("openssl") is None:
        return None
    key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "7", "-subj", "/CN=course", "-keyout", key, "-out", certificate]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return None
    options = {"tls_ca_file": str(certificate)}
    for side in ("client", "scheduler", "worker"):
        options |= {f"tls_{side}_key": str(key), f"tls_{side}_cert": str(certificate)}
    return Security(require_encryption=True, **options)
