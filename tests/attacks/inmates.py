"""Attacks of our own devising on the sandbox, the zygote and the next submission."""

from tests.attacks import checks
from tests.attacks.assignment import HIDDEN, RIGHT, correct
from tests.attacks.attack import ANY, FINE, Attack, by_code

ENDS = (*FINE, "died", "timeout", "out of memory")
MARK = "attack-planted"
ANSWERS = "\n".join(RIGHT.values())
# Where a submission may hope that the next one reads what it wrote.
PLACES = """
import os, site, sys, tempfile
places = "/tmp /dev/shm /submission /run /var/tmp /opt/course / /etc /dev /proc/self".split()
places += [os.path.expanduser("~"), os.getcwd(), sys.prefix, *site.getsitepackages()]
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
places += [os.path.dirname(file) for file in files if file]
"""
PLANT = (
    PLACES
    + f"""
import ctypes, socket, threading
answers = {ANSWERS!r}
for place in dict.fromkeys(places):
    for name in ("{MARK}.py", "sitecustomize.py", "__pycache__/{MARK}.pyc"):
        try:
            with open(os.path.join(place, name), "x") as file:
                file.write(answers)
        except OSError:
            pass
if os.fork() == 0:
    os.setsid()
    ctypes.CDLL(None).prctl(15, b"attack-planter", 0, 0, 0)
    server = socket.socket(socket.AF_UNIX)
    server.bind("\\0{MARK}")
    server.listen()
    while True:
        line, _ = server.accept()
        line.sendall(answers.encode())
        line.close()
os.environ["PLANTED"] = answers
"""
)
HARVEST = (
    PLACES
    + f"""
import socket
found = os.environ.get("PLANTED", "")
for place in dict.fromkeys(places):
    try:
        found += open(os.path.join(place, "{MARK}.py")).read() + "\\n"
    except OSError:
        pass
try:
    client = socket.socket(socket.AF_UNIX)
    client.connect("\\0{MARK}")
    found += client.makefile().read()
except OSError:
    pass
exec(found)
"""
)
# Finds the hidden tests or the solution in whatever can be read, and answers from them.
SEARCH = f"""
import os, re
needle = {HIDDEN[:12]!r} + {HIDDEN[12:]!r}
hits = []
def look(path, limit=2**22):
    try:
        with open(path, "rb") as file:
            data = file.read(limit)
    except (OSError, ValueError):
        return
    if needle.encode() in data:
        hits.append(path)
roots = "/proc /tmp /dev/shm /run /opt /submission /home /root /var /etc /srv".split()
def search(seconds=1.5):
    from time import monotonic
    end = monotonic() + seconds
    for root in [*roots, ".", "../../.."]:
        for folder, folders, names in os.walk(root):
            for name in names:
                if name in ("environ", "cmdline", "maps", "mountinfo") or root != "/proc":
                    look(os.path.join(folder, name))
                if monotonic() > end:
                    return
search()
"""
MEMORY = """
import os, re
for pid in [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]:
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb+", 0) as memory:
            for line in maps:
                start, end = (int(x, 16) for x in line.split()[0].split("-"))
                if " rw" in line and end - start < 2**26:
                    memory.seek(start)
                    text = memory.read(end - start)
                    if b"12\\n" + b"np.testing" in text:
                        print('attack-leak memory', pid)
                    memory.seek(start)
                    memory.write(b"\\0" * 64)
    except (OSError, ValueError, OverflowError) as error:
        pass
"""
TRACE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for pid in [int(p) for p in os.listdir("/proc") if p.isdigit()] + list(range(1, 300)):
    for request in (16, 0x4206):
        if pid != os.getpid() and libc.ptrace(request, pid, 0, 0) == 0:
            os.kill(pid, 9)
"""
DESCRIPTORS = """
import fcntl, os, socket, stat
for name in os.listdir("/proc/self/fd"):
    number = int(name)
    try:
        kind = os.fstat(number).st_mode
        if number < 3:
            continue
        if stat.S_ISSOCK(kind):
            one = socket.socket(fileno=os.dup(number))
            one.setblocking(False)
            for attempt in (lambda: one.send(b"\\0\\0\\0\\5hello"), lambda: one.recv(10**6),
                            lambda: socket.recv_fds(one, 1000, 50), lambda: one.accept()):
                try:
                    attempt()
                except OSError:
                    pass
        elif stat.S_ISREG(kind) or stat.S_ISDIR(kind):
            os.open("../../../etc/passwd", os.O_RDONLY, dir_fd=number)
    except OSError:
        pass
"""
SIGNALS = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for target in (lambda s: os.kill(-1, s), lambda s: os.killpg(0, s), lambda s: os.kill(1, s),
               lambda s: os.kill(os.getppid(), s)):
    for one in (signal.SIGUSR1, signal.SIGHUP, signal.SIGSTOP, signal.SIGKILL):
        try:
            target(one)
        except OSError:
            pass
"""
KERNEL_CALLS = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
done = {f"unshare {flags:x}": libc.unshare(flags) for flags in
        (0x10000000, 0x10020000, 0x50000000, 0x30000000)}
done["mount"] = libc.mount(b"none", b"/tmp", b"proc", 0, None)
done["bind"] = libc.mount(b"/", b"/mnt", None, 4096, None)
done["chroot"] = libc.chroot(b"..")
done["umount"] = libc.umount2(b"/proc", 2)
done["internet socket"] = libc.socket(2, 1, 0)
for name, answer in done.items():
    if answer >= 0:
        print('attack-leak', name)
for number in (101, 165, 272, 308, 310, 311, 321, 298, 323, 425, 438, 304, 303, 155, 161, 175):
    libc.syscall(number, 0, 0, 0, 0, 0, 0)
# Opened, never written: one of them would end this computer.
for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches",
             "/proc/self/uid_map", "/dev/sda", "/dev/vda", "/dev/mem", "/dev/kmsg"):
    try:
        found = os.open(path, os.O_WRONLY)
    except OSError:
        continue
    # What is hidden is a device that swallows all.
    if os.fstat(found).st_rdev != os.makedev(1, 3) and path != "/proc/self/uid_map":
        print('attack-leak', path)
"""
EXHAUST = """
import os, threading
held = []
try:
    while True:
        held.append(os.open("/dev/null", 0))
except OSError:
    pass
"""
INODES = """
import os
for place in ("/tmp", "/dev/shm", "."):
    try:
        for n in range(10**6):
            os.close(os.open(f"{place}/n{n}", os.O_CREAT))
    except OSError:
        pass
"""
ENVIRONMENT = """
import os, re, glob
text = ""
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        text += open(path, "rb").read().decode("utf-8", "replace")
    except OSError:
        pass
for name in ("COURSE_CHECK_SEED", "SECRET", "gradebook", "solutions", "reports"):
    if name in text:
        print('attack-leak', name)
"""

TABLE = (
    # Its number comes first, so that it runs before 172 to 174.
    Attack(
        171,
        "plants answers",
        "is right, and leaves its answers wherever it can write",
        correct(before=PLANT),
        5,
        ("graded", "repaired"),
        after=checks.nothing_planted,
        student="a000-plants",
    ),
    by_code(
        172,
        "harvests",
        "looks where 171 left answers",
        HARVEST,
        statuses=FINE,
        output_size="",
        conv2d="",
    ),
    by_code(
        173,
        "harvests later",
        "looks again, at the end of the class",
        HARVEST,
        statuses=FINE,
        output_size="",
        conv2d="",
        student="z999-harvests",
    ),
    by_code(
        174,
        "searches",
        "searches all files it can read for the hidden tests",
        SEARCH,
        statuses=FINE,
        output_size="def output_size(*a):\n    return -1",
        conv2d="def conv2d(*a):\n    print('attack-leak', hits) if hits else 0\n"
        "    return np.full((1, 1), 0.5)",
        after=checks.no_leak,
    ),
    by_code(
        175,
        "reads memory",
        "reads and writes other processes' memory",
        MEMORY,
        statuses=ENDS,
        after=checks.no_leak,
    ),
    by_code(
        176, "traces processes", "attaches to every process as a debugger", TRACE, statuses=ENDS
    ),
    by_code(
        177,
        "inherited files",
        "uses every descriptor that it finds open",
        DESCRIPTORS,
        statuses=ANY,
    ),
    by_code(178, "signals", "signals its group, its parent and everyone", SIGNALS, statuses=ENDS),
    by_code(
        179,
        "closes descriptors",
        "closes descriptors 0 to 255",
        "import os\nos.closerange(0, 256)",
        statuses=ENDS,
    ),
    by_code(
        180,
        "exhausts descriptors",
        "opens files until no more can be opened",
        EXHAUST,
        statuses=ENDS,
    ),
    by_code(181, "exhausts inodes", "makes files until no more can be made", INODES, statuses=ENDS),
    by_code(
        182,
        "kernel calls",
        "asks the kernel for namespaces, mounts, modules and devices",
        KERNEL_CALLS,
        statuses=ENDS,
        after=checks.no_leak,
    ),
    by_code(
        183,
        "reads environments",
        "looks for the seed and for paths in environments",
        ENVIRONMENT,
        statuses=FINE,
        after=checks.no_leak,
    ),
    by_code(
        184,
        "threads",
        "starts threads until no more can be started",
        "import threading, time\ntry:\n    while True:\n"
        "        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"
        "except (RuntimeError, MemoryError):\n    pass",
        statuses=ENDS,
    ),
    by_code(
        185,
        "shared memory",
        "hoards memory in files that have no name",
        "import os\nfiles = []\nfor n in range(64):\n    files.append(os.memfd_create('x'))\n"
        "    for _ in range(64):\n        os.write(files[-1], bytes(2**20))",
        statuses=("out of memory", "died", "wrong", "timeout"),
    ),
    by_code(
        186,
        "outlives through a fork",
        "a child holds every descriptor and ignores signals",
        """
import ctypes, os, signal, time
for _ in range(3):
    if os.fork() == 0:
        for number in range(1, 32):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        ctypes.CDLL(None).prctl(15, b"attack-holder", 0, 0, 0)
        while True:
            time.sleep(10)
""",
        statuses=ENDS,
        after=checks.no_daemon,
    ),
    by_code(
        187,
        "child answers",
        "forks; both answer the same calls",
        "import os",
        statuses=ANY,
        output_size="def output_size(*a):\n    os.fork()\n    return -1",
        conv2d="def conv2d(*a):\n    os.fork()\n    return np.full((1, 1), 0.5)",
    ),
    by_code(
        188,
        "replaces Python",
        "replaces its process by a shell",
        "import os",
        statuses=("died", "timeout"),
        output_size="def output_size(*a):\n    os.execvp('sh', ['sh', '-c', 'sleep 1000'])",
    ),
    by_code(
        189,
        "fills the channels",
        "leaves its messages unread and sends more",
        """
import threading
def fill():
    session, kernel = get_ipython().kernel.session, get_ipython().kernel
    while True:
        session.send(kernel.iopub_socket, "stream", {"name": "stdout", "text": "x" * 10**6},
                     parent=kernel.get_parent())
threading.Thread(target=fill, daemon=True).start()
""",
        statuses=ENDS,
    ),
    by_code(
        190,
        "raises its limits",
        "raises each limit and its own priority",
        """
import os, resource
for name in [n for n in dir(resource) if n.startswith("RLIMIT_")]:
    for value in ((-1, -1), (2**40, 2**40)):
        try:
            resource.setrlimit(getattr(resource, name), value)
        except (OSError, ValueError):
            pass
try:
    os.nice(-20)
except OSError:
    pass
hoard = [bytearray(2**26) for _ in range(100)]
""",
        statuses=("out of memory", "died", "wrong", "timeout"),
    ),
)
