"""The checks of the topic `transfer_learning`."""

from course_lib.checks.transfer_learning import (  # noqa: F401  they register
    misconceptions,
    misconceptions_training,
    variants,
)
from course_lib.checks.transfer_learning.cases import CHECKS

__all__ = ["CHECKS"]
