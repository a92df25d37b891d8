"""Shuts a forked process in: namespaces, private mounts, limits, no privileges.

Every step is a system call that Python 3.11 does not wrap. The order matters: namespaces first,
which give the rights that mounting needs; then mounts and files; then all rights are given up, for
good, before anything of the submission is read.
"""

import ctypes
import os
import resource

from . import masks

NEW_NS, NEW_UTS, NEW_IPC, NEW_USER = 0x20000, 0x4000000, 0x8000000, 0x10000000
NEW_PID, NEW_NET = 0x20000000, 0x40000000
READ_ONLY, NO_SUID, NO_DEV, NO_EXEC, REMOUNT = 1, 2, 4, 8, 32
BIND, RECURSIVE, PRIVATE = 0x1000, 0x4000, 0x40000
KEPT = "/run/kept"
SET_NO_NEW_PRIVS, DROP_BOUNDING, AMBIENT, AMBIENT_CLEAR = 38, 24, 47, 4
CAPABILITY_VERSION = 0x20080522
LAST_CAPABILITY = 63
INODES = 20_000

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result, what):
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def enter_namespaces():
    """Leave the zygote's namespaces for new ones; the next fork is the first process in them."""
    uid, gid = os.getuid(), os.getgid()
    flags = NEW_USER | NEW_NS | NEW_PID | NEW_NET | NEW_IPC | NEW_UTS
    _checked(_libc.unshare(flags), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _mount(kind, place, flags, options=None):
    _checked(
        _libc.mount(
            kind and kind.encode(),
            place.encode(),
            kind and kind.encode(),
            flags,
            options and options.encode(),
        ),
        f"mount {place}",
    )


def _bind(source, place):
    flags = BIND | RECURSIVE
    _checked(_libc.mount(source.encode(), place.encode(), None, flags, None), f"bind {place}")


def mount_private(disk, workdir, kept=()):
    """Give this process a /proc of its own and writable places in memory, all of a fixed size.

    Args:
        disk: bytes of each writable place.
        workdir: the folder of the scratch copy.
        kept: folders below the writable places that must be seen there: an environment in /tmp.
    """
    _mount(None, "/", RECURSIVE | PRIVATE)
    for number, path in enumerate(kept):
        _bind(path, f"{KEPT}/{number}")
    size = f"size={disk},nr_inodes={INODES}"
    for place in ("/tmp", "/dev/shm"):
        _mount("tmpfs", place, NO_SUID | NO_DEV, f"{size},mode=1777")
    for number, path in enumerate(kept):
        os.makedirs(path, exist_ok=True)
        _bind(f"{KEPT}/{number}", path)
    _mount("tmpfs", workdir, NO_SUID | NO_DEV, f"{size},mode=700")
    _mount("proc", "/proc", NO_SUID | NO_DEV | NO_EXEC)
    masks.mask_kernel_files()
    if os.path.isdir("/dev/pts"):
        # Terminals would be shared with the other submissions of this zygote.
        _mount("tmpfs", "/dev/pts", NO_SUID | NO_DEV | NO_EXEC | READ_ONLY, "size=4k")


def set_limits(limits):
    """Set what binds each process; what binds all of them together is the cgroup's."""
    with open("/proc/self/statm") as file:
        # What the zygote had imported is not the submission's.
        imported = int(file.read().split()[5]) * resource.getpagesize()
    for name, value in (
        (resource.RLIMIT_DATA, imported + limits["memory"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        # Threads may burn several CPU-seconds a second; the wall-clock deadline is the real one.
        (resource.RLIMIT_CPU, int(limits["submission_seconds"] * 8) + 60),
        # Files in flight and pending signals count for each user of the host, and so for us too.
        (resource.RLIMIT_NOFILE, 512),
        (resource.RLIMIT_SIGPENDING, 1024),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_RTPRIO, 0),
    ):
        hard = resource.getrlimit(name)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (value, value))


def drop_privileges():
    """Give up every capability, and the ways to get one back."""
    for capability in range(LAST_CAPABILITY + 1):
        # Beyond the kernel's last capability this fails, and means nothing.
        _libc.prctl(DROP_BOUNDING, capability, 0, 0, 0)
    _libc.prctl(AMBIENT, AMBIENT_CLEAR, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    _checked(_libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def keep_only(descriptors):
    """Close every file descriptor but these and the three standard ones, which go nowhere."""
    nowhere = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    first = 3
    for kept in sorted(descriptors):
        os.closerange(first, kept)
        first = kept + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))
