"""The checks of the topic `dropout`."""

from course_lib.checks.dropout import misconceptions, variants  # noqa: F401  register
from course_lib.checks.dropout.cases import CHECKS

__all__ = ["CHECKS"]
