"""The checks of the topic `mobile`."""

from course_lib.checks.mobile import misconceptions, variants  # noqa: F401  register
from course_lib.checks.mobile.cases import CHECKS

__all__ = ["CHECKS"]
