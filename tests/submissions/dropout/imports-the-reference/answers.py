# %% spatial-dropout-answer
from course_lib.dropout import spatial_dropout
