"""What the grader says about a submission: to its student, to the instructor, or both."""

from dataclasses import asdict, dataclass

STUDENT, INSTRUCTOR, BOTH = "student", "instructor", "both"


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

    def as_dict(self):
        """Return the note as JSON can carry it."""
        return asdict(self)


def texts(notes, reader):
    """Return the sentences for one reader, without repetitions, in order."""
    return list(dict.fromkeys(note.text for note in notes if note.to in (reader, BOTH)))
