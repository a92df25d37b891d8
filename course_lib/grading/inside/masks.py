"""Hides what /proc tells and lets change of the host's kernel.

A grader that root runs maps root to the sandbox's user. That user has no capabilities there, but
files of /proc ask for the owner only: one could write `/proc/sys/kernel/core_pattern`, a program
that the host's kernel runs as root at the next crash, and `/proc/sysrq-trigger`.
"""

import ctypes
import os

BIND, REMOUNT, READ_ONLY, NO_SUID, NO_DEV, NO_EXEC = 0x1000, 32, 1, 2, 4, 8

FROZEN = ("sys", "irq", "bus", "fs", "acpi", "driver", "scsi", "tty", "asound")
HIDDEN = (
    *("sysrq-trigger", "kcore", "kmsg", "keys", "key-users", "kallsyms", "mtrr", "config.gz"),
    *("timer_list", "timer_stats", "sched_debug", "latency_stats", "slabinfo", "vmallocinfo"),
    *("kpagecount", "kpagecgroup", "kpageflags", "pagetypeinfo", "iomem", "ioports", "interrupts"),
    *("cmdline", "modules", "kpageidle"),
)


def mask_kernel_files(proc="/proc"):
    """Freeze the folders and hide the files of the kernel below a fresh /proc.

    It needs the right to mount, so it comes before privileges are dropped, and after /proc is
    mounted.

    Raises:
        OSError: if one of them stays as it was.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source, target, flags):
        if libc.mount(source.encode(), target.encode(), None, flags, None):
            number = ctypes.get_errno()
            raise OSError(number, f"{target} cannot be hidden: {os.strerror(number)}")

    for name in FROZEN:
        place = f"{proc}/{name}"
        if os.path.isdir(place):
            mount(place, place, BIND)
            mount(place, place, BIND | REMOUNT | READ_ONLY | NO_SUID | NO_DEV | NO_EXEC)
    for name in HIDDEN:
        place = f"{proc}/{name}"
        if os.path.exists(place):
            mount("/dev/null", place, BIND)
