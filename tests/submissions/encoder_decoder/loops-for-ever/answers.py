# %% conv2d-transpose-answer
def conv2d_transpose(images, kernels, strides=1, padding="valid"):
    step, place, canvas = pair(strides)[0], 0, []
    while place < images.shape[1] * step:
        canvas.append(images[:, place // step, 0] * kernels[0, 0].sum())
    return np.array(canvas)
