"""A function on tensors, wrapped as a Keras model."""


def as_model(network, input_shape, *arguments, **settings):
    """Wrap a function on tensors as a `keras.Model`, which can be trained, saved and looked at.

    Args:
        network: a function whose first argument is a tensor and which returns one.
        input_shape: of one example, such as `(height, width, channels)`; `None` where a size is
            open.
        *arguments: what `network` takes after the tensor.
        **settings: the same, by name.

    Returns:
        A `keras.Model`, not yet compiled, named after `network`.

    Example:
        >>> from course_lib.cnn import cnn_with_pooling
        >>> as_model(cnn_with_pooling, (32, 48, 1), flatten=False).output_shape
        (None, 3)
    """
    # Here and not at the top: who only counts parameters need not wait for TensorFlow.
    import keras

    tensor = keras.Input(tuple(input_shape))
    name = getattr(network, "__name__", "network").strip("<>")
    return keras.Model(tensor, network(tensor, *arguments, **settings), name=name)
