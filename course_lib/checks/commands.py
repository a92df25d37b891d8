"""`course audit` and `course check`."""

from pathlib import Path
from typing import Annotated

import typer


def audit(
    stem: Annotated[
        str | None, typer.Argument(help="A topic's stem; all topics if absent.")
    ] = None,
    failures_only: Annotated[
        bool, typer.Option("--failures", help="Show the misses only.")
    ] = False,
):
    """Put the checks on trial: right answers pass, planted mistakes fail with their own hint."""
    from rich.console import Console
    from rich.table import Table

    from course_lib.checks.audit import audit as trial
    from course_lib.topics import ASSIGNED

    console = Console()
    stems = [stem] if stem else [topic.stem for topic in ASSIGNED]
    missed = 0
    for each in stems:
        verdicts = _or_exit(trial, each)
        shown = [v for v in verdicts if not (failures_only and v.ok)]
        for name in dict.fromkeys(v.check for v in shown):
            table = Table("planted", "name", "verdict", title=name, title_justify="left")
            for v in shown:
                if v.check == name:
                    table.add_row(v.kind, v.name, _verdict_text(v))
            console.print(table)
        misses = sum(not v.ok for v in verdicts)
        missed += misses
        mistakes = len({(v.check, v.name) for v in verdicts if v.kind.startswith("mistake")})
        variants = sum(v.kind == "variant" for v in verdicts)
        console.print(
            f"{each}: {len(verdicts)} verdicts on {mistakes} planted mistakes and {variants} "
            f"correct variants, {misses} missed"
        )
    if missed:
        raise typer.Exit(1)


def _verdict_text(verdict):
    """The verdict in a few words, so that a row fits into a line of 80 characters."""
    if not verdict.ok:
        return f"[red]✗ {verdict.came}[/], due: {verdict.due}"
    return "✓ has its own hint" if verdict.due.startswith("hint ") else f"✓ {verdict.due}"


def check(
    stem: Annotated[str, typer.Argument(help="The topic's stem.")],
    notebook: Annotated[Path, typer.Argument(help="The notebook with the answers.")],
):
    """Check a student's notebook outside Jupyter, with the same report.

    The notebook's code runs in this process, without a sandbox: use it on your own work, and
    `course grade` on others'.
    """
    from course_lib.checks.notebook import check_notebook

    reports = _or_exit(check_notebook, stem, notebook)
    for report in reports:
        typer.echo(str(report))
    passed = sum(report.passed for report in reports)
    typer.echo(f"{passed} of {len(reports)} functions passed")
    if passed < len(reports):
        raise typer.Exit(1)


def _or_exit(function, *args):
    """Call, and turn bad input into one line and exit code 2."""
    try:
        return function(*args)
    except ValueError as error:
        typer.echo(f"course: {error}", err=True)
        raise typer.Exit(2) from None
