"""Checks of the functions that students build.

In a notebook: `from course_lib.checks import check`, then `check("conv2d", conv2d)`.
"""

from course_lib.checks.run import check, load

__all__ = ["check", "load"]
