# %% batch-norm-gradients-answer
from my_derivatives import batch_norm_backward


def batch_norm_gradients(x, gamma, output_gradient, epsilon=1e-3):
    return batch_norm_backward(x, gamma, output_gradient, epsilon)
