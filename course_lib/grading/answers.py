"""Finds the answers of a submission whose cells were merged, moved or stripped of their metadata.

Students' editors and hands do this every day, and no answer shall be lost by it. The rule: code
that belongs to no cell of the assignment always runs, in the notebook's order, in the student's
kernel. What follows here only decides which cell is *the* answer, and that it runs before its test.
"""

from nbformat import NotebookNode

from course_lib.grading.cells import identity, new_cell, set_type
from course_lib.grading.definitions import without_statements
from course_lib.grading.mending import is_as_released, released_forms

ELSEWHERE = "# The answer stands in another cell."
FEW_WORDS = 3


def recognise_locked(work):
    """Recognise the cells that were released, by id or text, when an editor lost their metadata."""
    present = work.present()
    missing = [c for c in work.assignment.cells if not c.solution and c.name not in present]
    if not missing:
        return
    found, places = [], _by_likeness(work, any(cell.cell_type == "code" for cell in missing))
    for wanted in missing:
        keys = [("id", wanted.cell_type, wanted.name)]
        for form in released_forms(wanted.source):
            keys += [("words", *form.split()), ("shape", work.code.shape(form))]
        free = [cell for key in keys for cell in places.get(key, []) if not identity(cell)]
        if free:
            free[0].metadata["nbgrader"] = NotebookNode(wanted.metadata())
            found.append(wanted.name)
    if found:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        names = ", ".join(map(repr, found[:5])) + more
        work.mend(f"Cells that had lost their nbgrader metadata were recognised: {names}.")


def _by_likeness(work, code):
    """Return the unowned cells by id, by words and, if wanted, by the shape of their code."""
    places = {}
    for cell in work.cells:
        if identity(cell):
            continue
        keys = [("id", cell.cell_type, cell.get("id"))]
        # Nothing that was released is longer.
        if len(cell.source) < 100_000:
            keys.append(("words", *cell.source.split()))
            shape = work.code.shape(cell.source) if code and cell.cell_type == "code" else None
            keys += [("shape", shape)] if shape else []
        for key in keys:
            places.setdefault(key, []).append(cell)
    return places


def adopt_lost_answers(work):
    """Recognise answers that lost their metadata: by what they define, by id, or by their place."""
    for wanted in work.assignment.cells:
        if not wanted.solution or wanted.name in work.present():
            continue
        cell, how = _by_name(work, wanted), "what it defines"
        if cell is None:
            cell, how = _by_place(work, wanted), "its place"
        if cell is not None:
            cell.metadata["nbgrader"] = NotebookNode(wanted.metadata())
            set_type(cell, wanted.cell_type)
            text = f"The answer {wanted.name!r} had lost its nbgrader metadata; it was recognised"
            work.mend(f"{text} by {how}.", wanted.name)


def _by_name(work, wanted):
    """Return the unowned cell that defines what an answer must; of several, the last."""
    names = work.wanted.get(wanted.name, set())
    free = [cell for cell in work.cells if not identity(cell)]
    same = [cell for cell in free if cell.get("id") == wanted.name]
    ranked = [
        (len(answered), cell.cell_type == "code", index, cell)
        for index, cell in enumerate(free)
        if (answered := work.defines(cell, names))
    ]
    if not ranked:
        stubs = [cell for cell in free if names & work.code.names(cell.source)] if names else []
        return (same or stubs or [None])[0]
    best = max(ranked, key=lambda entry: entry[:3])[3]
    for *_, cell in ranked:
        if cell is best:
            break
        # An earlier version: where cells change places it could come to run after the answer.
        if cell.cell_type == "code" and work.code.names(cell.source) <= work.code.names(
            best.source
        ):
            set_type(cell, "raw")
    return best


def _by_place(work, wanted):
    """Return the first unowned cell of the right type between the neighbours of a missing one."""
    order = [cell.name for cell in work.assignment.cells]
    position = order.index(wanted.name)
    places = {identity(cell): index for index, cell in enumerate(work.cells) if identity(cell)}
    before = next((places[n] for n in reversed(order[:position]) if n in places), None)
    after = next((places[n] for n in order[position + 1 :] if n in places), None)
    if before is None and after is None:
        return None
    gap = work.cells[0 if before is None else before + 1 : after]
    expected = work.expected - work.wanted.get(wanted.name, set())
    for cell in gap:
        mine = cell.cell_type == wanted.cell_type and cell.source.strip() and not identity(cell)
        if mine and not (cell.cell_type == "code" and work.defines(cell, expected)):
            return cell
    return None


# --- answers in cells where they do not belong ------------------------------------------------


def save_typed_in(work):
    """Save what a student typed into a locked cell, before its released text is put back."""
    cells = []
    for cell in work.cells:
        name = identity(cell)
        wanted = work.known.get(name)
        cells.append(cell)
        if wanted is None or not wanted.locked:
            continue
        if cell.source.strip() in released_forms(wanted.source) or is_as_released(cell):
            continue
        code = _answer_in(work, cell, wanted) if wanted.cell_type == "code" else ""
        text = _new_lines(cell.source, wanted.source)
        if code:
            cells.insert(-1, new_cell("code", code, f"saved-{name}"))
            work.mend(f"The locked cell {name!r} held an answer; it runs before the test.", name)
        elif text:
            # To be read, not to be run: what answers nothing was an experiment, or prose.
            text = text if work.code.tree(text) is None else f"```python\n{text}\n```"
            cells.append(new_cell("markdown", text, f"saved-{name}"))
            said = f"What was typed into the locked cell {name!r} was moved to a text after it."
            work.mend(said, name)
    work.cells[:] = cells


def _answer_in(work, cell, wanted):
    """Return the code of a changed test, if it answers what no other cell does."""
    names = work.defines(cell, work.expected)
    for other in work.cells:
        if names and other is not cell and other.cell_type == "code":
            names = names - work.defines(other, names)
    if not names:
        return ""
    # The text as students have it: hidden lines were never theirs.
    return without_statements(cell.source, min(released_forms(wanted.source), key=len))


def _new_lines(source, released):
    """Return the lines of a changed text that are not the released ones, if they say anything."""
    known = {line.strip() for line in released.splitlines()}
    new = "\n".join(line for line in source.splitlines() if line.strip() not in known).strip()
    words = set(new.split()) - set(released.split())
    return new if len(words) >= FEW_WORDS else ""


def bring_forward(work):
    """Let an answer run before its test when it stands, by its names, only in a later cell.

    This is so when two answers were merged into the later one's cell, or when the released cell was
    left as it was and the answer written below. The cells stand in the assignment's order by now.
    """
    for name, names in work.wanted.items():
        own = next(index for index, cell in enumerate(work.cells) if identity(cell) == name)
        cell = work.cells[own]
        test = _first_test(work, names, own)
        if not names or test is None or work.defines(cell, names):
            continue
        others = [
            (index, work.defines(other, names), other)
            for index, other in enumerate(work.cells)
            if other.cell_type == "code" and not _is_locked(work, other)
        ]
        before, between, after = (
            [other for index, found, other in others if found and low < index < high]
            for low, high in ((-1, own), (own, test), (test, len(work.cells)))
        )
        undoes = work.is_untouched(cell, name) and bool(cell.source.strip())
        if between or not (after or (before and undoes)):
            continue
        if undoes:
            cell["source"] = ELSEWHERE
        if not before:
            # As after a run from top to bottom: the last definition is the one that stands.
            work.cells.insert(test, new_cell("code", after[-1].source, f"copy-{name}"))
        where = "an earlier" if before else "a later"
        work.mend(f"The answer {name!r} stands in {where} cell; it runs before its test.", name)


def _first_test(work, names, own):
    """Return where the first test of some names is, after the answer's own cell."""
    for index, cell in enumerate(work.cells[own:], start=own):
        if names & work.mentioned.get(identity(cell), set()):
            return index
    return None


def _is_locked(work, cell):
    wanted = work.known.get(identity(cell))
    return wanted is not None and not wanted.solution
