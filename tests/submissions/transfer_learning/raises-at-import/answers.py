# %% replace-head-answer
import timm


def replace_head(model, name, classes):
    return timm.new_head(model, name, classes)
