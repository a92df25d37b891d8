"""Call a function as `fit` calls a loss: on tensors that have no numbers yet.

TensorFlow lets the function run once, notes what it does to the tensors, and does the same to
numbers afterwards. What fails here fails in a training whose batches are alike.
"""

import re

import numpy as np

_PLAIN = (type(None), type(...), bool, int, float, complex, str, np.ndarray, np.generic)
_NO_NUMBERS = "in training a tensor has no numbers yet"
# What TensorFlow's own words mean for somebody who writes a loss; {0} is what the pattern found.
_WORDS = [
    (r"Cannot convert a symbolic|^(?:float|int)\(\) argument|has no attribute '(?:numpy|item)'",
     f"{_NO_NUMBERS}: NumPy, float(...), int(...) and .numpy() cannot take it; keras.ops can"),
    (r"symbolic `tf\.Tensor` as a Python `bool`|terating over a symbolic",
     f"{_NO_NUMBERS}: if, while, for and assert cannot ask for them; ops.where can do without"),
    (r"SymbolicTensor'? object has no attribute '(\w+)'",
     "in training there are tensors and no arrays: they have no .{0}; keras.ops has functions"),
    (r"is out of scope and cannot be used here",
     "in training each call is on its own: what was kept from an earlier one is of no use"),
    (r"len is not well defined", "in training len(...) is unknown: ops.shape(x)[0] is the batch"),
]  # fmt: skip
_OPEN = "in training the size of the batch is not known: x.shape[0] is None; use ops.shape(x)[0]"


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
        does not depend on it; or the result as it came and None, if it is something plain and no
        tensor.

    Raises:
        TypeError: if the function asks a tensor for what it does not have yet, or returns
            something else.
        Exception: whatever else the function raises.

    Example:
        >>> call_in_training(lambda x, power: x**power, [np.array([1.0, 3])], {"power": 2}, [0])
        (array([1., 9.], dtype=float32), [array([2., 6.], dtype=float32)])
    """
    import tensorflow as tf

    made = []

    def step(*tensors):
        made[:] = [function(*tensors, **kwargs)]
        return made[0] if isinstance(made[0], tf.Tensor) else tf.zeros(())

    given = [tf.convert_to_tensor(_single(np.asarray(one))) for one in args]
    signature = [
        tf.TensorSpec([None if open_batch else len(one), *one.shape[1:]], one.dtype)
        for one in given
    ]
    # Twice, as evaluation follows on training: what a function keeps of one is lost in the other.
    # Called by itself, a function that is made anew each time is warned of.
    for _ in range(2):
        graph = tf.function(step, input_signature=signature, autograph=False)
        graph = _in_plain_words(graph.get_concrete_function, open_batch)
    watched = [given[n] for n in wrt]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        result = _in_plain_words(lambda: graph(*given), open_batch)
    if isinstance(made[0], _PLAIN):
        return made[0], None
    if not isinstance(made[0], tf.Tensor):
        raise TypeError(f"in training the result is of type {type(made[0]).__name__}, not a tensor")
    gradients = tape.gradient(result, watched) if wrt else []
    return np.asarray(result), [_array(one) for one in gradients]


def _in_plain_words(work, open_batch):
    """Trace or call a function, and say in plain words what it asks for and is not there."""
    try:
        return work()
    except (NotImplementedError, TypeError, AttributeError, ValueError) as error:
        said = _plain_words(f"{error}", open_batch)
        if said is None:
            raise
        raise TypeError(said).with_traceback(error.__traceback__) from None


def _plain_words(text, open_batch):
    for pattern, said in _WORDS:
        found = re.search(pattern, text)
        if found:
            return said.format(*found.groups())
    unknown = "NoneType" in text or "None values" in text or "elements of (None" in text
    return _OPEN if open_batch and unknown else None


def _single(array):
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _array(gradient):
    """A gradient as an array; one of rows that were picked comes as these rows."""
    import tensorflow as tf

    return None if gradient is None else np.asarray(tf.convert_to_tensor(gradient))
