# %% inverted-answer
from course_lib.mobile import inverted_residual_block
