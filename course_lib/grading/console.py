"""What the commands of grading share: options, one-line errors, tables."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

Stem = Annotated[str, typer.Argument(help="The assignment, for instance convolution.")]
CourseFolder = Annotated[
    Path, typer.Option("--course", help="The course's folder, if it is not here or above.")
]


@contextmanager
def one_line_errors():
    """Turn what an instructor can act on into one line on stderr and exit status 1."""
    from course_lib.grading.course import CourseError

    try:
        yield
    except CourseError as error:
        typer.echo(f"course: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo(
            "course: interrupted. What was done is kept; the same command goes on.", err=True
        )
        raise typer.Exit(130) from None
    except BrokenPipeError:
        # `course report ... | head` has seen enough; Python must not flush into the pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        # A full disk, or a place that became unwritable while the class was graded.
        typer.echo(f"course: {error.filename or 'a file'}: {error.strerror or error}.", err=True)
        raise typer.Exit(1) from None


def shortened(text, length):
    """Return text of at most `length` characters.

    Example:
        >>> shortened("a long name", 6)
        'a lon…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def marks_text(entry):
    """Return an entry's marks for a reader.

    Example:
        >>> marks_text({"auto": 3.5, "auto_max": 8, "manual": 0, "manual_max": 4, "pending": 1})
        '3.5/8, 4 to mark by hand'
    """
    text = f"{entry['auto']:g}/{entry['auto_max']:g}"
    if entry["pending"]:
        return f"{text}, {entry['manual_max']:g} to mark by hand"
    if entry["manual_max"]:
        return f"{text} + {entry['manual']:g}/{entry['manual_max']:g}"
    return text


def table(title, header, rows):
    """Print a table: drawn on a terminal, tab-separated elsewhere."""
    if not sys.stdout.isatty():
        typer.echo(f"\n{title}")
        for row in [header, *rows]:
            typer.echo("\t".join(" ".join(str(value).split()) for value in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title, title_justify="left")
    for name in header:
        drawn.add_column(name)
    for row in rows:
        # Text, not str: a student's message may hold what Rich reads as markup.
        drawn.add_row(*(Text(str(value)) for value in row))
    Console().print(drawn)
