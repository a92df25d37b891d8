# %% model-receptive-field-answer
from course_lib.receptive_field import model_receptive_field
