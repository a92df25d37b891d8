# %% crop-pairs-answer
from course_lib.capstone import crop_pairs
