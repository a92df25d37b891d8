"""The checks of the topic `capstone`."""

from course_lib.checks.capstone import (  # noqa: F401  they register
    misconceptions,
    misconceptions_masks,
    variants,
)
from course_lib.checks.capstone.cases import CHECKS

__all__ = ["CHECKS"]
