# %% max-pool2d-answer
import torch


def max_pool2d(images, pool_size=2, strides=None, padding="valid"):
    tensor = torch.tensor(images).permute(0, 3, 1, 2)
    return torch.max_pool2d(tensor, pool_size, strides).permute(0, 2, 3, 1).numpy()
