# %% encoder-decoder-answer
from course_lib.encoder_decoder import encoder_decoder
