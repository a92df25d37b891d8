"""What one submission may use of the machine that grades it."""

from dataclasses import asdict, dataclass, fields, replace
from math import inf


@dataclass(frozen=True)
class Limits:
    """The limits of one submission.

    Memory and processes are bound by a control group, or, where none can be made, by resource
    limits and a watchdog that looks a few times a second.

    Attributes:
        memory: bytes of memory, of each process and of all together, beyond the zygote's imports.
        cell_seconds: wall-clock seconds of one cell.
        submission_seconds: wall-clock seconds of all cells; the rest are not run.
        output_bytes: bytes of output kept from one cell; 16 times as much ends the submission.
        processes: processes and threads at once.
        disk: bytes of scratch space, in memory, in each writable place.
        file_bytes: the largest file that may be written.
        notebook_bytes: the largest notebook that is read, once its outputs are gone.

    Example:
        >>> Limits(cell_seconds=2).with_changes(memory=2**30, processes=None).memory
        1073741824
    """

    memory: int = 4 * 2**30
    cell_seconds: float = 20.0
    submission_seconds: float = 60.0
    output_bytes: int = 1_000_000
    processes: int = 256
    disk: int = 256 * 2**20
    file_bytes: int = 64 * 2**20
    notebook_bytes: int = 20 * 2**20

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value < inf:
                raise ValueError(f"the limit {field.name} is {value!r}; give a positive number.")

    def with_changes(self, **changes):
        """Return the limits with those changes that are not None."""
        return replace(self, **{k: v for k, v in changes.items() if v is not None})

    def as_dict(self):
        """Return the limits as JSON can carry them."""
        return asdict(self)
