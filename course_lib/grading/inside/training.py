"""Call a function as `fit` calls a loss: on tensors that have no numbers yet.

TensorFlow lets the function run once, notes what it does to the tensors, and does the same to
numbers afterwards. What works here works in a training, and what fails here fails there.
"""

import numpy as np


def call_in_training(function, args, kwargs, wrt=(), open_batch=True):
    """Return what a function makes of arrays in a training, and gradients.

    Args:
        function: of tensors.
        args: arrays, whose first axis is the batch; floating-point numbers become float32.
        kwargs: what the function is given beside the tensors.
        wrt: by which of `args` the sum of the result is differentiated.
        open_batch: whether the size of the batch is not known either, as in `fit` where the last
            batch may be smaller.

    Returns:
        The result as an array and a list with an array for each of `wrt`, None where the result
        does not depend on it; or the result as it came and None, if it is no tensor.

    Raises:
        TypeError: if the function asks a tensor for its numbers.
        Exception: whatever else the function raises.

    Example:
        >>> call_in_training(lambda x, power: x**power, [np.array([1.0, 3])], {"power": 2}, [0])
        (array([1., 9.], dtype=float32), [array([2., 6.], dtype=float32)])
    """
    import tensorflow as tf

    made = []

    def step(*tensors):
        made[:] = [_plainly(function, tensors, kwargs)]
        return made[0] if tf.is_tensor(made[0]) else tf.zeros(())

    given = [tf.convert_to_tensor(_single(np.asarray(one))) for one in args]
    batch = [None if open_batch else len(one) for one in args]
    signature = [
        tf.TensorSpec([size, *one.shape[1:]], one.dtype)
        for size, one in zip(batch, given, strict=True)
    ]
    # Called by itself, a function that is made anew each time is warned of.
    graph = tf.function(step, input_signature=signature, autograph=False).get_concrete_function()
    watched = [given[n] for n in wrt]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        result = graph(*given)
    if not tf.is_tensor(made[0]):
        return made[0], None
    gradients = tape.gradient(result, watched) if wrt else []
    return np.asarray(result), [_array(one) for one in gradients]


def _plainly(function, args, kwargs):
    """Call a function, and say in plain words where it asks for numbers that are not there yet."""
    import tensorflow as tf

    try:
        return function(*args, **kwargs)
    except tf.errors.OperatorNotAllowedInGraphError as error:
        instead = "no if or while may ask for them; ops.where and ops.maximum may"
        raised = error
    except NotImplementedError as error:
        if "symbolic" not in f"{error}":  # the student's own: not answered yet
            raise
        instead, raised = "NumPy and float(...) cannot take it; keras.ops can", error
    said = f"in training a tensor has no numbers yet: {instead}"
    raise TypeError(said).with_traceback(raised.__traceback__) from None


def _single(array):
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _array(gradient):
    """A gradient as an array; one of rows that were picked comes as these rows."""
    import tensorflow as tf

    return None if gradient is None else np.asarray(tf.convert_to_tensor(gradient))
