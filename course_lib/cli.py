"""The console script `course`: what nbgrader and jupyter-book lack."""

import os

import typer

from course_lib.checks import commands as checks
from course_lib.grading import commands as grading
from course_lib.grading import handback, reporting

# Else TensorFlow tells of drivers and processors among our own lines.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

app = typer.Typer(
    help="Check, audit and grade the assignments of the course.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
for command in (grading.grade, reporting.report, handback.feedback, checks.check, checks.audit):
    app.command()(command)
