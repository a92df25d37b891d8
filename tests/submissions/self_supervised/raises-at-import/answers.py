# %% nt-xent-answer
from lightly.loss import NTXentLoss


def nt_xent(first, second, temperature=0.5):
    return NTXentLoss(temperature)(first, second)
