# %% batch-norm-train-answer
from course_lib.batch_normalization import batch_norm_train
