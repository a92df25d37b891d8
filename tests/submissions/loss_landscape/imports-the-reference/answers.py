# %% loss-surface-answer
from course_lib.loss_landscape import loss_surface
