"""The checks of the topic `image_processing`."""

from course_lib.checks.image_processing import misconceptions, variants  # noqa: F401  they register
from course_lib.checks.image_processing.cases import CHECKS

__all__ = ["CHECKS"]
