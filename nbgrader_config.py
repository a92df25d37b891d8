"""nbgrader's configuration: solutions/ is the source, assignments/ what students get."""

import os
import sys

from course_lib.grading.templates import FOLDERS

# nbgrader calls alembic by name, and the environment need not be activated.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", "")

c = get_config()  # noqa: F821

c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))
c.CourseDirectory.course_id = "convolutional-networks"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"

# Our parts: a sanitiser that mends instead of aborting, a sandboxed kernel, marks from reports.
c.Autograde.sanitize_preprocessors = ["course_lib.grading.preprocessors.Sanitise"]
c.Autograde.autograde_preprocessors = [
    "course_lib.grading.preprocessors.SandboxExecute",
    "nbgrader.preprocessors.LimitOutput",
    "course_lib.grading.preprocessors.SaveGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# What one submission may use.
c.SandboxExecute.memory = 4 * 2**30
c.SandboxExecute.cell_seconds = 30
c.SandboxExecute.submission_seconds = 120
c.SandboxExecute.output_bytes = 1_000_000
# A right answer of the capstone trains for about 20 seconds here, longer where others work as well.
c.SandboxExecute.of_assignment = {"capstone": {"cell_seconds": 75, "submission_seconds": 180}}

# Feedback and the formgrader show strangers' notebooks: no script of theirs may run there.
# It comes before nbconvert's own, which refuse a notebook that is not valid.
c.HTMLExporter.default_preprocessors = ["course_lib.grading.harmless.Harmless"]
c.HTMLExporter.filters = {
    "markdown2html": "course_lib.grading.harmless.markdown",
    "ansi2html": "course_lib.grading.harmless.terminal_text",
}
c.HTMLExporter.extra_template_basedirs = FOLDERS
c.GenerateFeedback.exporter_class = "course_lib.grading.feedback.FeedbackExporter"
c.GenerateFeedback.preprocessors = []

# A database other than gradebook.db, for instance PostgreSQL:
# c.CourseDirectory.db_url = "postgresql://..."
