"""The checks of the topic `residual`."""

from course_lib.checks.residual import misconceptions, variants  # noqa: F401  register
from course_lib.checks.residual.cases import CHECKS

__all__ = ["CHECKS"]
