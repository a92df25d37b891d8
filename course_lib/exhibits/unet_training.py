"""How the network of the exhibit `SkipExplorer` was trained; `python -m` runs it again.

In training each skip is switched off now and then, picture by picture. So no combination of
switches is new to the network, and what the page shows with a skip off is what the rest can do, not
the shock of a network that has lost a part. The result, `unet_weights.npz`, ships with the course.
"""

import numpy as np

from course_lib.exhibits.cnn_network import save
from course_lib.exhibits.unet_network import MIDDLE, SPREAD, WEIGHTS
from course_lib.exhibits.unet_shapes import (
    CONTRAST,
    NOISE,
    SHADE,
    draw_at_random,
    light,
    mask_of,
)

SEED = 0
FILTERS, CODE = (4, 8, 16), 16
IMAGES, EPOCHS, BATCH = 3000, 40, 32
ALL_ON = 0.4  # share of pictures that see every skip


def network():
    """Return the model: inputs a standardised picture and three switches, output probabilities.

    Example:
        >>> network().count_params()
        19049
    """
    import keras
    from keras import layers

    def stage(tensor, filters):
        for _ in range(2):
            tensor = layers.Conv2D(
                filters, 3, padding="same", activation="relu", kernel_initializer="he_normal"
            )(tensor)
        return tensor

    picture, switches = keras.Input((None, None, 1)), keras.Input((len(FILTERS),))
    tensor, skips = picture, []
    for level, filters in enumerate(FILTERS):
        tensor = stage(tensor, filters)
        switch = layers.Reshape((1, 1, 1))(switches[:, level : level + 1])
        skips.append(layers.Multiply()([tensor, switch]))
        tensor = layers.MaxPooling2D()(tensor)
    tensor = stage(tensor, CODE)
    for filters, skip in zip(reversed(FILTERS), reversed(skips), strict=True):
        tensor = layers.Concatenate()([skip, layers.UpSampling2D()(tensor)])
        tensor = stage(tensor, filters)
    mask = layers.Conv2D(1, 1, activation="sigmoid")(tensor)
    return keras.Model([picture, switches], mask)


def layers_of(model):
    """Return the model's convolutions as plain arrays, in the order in which they are computed."""
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    held = [map(np.asarray, layer.get_weights()) for layer in convolutions]
    return [{"kind": "conv", "kernel": kernel, "bias": bias} for kernel, bias in held]


def masks(count, rng):
    """Return masks of random drawings, of shape `(count, 64, 64, 1)`."""
    drawn = [mask_of(*draw_at_random(rng)) for _ in range(count)]
    return np.array(drawn, "float32")[..., np.newaxis]


def pictures(targets, rng):
    """Return standardised pictures of the masks, with noise and light drawn anew."""
    shape = (len(targets), 1, 1, 1)
    noise, shade = rng.uniform(0, NOISE, shape), rng.uniform(0, SHADE, shape)
    grain = rng.normal(size=targets.shape)
    lit = light()[..., np.newaxis] * shade + CONTRAST * (targets - 0.5) + noise * grain
    return ((0.5 + lit - MIDDLE) / SPREAD).astype("float32")


def switches(count, rng):
    """Return which skips each picture sees: often all, else each with the probability 1/2."""
    drawn = rng.random((count, len(FILTERS))) < 0.5
    return (drawn | (rng.random((count, 1)) < ALL_ON)).astype("float32")


def loss(truth, probability):
    """Return cross-entropy plus the Dice loss, each a mean over the batch."""
    from keras import losses, ops

    common = 2 * ops.sum(truth * probability) + 1
    total = ops.sum(truth) + ops.sum(probability) + 1
    crossed = ops.mean(losses.binary_crossentropy(truth, probability))
    return crossed + 1 - common / total


def train(images=IMAGES, epochs=EPOCHS, seed=SEED, verbose=0):
    """Return the trained model."""
    import keras

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model, targets = network(), masks(images, rng)
    steps = epochs * -(-images // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(0.005, max(1, steps))
    model.compile(keras.optimizers.Adam(rate), loss)
    model.optimizer.build(model.trainable_variables)  # spares a trace
    for _ in range(epochs):
        turned = np.rot90(targets, rng.integers(4), axes=(1, 2))
        given = [pictures(turned, rng), switches(images, rng)]
        model.fit(given, turned, batch_size=BATCH, verbose=verbose)
    return model


if __name__ == "__main__":
    trained = train(verbose=2)
    save(layers_of(trained), WEIGHTS)
    print(f"{trained.count_params():,} weights")
