"""Clean noisy digits with encoder-decoders; `encoder_decoder_denoise.json` is the result.

Run it with `python book/_data/encoder_decoder_denoise.py` from the course's folder; it takes
minutes. Runs that the result already holds are left out; delete it to train them all.
The page calls `train` itself.
"""

import json
from itertools import product
from pathlib import Path

import keras
import numpy as np
from scipy.ndimage import gaussian_filter

from course_lib.data import digits, noisy
from course_lib.encoder_decoder import (
    decoder_residual_block,
    encoder_residual_block,
    psnr,
    train_on_images,
)
from course_lib.models import as_model
from course_lib.upsampling import phase_means, upsample_bilinear

RESULT = Path(__file__).with_suffix(".json")
SEEDS, EPOCHS, RATE, NOISE, TRAINING = (0, 1, 2), 20, 3e-3, 0.5, 1200
WAYS = [(down, up) for down in ("pooled", "learnt") for up in ("nearest", "transposed")]
LASTS = ("2 × 2", "3 × 3", "4 × 4", "nearest")
SHOWN, SIDE = 10, 16


def data():
    """Return digits of 16 x 16 pixels, clean and noisy, to train on and to test with.

    The test digits are of other writers.
    """
    clean = upsample_bilinear(digits()[0], 2).astype("float32")
    spoilt = noisy(clean, NOISE, seed=0)
    return (spoilt[:TRAINING], clean[:TRAINING]), (spoilt[TRAINING:], clean[TRAINING:])


def network(tensor, down="pooled", up="nearest", last=None):
    """Build two levels down, a code of 64 channels on 4 x 4, and two up.

    Args:
        tensor: images.
        down: "pooled" by maxima, or "learnt" by 2 x 2 kernels, stride 2.
        up: "nearest", or "transposed" by 2 x 2 kernels, stride 2.
        last: how the last doubling is done, with nothing after it: the
            kernel of a transposed convolution, or "nearest" and a
            convolution; None for a block.
    """
    halve, double = down == "learnt", up == "transposed"
    for filters in ([16], [32]):
        tensor = encoder_residual_block(tensor, filters, 3, 0.0, halve)
    convolution = keras.layers.Conv2D(64, 3, padding="same")
    tensor = keras.layers.ReLU()(convolution(tensor))
    tensor = decoder_residual_block(tensor, [32], 3, 0.0, double)
    if last is None:
        tensor = decoder_residual_block(tensor, [16], 3, 0.0, double)
    elif last == "nearest":
        tensor = keras.layers.UpSampling2D(2)(tensor)
    else:
        kernel = int(last[0])
        doubling = keras.layers.Conv2DTranspose(1, kernel, 2, "same")
        return doubling(tensor)
    return keras.layers.Conv2D(1, 3, padding="same")(tensor)


def train(down="pooled", up="nearest", seed=0, epochs=EPOCHS, last=None):
    """Train one network.

    Args:
        down: see `network`; likewise up and last.
        up: see down.
        seed: of the weights and the order.
        epochs: of 24 steps each.
        last: see down.

    Returns:
        A pair: a dictionary with the "loss" of each epoch, the "psnr" on
        the test digits and their mean squared errors by "phase"; and the
        cleaned test digits.
    """
    (spoilt, clean), (unseen, wanted) = data()
    mean, deviation = spoilt.mean(), spoilt.std()
    keras.utils.set_random_seed(seed)
    model = as_model(network, (SIDE, SIDE, 1), down, up, last)
    given = (spoilt - mean) / deviation
    history = train_on_images(model, given, clean, epochs, 50, RATE, seed)
    cleaned = model.predict((unseen - mean) / deviation, verbose=0)
    found = {
        "loss": history["loss"],
        "psnr": psnr(wanted, cleaned),
        "phase": phase_means((cleaned - wanted) ** 2).tolist(),
    }
    return found, cleaned


def blurred(images, deviation):
    """Blur each image by a Gaussian of so many pixels."""
    return gaussian_filter(images, (0, deviation, deviation, 0))


def packed(images):
    """The first test digits as text, a byte a pixel."""
    return (images[:SHOWN].clip(0, 1) * 255).round().astype("uint8").tobytes().hex()


def unpacked(text):
    """Digits out of what `packed` has made of them."""
    pixels = np.frombuffer(bytes.fromhex(text), "uint8") / 255
    return pixels.reshape(SHOWN, SIDE, SIDE, 1)


def main():
    """Train what is missing, and write after each run."""
    found = json.loads(RESULT.read_text("utf8")) if RESULT.exists() else {}
    wanted = [(f"{d}, {u}", d, u, None) for d, u in WAYS]
    lasts = [(f"last: {last}", "learnt", "nearest", last) for last in LASTS]
    for (name, *settings), seed in [*product(wanted, SEEDS), *product(lasts, SEEDS)]:
        runs, (down, up, last) = found.setdefault(name, []), settings
        if len(runs) <= seed:
            run, cleaned = train(down, up, seed, EPOCHS, last)
            runs.append(run)
            if seed == 0 and last is None:
                found.setdefault("pictures", {})[name] = packed(cleaned)
            RESULT.write_text(json.dumps(found, indent=1), "utf8")
            print(name, seed, round(runs[-1]["psnr"], 2), flush=True)


if __name__ == "__main__":
    main()
