# %% multitask-model-answer
import multitask_networks as networks


def multitask_model(tensor, classes=3, filters=(8, 16, 32)):
    return networks.SharedBottom(filters, heads=[classes, 1])(tensor)
