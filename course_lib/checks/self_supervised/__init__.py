"""The checks of the topic `self_supervised`."""

from course_lib.checks.self_supervised import (  # noqa: F401  they register
    misconceptions,
    misconceptions_loss,
    misconceptions_probe,
    variants,
)
from course_lib.checks.self_supervised.cases import CHECKS

__all__ = ["CHECKS"]
