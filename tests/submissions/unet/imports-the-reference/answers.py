# %% unet-answer
from course_lib.unet import unet
