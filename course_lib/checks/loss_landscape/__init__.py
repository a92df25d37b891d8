"""The checks of the topic `loss_landscape`."""

from course_lib.checks.loss_landscape import misconceptions, variants  # noqa: F401  register
from course_lib.checks.loss_landscape.cases import CHECKS

__all__ = ["CHECKS"]
