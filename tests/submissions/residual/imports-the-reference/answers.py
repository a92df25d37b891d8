# %% residual-block-answer
from course_lib.residual import residual_block_v1
