# %% convolution-matrix-answer
from course_lib.convolution_vs_dense import convolution_matrix
