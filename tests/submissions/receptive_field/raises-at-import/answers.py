# %% effective-receptive-field-answer
from tensorflow.keras.utils import gradients_of_position


def effective_receptive_field(model, images, position=None):
    return gradients_of_position(model, images, position)
