"""How the network of the exhibit `DrawingExplorer` was trained; `python -m` runs it again.

Readers draw with other hands than the 1,797 digits came from, so each epoch sees every training
digit turned, slanted, stretched and moved anew. The result, `cnn_weights.npz`, ships with the
course: a page that is built must not wait for it.
"""

import numpy as np

from course_lib.cnn import backbone, head
from course_lib.data import digits
from course_lib.exhibits.cnn_network import SIDE, WEIGHTS, enlarge, layers_of, save
from course_lib.models import as_model

SEED = 0
EPOCHS = 100
FILTERS = (8, 16)
HELD_OUT = 360  # the last images: other writers than the first, as the data's authors ordered them


def network(image):
    """Return probabilities of ten digits: two stages of the lecture's backbone, with flatten.

    Example:
        >>> as_model(network, (16, 16, 1)).count_params()     # 80 + 584 + 1168 + 2320 + 2570
        6722
    """
    return head(backbone(image, FILTERS), classes=10)


def split():
    """Return `(images, labels)` for training and for testing, enlarged to 16 x 16.

    Example:
        >>> [part[0].shape for part in split()]
        [(1437, 16, 16, 1), (360, 16, 16, 1)]
    """
    images, labels = digits()
    images = enlarge(images)
    return (images[:-HELD_OUT], labels[:-HELD_OUT]), (images[-HELD_OUT:], labels[-HELD_OUT:])


def vary(images, rng):
    """Return the images turned, slanted, stretched and moved, each by amounts of its own."""
    from scipy.ndimage import affine_transform

    middle = (np.array(images.shape[1:3]) - 1) / 2
    varied = np.empty_like(images)
    for source, target in zip(images[..., 0], varied[..., 0], strict=True):
        turn, slant = rng.normal(0, 0.12), rng.normal(0, 0.15)
        across, down = np.exp(rng.normal(0, (0.18, 0.06)))
        rotation = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        matrix = np.diag((down, across)) @ rotation @ [[1, 0], [slant, 1]]
        offset = middle - matrix @ middle + rng.normal(0, 0.6, 2)
        affine_transform(source, matrix, offset, output=target, order=1)
    return varied


def train(epochs=EPOCHS, seed=SEED):
    """Return the trained network and its accuracy on the digits that were held out."""
    import keras

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    (images, labels), test = split()
    model = as_model(network, (SIDE, SIDE, 1))
    steps = epochs * -(-len(images) // 64)
    rate = keras.optimizers.schedules.CosineDecay(0.004, steps)
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.optimizer.build(model.trainable_variables)  # spares a trace
    for _ in range(epochs):
        model.fit(vary(images, rng), labels, batch_size=64, verbose=0)
    return model, model.evaluate(*test, verbose=0)[1]


if __name__ == "__main__":
    trained, accuracy = train()
    save(layers_of(trained), WEIGHTS)
    print(f"{trained.count_params():,} weights, {accuracy:.1%} of the held-out digits are right")
