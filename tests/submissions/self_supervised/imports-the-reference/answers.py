# %% nt-xent-answer
from course_lib.self_supervised import nt_xent
