"""The checks of the topic `convolution_vs_dense`."""

from course_lib.checks.convolution_vs_dense import misconceptions, variants  # noqa: F401  register
from course_lib.checks.convolution_vs_dense.cases import CHECKS

__all__ = ["CHECKS"]
