"""The checks of the topic `unet`."""

from course_lib.checks.unet import (  # noqa: F401  they register
    misconceptions,
    misconceptions_masks,
    variants,
)
from course_lib.checks.unet.cases import CHECKS

__all__ = ["CHECKS"]
