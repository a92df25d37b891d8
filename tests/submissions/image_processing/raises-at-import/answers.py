# %% to-gray-answer
import cv2


def to_gray(image, weights=(0.2126, 0.7152, 0.0722)):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
