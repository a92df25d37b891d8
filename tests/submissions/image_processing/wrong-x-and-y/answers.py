# %% image-gradients-answer
def image_gradients(image):
    image = image.astype(float)
    dx = image[1:, :-1] - image[:-1, :-1]
    dy = image[:-1, 1:] - image[:-1, :-1]
    return dx, dy

# %% in-your-own-words
1. 90 -> 100 is 10, almost black. 100 -> 90 is -10, which is 246 in uint8, almost white. The
   background changes by +1 and -1 all the time, so it flickers between black and white.
2. The noise is different in every pixel and averages out, the border of a coin does not. But the
   edges get wide: at 7 x 7 every coin is a fat ring.
3. 3 rows and 4 columns, each row is [-1, 0, 0, 1] / 9. I tried it, the difference is 1e-14.
