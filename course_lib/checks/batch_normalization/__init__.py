"""The checks of the topic `batch_normalization`."""

from course_lib.checks.batch_normalization import (  # noqa: F401  they register
    misconceptions,
    misconceptions_blocks,
    variants,
)
from course_lib.checks.batch_normalization.cases import CHECKS

__all__ = ["CHECKS"]
