"""Says which file of a submission is its notebook, whatever the file is called by now."""

import re
import unicodedata
from pathlib import PurePosixPath

LONGEST_NAME = 60
# What browsers, Jupyter and operating systems add to the name of a copy.
COPY = re.compile(r"[\s_.~-]*(?:\(?\d+\)?|cop(?:y|ie|ia)|kopie|new|final|v\d+)")
SUFFIXES = (".ipynb", ".ipynb.txt", ".ipynb.json", ".json", "")
ARCHIVE, PAGE = "an archive; unpack it, and hand in", "made for reading; hand in"
KINDS = {
    **dict.fromkeys((".zip", ".gz", ".tar", ".tgz", ".7z", ".rar"), ARCHIVE),
    **dict.fromkeys((".html", ".htm", ".pdf", ".md", ".docx"), PAGE),
    ".py": "a Python script; hand in",
}


class UnreadableError(ValueError):
    """A submission that is not a notebook; the text is a sentence for the student."""


def shown(name):
    """Return a file's name as a sentence can hold it: quoted, escaped and short.

    Example:
        >>> shown("a" * 100)[-8:]
        "aaaaaa…'"
    """
    return repr(name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…")


def choose(names, stem):
    """Return which file is the notebook, and what to say about the choice.

    The file with the assignment's name counts. Without it, the best of: the name in other letters,
    a copy's name ("tiny (1).ipynb"), with a suffix behind (".ipynb.txt"), in a folder inside. A
    name that has nothing to do with the assignment counts if it is the only notebook.

    Args:
        names: the files' paths, relative, with slashes.
        stem: the assignment.

    Returns:
        The chosen path and a tuple of pairs (sentence, whether something was amiss).

    Raises:
        UnreadableError: if there is no notebook, or several and none of them by name.
    """
    wanted = f"{stem}.ipynb"
    ranked = sorted((rank, name) for name in names if (rank := _rank(name, stem)) is not None)
    if not ranked:
        raise UnreadableError(missing(names, stem))
    kind = ranked[0][0][0]
    if kind == STRANGER and len(ranked) > 1:
        found = ", ".join(shown(name) for _, name in ranked[:5])
        raise UnreadableError(
            f"{wanted} is missing, and which of {found} is meant cannot be told; hand in one "
            f"notebook, named {wanted}."
        )
    chosen, said = ranked[0][1], []
    if chosen != wanted:
        said.append((f"{wanted} was handed in as {shown(chosen)}.", True))
    others = [shown(name) for _, name in ranked[1:] if name.endswith(".ipynb")]
    if others:
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        text = f"{shown(chosen)} counts; other notebooks do not: {', '.join(others[:5])}{more}."
        said.append((text, False))
    return chosen, tuple(said)


EXACT, LETTERS, A_COPY, STRANGER = range(4)


def _rank(name, stem):
    """Return a key that sorts the likeliest notebook first, or None for another file."""
    path = PurePosixPath(name)
    for position, suffix in enumerate(SUFFIXES):
        base = _plain_name(path.name)
        if not base.endswith(suffix):
            continue
        kind = _kind(path.name, base.removesuffix(suffix), suffix, stem)
        if kind is None or (kind == STRANGER and position > 1):
            return None
        # Of "(1)" and "(2)" the higher number is the later download.
        return (kind, len(path.parts), position, [-n for n in _numbers(path.name)])
    return None


def _plain_name(name):
    return unicodedata.normalize("NFC", name).casefold().strip()


def _kind(name, base, suffix, stem):
    plain = _plain_name(stem)
    if name == f"{stem}.ipynb":
        return EXACT
    base = base.strip()
    if base == plain:
        return LETTERS
    before, found, after = base.partition(plain)
    if found and not before.strip(" _-") and _is_copy(after):
        return A_COPY
    if found and before.strip() in ("copy of", "kopie von", "copie de") and _is_copy(after):
        return A_COPY
    return STRANGER if suffix else None


def _is_copy(rest):
    while rest.strip():
        found = COPY.match(rest)
        if not found or not found.end():
            return rest.endswith(".ipynb") and _is_copy(rest.removesuffix(".ipynb"))
        rest = rest[found.end() :]
    return True


def _numbers(name):
    return [int(digits) for digits in re.findall(r"[0-9]{1,9}", name)] or [0]


def missing(names, stem, irregular=()):
    """Return the sentence for a submission without a notebook.

    Args:
        names: the files that are there.
        stem: the assignment.
        irregular: pairs (name, what it is) of what lies there and is no file.
    """
    wanted = f"{stem}.ipynb"
    for name, what in irregular:
        if _rank(name, stem) is not None:
            return f"{shown(name)} is {what}, not a plain file; hand in the notebook itself."
    for name in sorted(names):
        kind = KINDS.get(PurePosixPath(name).suffix.lower())
        if kind:
            return f"{wanted} is missing; {shown(name)} is {kind} the notebook {wanted}."
    found = ", ".join(shown(name) for name in sorted(names)[:5]) or "no file"
    return f"{wanted} is missing; the folder holds {found}, and no notebook."
