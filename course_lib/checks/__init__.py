"""Checks of the functions that students build.

In a notebook: `from course_lib.checks import check`, then `check("conv2d", conv2d)`.
"""

import os

# Before anything imports Keras: TensorFlow's oneDNN breaks the gradient of a 1x1 convolution with
# strides, which a student's right answer may have. tests/test_onednn.py shows it.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

from course_lib.checks.run import check, load

__all__ = ["check", "load"]
