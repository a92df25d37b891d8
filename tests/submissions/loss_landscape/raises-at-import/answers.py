# %% filter-normalise-answer
import torch


def filter_normalise(direction, weights):
    return [torch.tensor(d) / torch.norm(torch.tensor(d)) for d in direction]
