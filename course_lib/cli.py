"""The console script `course`: what nbgrader and jupyter-book lack."""

import typer

from course_lib.checks import commands as checks
from course_lib.grading import commands as grading
from course_lib.grading import reporting

app = typer.Typer(
    help="Check, audit and grade the assignments of the course.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
for command in (grading.grade, checks.check, checks.audit, reporting.report):
    app.command()(command)
