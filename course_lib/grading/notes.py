"""What the grader says about a submission: to its student, to the instructor, or both."""

import re
from dataclasses import asdict, dataclass

# Control characters, among them what a terminal takes for commands, and lone surrogates.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
STUDENT, INSTRUCTOR, BOTH = "student", "instructor", "both"


def plain(text):
    r"""Return text that a terminal only shows: control characters are written out.

    Example:
        >>> plain(chr(27) + "[2J")
        '\\x1b[2J'
    """
    return CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


@dataclass(frozen=True)
class Note:
    """One sentence about a submission.

    Attributes:
        text: the sentence.
        to: "student", "instructor" or "both".
        repair: whether the notebook had to be mended.
        cell: the grade_id that it is about, or None.
    """

    text: str
    to: str = BOTH
    repair: bool = False
    cell: str | None = None

    def __post_init__(self):
        object.__setattr__(self, "text", plain(self.text))

    def as_dict(self):
        """Return the note as JSON can carry it."""
        return asdict(self)


def texts(notes, reader):
    """Return the sentences for one reader, without repetitions, in order."""
    return list(dict.fromkeys(note.text for note in notes if note.to in (reader, BOTH)))
