"""The checks of the topic `cnn`."""

from course_lib.checks.cnn import misconceptions, variants  # noqa: F401  register
from course_lib.checks.cnn.cases import CHECKS

__all__ = ["CHECKS"]
