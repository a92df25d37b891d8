"""Measure gradients at initialisation by layer and depth; `residual_gradients.json` is the result.

Run it with `python book/_data/residual_gradients.py` from the course's folder. The page
calls `norms` itself at depth 20.
"""

import json
from pathlib import Path

import keras

from course_lib.data import digits
from course_lib.models import as_model
from course_lib.residual import gradient_norms, resnet

RESULT = Path(__file__).with_suffix(".json")
DEPTHS, BLOCKS, SEEDS = (8, 20, 32, 44, 56), ("plain", "original"), (0, 1, 2)


def norms(block, depth, batch_norm, seed):
    """Return the gradient norms of the 3 x 3 kernels, from input to loss.

    Args:
        block: "plain" for no shortcuts, "original" for the paper's.
        depth: of the network.
        batch_norm: whether convolutions are normalised.
        seed: of the weights, which are Glorot's.
    """
    images, labels = digits()
    images = ((images - images.mean()) / images.std()).astype("float32")
    keras.utils.set_random_seed(seed)
    settings = {"depth": depth, "block": block, "batch_norm": batch_norm}
    settings["kernel_initializer"] = "glorot_uniform"
    model = as_model(resnet, (8, 8, 1), **settings)
    found = gradient_norms(model, images[:128], labels[:128])
    kind = keras.layers.Conv2D
    kinds = (layer for layer in model.layers if isinstance(layer, kind))
    return found[[layer.kernel_size == (3, 3) for layer in kinds]]


def main():
    """Measure everything and write four digits of each number."""
    results = {}
    for depth in DEPTHS:
        for block in BLOCKS:
            for batch_norm in (False, True):
                of = [norms(block, depth, batch_norm, seed) for seed in SEEDS]
                name = f"{block}, {depth}, {'with' if batch_norm else 'without'} batch norm"
                results[name] = [[float(f"{value:.3e}") for value in one] for one in of]
                print(name, results[name][0][0], results[name][0][-1], flush=True)
    RESULT.write_text(json.dumps(results) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
