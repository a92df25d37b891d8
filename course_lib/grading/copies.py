"""Leaves one cell for each grade_id: of versions the last one edited, of pieces all of them."""

from itertools import combinations

from course_lib.grading.cells import disown, identity, set_type


def settle_duplicates(work):
    """Leave one cell for each grade_id."""
    copies = {}
    for cell in work.cells:
        if identity(cell):
            copies.setdefault(identity(cell), []).append(cell)
    for name, cells in copies.items():
        if len(cells) < 2:
            continue
        wanted = work.known[name]
        if not wanted.solution:
            _keep_first(work, name, cells)
        elif wanted.cell_type == "code" and (pieces := _pieces(work, name, cells)):
            _keep_pieces(work, name, cells, pieces)
        else:
            _keep_last_edited(work, name, cells)


def _keep_first(work, name, cells):
    """Settle copies of a cell that nobody may edit; one that holds an answer goes on to run."""
    for cell in cells[1:]:
        disown(cell)
        if not work.defines(cell, work.expected):
            set_type(cell, "raw")
    work.mend(f"The cell {name!r} is there {len(cells)} times; the original counts.", name)


def _keep_last_edited(work, name, cells):
    """Settle versions of an answer: the last one that was edited counts, in the first one's place.

    The others stay to be read, and do not run: an older version below would undo the answer.
    """
    edited = [cell for cell in cells if not work.is_untouched(cell, name)] or cells
    kept, first = edited[-1], cells[0]
    others = [(cell.source, cell.cell_type) for cell in cells if cell is not kept]
    source, cell_type = kept.source, kept.cell_type
    attachments = kept.get("attachments")
    text = work.known[name].cell_type == "markdown"
    for cell, (other, other_type) in zip(cells[1:], others, strict=True):
        # A person grades texts, and sees raw cells nowhere.
        readable = text and other_type == "markdown" and other.strip() != source.strip()
        disown(cell, "markdown" if readable else "raw")
        cell["source"] = other
    set_type(first, cell_type)
    first["source"] = source
    if attachments and cell_type == "markdown":
        first["attachments"] = attachments
    work.mend(f"The cell {name!r} is there {len(cells)} times; the last edited copy counts.", name)


def _pieces(work, name, cells):
    """Return the edited copies if they are pieces of one answer, no versions of each other."""
    edited = [cell for cell in cells if not work.is_untouched(cell, name)]
    if len(edited) < 2 or len({cell.source.strip() for cell in edited}) < len(edited):
        return None
    if any(work.code.gives_up(cell.source) for cell in edited):
        return None
    bound = [work.code.names(cell.source) for cell in edited]
    return None if any(one & other for one, other in combinations(bound, 2)) else edited


def _keep_pieces(work, name, cells, pieces):
    """Settle an answer that was split: its pieces run in their order, one cell or several."""
    for cell in cells:
        if cell not in pieces:
            disown(cell, "raw")
    joined = "\n".join(piece.source for piece in pieces)
    broken = any(work.code.tree(piece.source) is None for piece in pieces)
    count = f"The cell {name!r} is there {len(cells)} times"
    if broken and work.code.tree(joined) is not None:
        pieces[0]["source"] = joined
        for piece in pieces[1:]:
            piece["source"] = ""
            disown(piece)
        work.cells[:] = [cell for cell in work.cells if not any(cell is p for p in pieces[1:])]
        work.mend(f"{count}: it was split inside a statement; the pieces were joined.", name)
        return
    wanted = work.wanted[name]
    owner = max(pieces, key=lambda piece: len(work.defines(piece, wanted)))
    for piece in pieces:
        set_type(piece, "code")
        if piece is not owner:
            disown(piece)
    work.mend(f"{count}: it was split; all pieces run, in their order.", name)
