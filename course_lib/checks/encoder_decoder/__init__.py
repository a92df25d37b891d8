"""The checks of the topic `encoder_decoder`."""

from course_lib.checks.encoder_decoder import (  # noqa: F401  they register
    misconceptions,
    misconceptions_networks,
    variants,
)
from course_lib.checks.encoder_decoder.cases import CHECKS

__all__ = ["CHECKS"]
