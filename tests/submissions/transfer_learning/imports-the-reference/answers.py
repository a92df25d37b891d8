# %% fine-tune-answer
from course_lib.transfer_learning import fine_tune
