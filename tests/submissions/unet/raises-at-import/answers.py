# %% unet-answer
import segmentation_models as models


def unet(tensor, filters=(8, 16, 32), classes=1, skips=True):
    return models.Unet("resnet34", classes=classes)(tensor)
