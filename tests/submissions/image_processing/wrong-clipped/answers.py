# %% image-gradients-answer
def image_gradients(image):
    image = image.astype(float)
    dx = np.clip(image[:-1, 1:] - image[:-1, :-1], 0, None)  # less than no edge is no edge
    dy = np.clip(image[1:, :-1] - image[:-1, :-1], 0, None)
    return dx, dy
