"""A backbone trained on ImageNet, for readers who have a network or a file of its weights."""

from course_lib.arguments import integer

SIZES = (96, 128, 160, 192, 224)  # for which there are weights


def imagenet_backbone(size=96, weights="imagenet"):
    """Return MobileNetV2 without its head, small as it comes: width 0.35.

    Its images have numbers from -1 to 1: give `fine_tune` the function
    `keras.applications.mobilenet_v2.preprocess_input`, which makes them of numbers from 0 to 255.

    Args:
        size: pixels along a side of the images, one of `SIZES`.
        weights: `"imagenet"`, which are fetched on first use (2 MB) and kept afterwards; the path
            of a file that holds them; or `None` for new weights.

    Returns:
        A `keras.Model` whose last layer is `out_relu`, 1,280 maps of a 32nd of the size. Put a head
        on it with `replace_head(model, "out_relu", classes)`.

    Raises:
        ConnectionError: if the weights cannot be fetched.
        ValueError: if there are no weights for this size, or the file holds other ones.

    Example:
        >>> imagenet_backbone(96, weights=None).output_shape
        (None, 3, 3, 1280)

    Reference:
        Sandler and others (2018), MobileNetV2: inverted residuals and linear bottlenecks.
    """
    import keras

    if integer(size, "size") not in SIZES:
        raise ValueError(
            f"size must be one of {SIZES}, for which there are weights; got {size}. "
            "Shrink or cut the images."
        )
    build = keras.applications.MobileNetV2
    shape = (size, size, 3)
    try:
        return build(shape, alpha=0.35, include_top=False, weights=weights)
    except Exception as error:  # Keras raises a bare one where an address does not answer
        if weights != "imagenet":
            raise ValueError(
                f"{weights} does not hold the weights of MobileNetV2 of width 0.35 without "
                f"its head ({error}). Take the file that ends in 0.35_{size}_no_top.h5."
            ) from error
        raise ConnectionError(
            f"the weights did not come ({error}). Without a network, fetch them elsewhere "
            "and give the file's path as weights=..., or go on with the letters: "
            "course_lib.transfer_learning_source.source_model()."
        ) from error
