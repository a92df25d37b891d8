"""`python -m tests.attacks`: grade the attackers' class and print what each got, beside stock's."""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.attacks import stock
from tests.attacks.classroom import MAXIMUM, Traces, chosen, grade


def parser():
    """Return the command's arguments."""
    made = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    made.add_argument("--stock", action="store_true", help="measure stock nbgrader anew (long)")
    made.add_argument("--only", default="*", metavar="GLOB", help="numbers or names that match")
    made.add_argument("--json", type=Path, metavar="FILE", help="also write the table there")
    made.add_argument("--workers", type=int, default=2)
    return made


def main(arguments=None):
    """Run the suite; return 0 if each submission got what is honest and nothing is left."""
    options = parser().parse_args(arguments)
    attacks = chosen(options.only)
    if not attacks:
        print(f"no attack matches {options.only!r}", file=sys.stderr)
        return 2
    if options.stock:
        stock.measure_all(attacks)
    folder = Path(tempfile.mkdtemp(prefix="attacks-"))
    try:
        with Traces() as traces:
            outcomes, done = grade(folder, attacks, options.workers, print)
            left = traces.left()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    record = stock.recorded()
    rows = [_row(outcome, record) for outcome in outcomes]
    _print(rows, record, fresh=options.stock)
    if options.json:
        content = {"stock": {key: record[key] for key in ("version", "date")}, "rows": rows}
        options.json.write_text(json.dumps({**content, "left": left}, indent=1) + "\n")
    for word in left:
        print(f"left behind: {word}")
    bad = sum(bool(row["problems"]) for row in rows)
    print(f"\n{len(rows) - bad} of {len(rows)} as they should be; {len(left)} things left behind.")
    if done.returncode:
        print(f"`course grade` ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return 1 if bad or left or done.returncode else 0


def _row(outcome, record):
    attack = outcome.attack
    return {
        "number": attack.number,
        "name": attack.name,
        "what": attack.what,
        "honest": attack.honest,
        "stock": stock.mark_text(record["marks"].get(attack.folder)) if attack.number else "",
        "ours": outcome.points,
        "status": outcome.status,
        "problems": outcome.problems,
    }


def _print(rows, record, fresh):
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    how = "measured" if fresh else "recorded"
    title = f"stock nbgrader {record['version']}, {how} {record['date']}"
    table = Table(title=f"points of {MAXIMUM}; {title}")
    for heading in (
        "no.",
        "attack",
        "what it does",
        "honest",
        "stock",
        "ours",
        "status",
        "verdict",
    ):
        right = heading in ("no.", "honest", "ours")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for row in rows:
        ours = "none" if row["ours"] is None else f"{row['ours']:g}"
        verdict = "; ".join(row["problems"]) or "held"
        number = str(row["number"]) if row["number"] else ""
        texts = (number, row["name"], row["what"], f"{row['honest']:g}", row["stock"], ours)
        table.add_row(*(escape(text) for text in (*texts, row["status"], verdict)))
    Console(width=None if sys.stdout.isatty() else 170).print(table)


if __name__ == "__main__":
    sys.exit(main())
