"""Which system calls a submission may make: an allow-list, compiled to a filter by libseccomp.

Namespaces hide the host's files and processes; the kernel itself stays one and the same. What is
not needed of it is refused here, so that a fault in a rare system call is out of reach. What is
unknown answers ENOSYS, because glibc then falls back to an older call; what is known and refused
answers EPERM, so that the message reads "Operation not permitted".

`prepare` runs once, before any submission; `load` costs a fraction of a millisecond in each child.
"""

import ctypes
import errno
import os
import socket
import stat
import tempfile

WORD = 0xFFFFFFFF  # the kernel reads an int: what stands above these bits must not matter

FILES = """
    access faccessat faccessat2 chdir fchdir chmod fchmod fchmodat fchmodat2 chown fchown fchownat
    lchown close close_range copy_file_range creat dup dup2 dup3 fadvise64 fallocate fcntl fdatasync
    fgetxattr flistxattr flock fstat fstatfs fsync ftruncate getcwd getdents getdents64 getxattr
    lgetxattr link linkat listxattr llistxattr lseek lstat mkdir mkdirat newfstatat open openat
    openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat
    readv rename renameat renameat2 rmdir sendfile stat statfs statx symlink symlinkat
    sync_file_range truncate umask unlink unlinkat utime utimensat utimes futimesat write writev
    memfd_create pipe pipe2
"""
WAITING = """
    epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 poll
    ppoll pselect6 select signalfd signalfd4 timerfd_create timerfd_gettime timerfd_settime
    clock_getres clock_gettime clock_nanosleep gettimeofday nanosleep time times alarm getitimer
    setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_settime
"""
SOCKETS = """
    accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg
    sendmmsg sendmsg sendto setsockopt shutdown
"""
MEMORY = """
    brk get_mempolicy madvise membarrier mincore mlock mlock2 mlockall mmap mprotect mremap msync
    munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect
"""
PROCESSES = """
    arch_prctl execve execveat exit exit_group fork vfork futex futex_waitv get_robust_list
    set_robust_list set_tid_address rseq restart_syscall kill tgkill tkill pause pidfd_open
    pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
    rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sigaltstack wait4 waitid sched_get_priority_max
    sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
    sched_rr_get_interval sched_setaffinity sched_yield getpriority setpriority getrlimit setrlimit
    prlimit64 getrusage capget getcpu getegid geteuid getgid getgroups getpgid getpgrp getpid
    getppid getresgid getresuid getsid gettid getuid setpgid setsid setfsgid setfsuid setgid
    setregid setresgid setresuid setreuid setuid getrandom sysinfo uname
"""
ALLOWED = FILES + WAITING + SOCKETS + MEMORY + PROCESSES

# Left out on purpose, so ENOSYS: inotify and System V memory, which are counted for each user of
# this host, so that one submission could use up the others' and the grader's; splice; secrets.
# All else is ENOSYS. These have a reader: somebody who tried, and should see that it was refused.
REFUSED = """
    acct add_key adjtimex bpf capset chroot clock_adjtime clock_settime delete_module
    fanotify_init fanotify_mark finit_module fsconfig fsmount fsopen fspick init_module
    io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load
    keyctl mbind migrate_pages modify_ldt mount mount_setattr move_mount move_pages
    name_to_handle_at open_by_handle_at open_tree perf_event_open pidfd_getfd pivot_root
    process_madvise process_mrelease process_vm_readv process_vm_writev ptrace quotactl
    quotactl_fd reboot request_key sched_setattr sched_setparam seccomp set_mempolicy
    set_mempolicy_home_node setdomainname setgroups sethostname setns settimeofday stime swapoff
    swapon syslog umount umount2 unshare userfaultfd vhangup
"""

# A system-wide sync, called in a loop, stops the disks of all others. There is none to sync here.
PRETENDED = "sync syncfs"
# shutil and cp go on after ENOTSUP. Attributes take kernel memory that no tmpfs size bounds.
NO_ATTRIBUTES = "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr"

# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. CLONE_NEWTIME needs clone3.
NEW_NAMESPACES = 0x7E020000

# Names of threads, death signals, dumpable, timer slack, huge pages, subreaper, no_new_privs (to
# set and to ask), names of mappings, and what only asks: seccomp's mode, the bounding set.
PRCTL = (1, 2, 3, 4, 15, 16, 21, 23, 29, 30, 36, 37, 38, 39, 41, 42, 0x53564D41)

# Terminals, as pexpect needs them for `!command`, and flags of descriptors. TIOCSTI and TIOCLINUX,
# which type into another's terminal, are not among them, nor is any request to a device.
IOCTL = (
    *(0x5401, 0x5402, 0x5403, 0x5404),  # TCGETS, TCSETS, TCSETSW, TCSETSF
    *(0x5405, 0x5406, 0x5407, 0x5408),  # TCGETA, TCSETA, TCSETAW, TCSETAF
    *(0x5409, 0x540A, 0x540B),  # TCSBRK, TCXONC, TCFLSH
    *(
        0x540C,
        0x540D,
        0x540E,
        0x540F,
        0x5410,
    ),  # TIOC: EXCL, NXCL, SCTTY, GPGRP, SPGRP
    *(0x5411, 0x5413, 0x5414),  # TIOCOUTQ, TIOCGWINSZ, TIOCSWINSZ
    *(0x541B, 0x5420, 0x5421, 0x5422),  # FIONREAD, TIOCPKT, FIONBIO, TIOCNOTTY
    *(0x5429, 0x5450, 0x5451, 0x5452),  # TIOCGSID, FIONCLEX, FIOCLEX, FIOASYNC
    *(0x80045430, 0x40045431, 0x5441),  # TIOCGPTN, TIOCSPTLCK, TIOCGPTPEER
)
# ZeroMQ ends the process if it may not list interfaces, which ipykernel's output pipe asks of it,
# unless it hears EOPNOTSUPP. The pipe then is left out with a warning; `IOPubThread(pipe=False)`
# does not try.
FAMILIES = {socket.AF_NETLINK: errno.EOPNOTSUPP}
MAX_FAMILY = 63
ORDINARY_SCHEDULERS = (0, 3, 5)  # SCHED_OTHER, SCHED_BATCH, SCHED_IDLE

PR_GET_NO_NEW_PRIVS, SET_MODE_FILTER, TSYNC = 39, 1, 1


class SeccompError(RuntimeError):
    """Raised when this host cannot filter system calls, or the filter would not hold."""


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


class Filter:
    """A compiled filter, to be loaded by each child that runs a submission.

    Args:
        code: instructions of Berkeley's packet filter, 8 bytes each.
        number: the number of the system call `seccomp`.
    """

    def __init__(self, code, number):
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._code, self._number = ctypes.create_string_buffer(code, len(code)), number
        address = ctypes.cast(self._code, ctypes.c_void_p)
        self._program = _Program(len(code) // 8, address)

    def load(self):
        """Bind this process, all its threads and all its children to the filter, for good.

        Raises:
            SeccompError: if no_new_privs is not set, or the kernel refuses.
        """
        if self._libc.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1:
            raise SeccompError(
                "no_new_privs is not set, so that a program with more rights could run; set it "
                "before the filter is loaded."
            )
        # A zygote that imported TensorFlow may have threads; TSYNC binds every one of them.
        failed = self._libc.syscall(
            self._number, SET_MODE_FILTER, TSYNC, ctypes.byref(self._program)
        )
        if failed:
            reason = os.strerror(ctypes.get_errno()) if failed < 0 else f"thread {failed} is bound"
            raise SeccompError(f"the kernel does not take the filter of system calls ({reason}).")


def problem():
    """Return why this host cannot filter system calls, in a few words, or None when it can."""
    try:
        prepare()
    except SeccompError as error:
        return str(error)
    return None


def prepare():
    """Compile the filter.

    Returns:
        A `Filter`.

    Raises:
        SeccompError: if libseccomp is missing or cannot compile it.

    Example:
        >>> type(prepare()).__name__
        'Filter'
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        raise SeccompError(
            f"libseccomp does not load ({error}); install libseccomp2 and pyseccomp."
        ) from error
    try:
        rules = _rules(pyseccomp)
        with tempfile.TemporaryFile() as file:
            rules.export_bpf(file)
            file.seek(0)
            code = file.read()
    except OSError as error:
        raise SeccompError(f"libseccomp does not compile the filter ({error}).") from error
    return Filter(code, pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, "seccomp"))


def _rules(library):
    """Return the library's filter with all rules, not yet compiled."""
    rules = library.SyscallFilter(library.ERRNO(errno.ENOSYS))
    # 32-bit and x32 calls have other numbers, and would pass by a filter that knows one table.
    rules.set_attr(library.Attr.ACT_BADARCH, library.KILL_PROCESS)

    def rule(action, name, *arguments):
        # An older libseccomp, or another processor, does not know every name.
        if library.resolve_syscall(library.Arch.NATIVE, name) >= 0:
            rules.add_rule(action, name, *arguments)

    plain = {
        library.ALLOW: ALLOWED,
        library.ERRNO(errno.EPERM): REFUSED,
        library.ERRNO(errno.ENOTSUP): NO_ATTRIBUTES,
        library.ERRNO(0): PRETENDED,
    }
    for action, names in plain.items():
        for name in names.split():
            rule(action, name)
    _rules_by_argument(library, rule)
    return rules


def _rules_by_argument(library, rule):
    """Add what is allowed for some arguments only; clone3 hides its flags, so it is ENOSYS."""

    def word(position, value, mask=WORD):
        return library.Arg(position, library.MASKED_EQ, mask, value)

    def among(name, position, values):
        for value in values:
            rule(library.ALLOW, name, word(position, value))

    rule(library.ALLOW, "clone", word(0, 0, NEW_NAMESPACES))
    for family in range(MAX_FAMILY + 1):
        answer = library.ERRNO(FAMILIES.get(family, errno.EAFNOSUPPORT))
        action = library.ALLOW if family == socket.AF_UNIX else answer
        for name in ("socket", "socketpair"):
            rule(action, name, library.Arg(0, library.EQ, family))
    among("ioctl", 1, IOCTL)
    among("prctl", 0, PRCTL)
    among("personality", 0, (0, WORD))
    among("sched_setscheduler", 1, ORDINARY_SCHEDULERS)
    for name, mode in (("mknod", 1), ("mknodat", 2)):
        for kind in (0, stat.S_IFREG, stat.S_IFIFO, stat.S_IFSOCK):
            rule(library.ALLOW, name, word(mode, kind, stat.S_IFMT(0o177777)))
