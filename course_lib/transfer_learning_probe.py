"""What the layers of a network make of images, averaged, and a linear head on it."""

import numpy as np

from course_lib.arguments import integer, numeric_array, positive


def layer_features(model, images, names):
    """Return what layers put out for images, averaged over height and width.

    Args:
        model: a `keras.Model`.
        images: array of shape `(batch, height, width, channels)`.
        names: of the layers.

    Returns:
        A dictionary from each name to a float32 array of shape `(batch, maps)`.

    Raises:
        ValueError: if the model has no layer of a name; Keras says which.

    Example:
        >>> from course_lib.transfer_learning_source import source_model
        >>> found = layer_features(source_model(), np.zeros((2, 16, 16, 1)), ["relu_1", "features"])
        >>> {name: of.shape for name, of in found.items()}
        {'relu_1': (2, 16), 'features': (2, 64)}
    """
    import keras

    inner = keras.Model(model.input, [model.get_layer(name).output for name in names])
    found = inner.predict(np.asarray(images), batch_size=256, verbose=0)
    found = found if isinstance(found, list) else [found]
    averaged = [of.mean(axis=(1, 2)) if of.ndim == 4 else of for of in found]
    return dict(zip(names, averaged, strict=True))


def ridge_scores(features, labels, tests, classes, strength=0.1):
    """Fit a linear head to labelled features by ridge regression, and score other features.

    It has a closed form, so it costs milliseconds, and neither seed nor learning rate. With few
    examples it solves a system with as many unknowns as there are examples.

    Args:
        features: array of shape `(examples, maps)`.
        labels: integers of shape `(examples,)`, from 0.
        tests: array of shape `(others, maps)`.
        classes: how many there are.
        strength: of the penalty on large weights, in units of the features' mean square.

    Returns:
        A float64 array of shape `(others, classes)`; the largest score is the answer.

    Raises:
        ValueError: if the shapes do not fit.

    Example:
        >>> scores = ridge_scores([[0.0, 1], [1, 0]], [0, 1], [[0.1, 0.8], [0.9, 0.3]], classes=2)
        >>> scores.argmax(axis=1)
        array([0, 1])
    """
    features = numeric_array(features, "features", ("examples", "maps")).astype(float)
    tests = numeric_array(tests, "tests", ("others", "maps")).astype(float)
    labels = numeric_array(labels, "labels", ("examples",))
    if len(labels) != len(features) or tests.shape[1] != features.shape[1]:
        raise ValueError(
            "labels must be as many as features, and tests as wide; got features of shape "
            f"{features.shape}, labels of {labels.shape}, tests of {tests.shape}."
        )
    middle = features.mean(axis=0)
    features, tests = features - middle, tests - middle
    targets = np.eye(integer(classes, "classes"))[labels.astype(int)] - 1 / classes
    products = features @ features.T
    size = np.trace(products) / len(products)
    penalty = positive(strength, "strength") * max(size, 1e-12)
    weights = np.linalg.solve(products + penalty * np.eye(len(products)), targets)
    return tests @ features.T @ weights
