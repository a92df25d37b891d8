"""The checks of the topic `receptive_field`."""

from course_lib.checks.receptive_field import misconceptions, variants  # noqa: F401  register
from course_lib.checks.receptive_field.cases import CHECKS

__all__ = ["CHECKS"]
