"""Sorts what was said about a submission: how it ended, what was mended, what is only for us."""

import re

# Of an entry that kept no notes, what is said beside marks is a repair, except these.
NO_REPAIR = re.compile(
    r"While it ran: |Not run, so |The grader could not finish|The notebook was written for |"
    r".*\b(was|were) left out\.$",
    re.DOTALL,
)


def told(entry, kept=()):
    """Sort the sentences for the student of a report's entry.

    What a mark or a part says is left out: it is shown in its place, without hidden numbers.

    Args:
        entry: of the report; {} if stock nbgrader graded.
        kept: the notes that a notebook's metadata kept, for that case.

    Returns:
        A dict: headline, mended, and messages, which are all others.
    """
    notes = entry.get("notes") or ([] if entry else kept)
    mine = [n for n in notes if isinstance(n, dict) and n.get("to") in ("student", "both")]
    messages = entry.get("messages") or ["", *(str(n.get("text", "")) for n in mine)]
    names = [mark["name"] for mark in entry.get("marks", ())]
    starts = tuple(start for name in names for start in (f"{name}:", f"{name},"))
    general = [text for text in dict.fromkeys(messages[1:]) if text and not text.startswith(starts)]
    if notes:
        repairs = {str(n.get("text", "")) for n in mine if n.get("repair")}
        mended = [text for text in general if text in repairs]
    elif entry.get("status") == "unreadable":
        mended = []
    else:
        mended = [text for text in general if not NO_REPAIR.match(text)]
    others = [text for text in general if text not in mended]
    return {"headline": messages[0], "mended": mended, "messages": others}


def for_us_only(entry):
    """Return the sentences that only the instructor gets: oddities, and faults of checks."""
    said = [text for mark in entry["marks"] for text in mark.get("suspicious", ())]
    shown = set(entry["messages"])
    said += [text for text in entry["instructor"] if text not in shown]
    return list(dict.fromkeys(said))
