"""The checks of the topic `multitask`."""

from course_lib.checks.multitask import (  # noqa: F401  they register
    misconceptions,
    misconceptions_loss,
    variants,
)
from course_lib.checks.multitask.cases import CHECKS

__all__ = ["CHECKS"]
