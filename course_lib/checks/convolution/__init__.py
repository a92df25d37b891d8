"""The checks of the topic `convolution`."""

from course_lib.checks.convolution import misconceptions, variants  # noqa: F401  they register
from course_lib.checks.convolution.cases import CHECKS

__all__ = ["CHECKS"]
