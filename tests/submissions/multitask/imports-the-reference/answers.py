# %% multitask-model-answer
from course_lib.multitask import multitask_model
