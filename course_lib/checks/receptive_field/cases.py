"""What the checks of `receptive_field` try: stacks of numbers, small graphs, small gradients.

A graph is written as a list of steps, `(class, settings)` or `(class, settings, sources)`, where
sources are numbers of earlier steps and 0 is the image. So a case is plain data, and a graph is
built once for all answers that it is tried on.
"""

import functools
import json

import numpy as np

from course_lib import receptive_field as topic
from course_lib.checks import networks
from course_lib.checks.compare import describe
from course_lib.checks.core import Check, Unfit, case

BOOK = "receptive_field.html#receptive-field"
KERAS_ALLOWED = ("course_lib", "keras.applications", "keras.src.applications", "keras_hub")
NUMBERS = ("size", "stride", "padding")
AXES = ("height", "width")


# --- what is measured ----------------------------------------------------------------------------


def graph(steps, shape):
    """Return the model of a list of steps for images of this shape."""
    return _built(json.dumps(steps), tuple(shape))


@functools.lru_cache(maxsize=200)
def _built(text, shape):
    from keras import layers

    tensors = [networks.placeholder(shape)]
    for kind, settings, *sources in json.loads(text):
        width = {"filters": 2} if kind == "Conv2D" else {}
        inputs = [tensors[number] for number in (sources[0] if sources else [-1])]
        layer = getattr(layers, kind)(**width, **settings)
        tensors.append(layer(inputs if len(inputs) > 1 else inputs[0]))
    return networks.model_of(tensors[0], tensors[-1])


def _fields(answer, steps, shape, padding=True, odd=None):
    """Ask for the fields of a graph: three numbers for the height and three for the width.

    Args:
        answer: the function.
        steps: the graph's.
        shape: of an image.
        padding: whether the paddings are compared.
        odd: the name of a layer that has no receptive field; the error must name it.
    """
    if odd is not None:
        return _named(answer, graph(steps, shape), odd)
    numbers = _six(answer(graph(steps, shape)))
    return numbers if padding else tuple(n * (place % 3 != 2) for place, n in enumerate(numbers))


def _six(came):
    wanted = "two triples (size, stride, padding), one for the height and one for the width"
    return _numbers(came, (2, 3), wanted)


def _three(answer, layers):
    """Ask for the field of a stack; an array or a list of three numbers is as good as a tuple."""
    return _numbers(answer(layers), (3,), "three integers, (size, stride, padding)")


def _numbers(came, shape, wanted):
    if came is None or came is Ellipsis:
        raise Unfit(f"{came} instead of the fields", f"{wanted}: the function must end with return")
    try:
        numbers = np.asarray(came, dtype=float)
    except (TypeError, ValueError):
        raise Unfit(describe(came), wanted) from None
    if numbers.shape != shape:
        raise Unfit(describe(came), wanted)
    return tuple(int(n) if float(n).is_integer() else float(n) for n in numbers.ravel())


def _named(answer, model, odd):
    """Six zeros if the answer refuses the model and says at which layer, else what is wrong."""
    wanted = f"a ValueError whose message has the layer's name, {odd!r}"
    try:
        came = answer(model)
    except ValueError as error:
        if odd in f"{error}":
            return (0,) * 6
        raise Unfit("a ValueError without the layer's name", wanted) from None
    raise Unfit(f"{describe(came)}, and no error", wanted)


def _effective(answer, images, kind, position=None, shares=False, seed=0):
    """Ask for the effective field of a small network with injected weights.

    Unless `shares` are due, what comes is divided by its sum, so that a part is about its pattern.
    """
    model = network(kind, images.shape[1:], seed)
    settings = {} if position is None else {"position": position}
    field = answer(model, images, **settings)
    if field is None or field is Ellipsis:
        raise Unfit(f"{field} instead of the field", "an array: the function must end with return")
    field = np.asarray(field, dtype=float)
    return field if shares else field / (np.abs(field).sum() or 1)


@functools.lru_cache(maxsize=100)
def network(kind, shape, seed):
    """Return a small network with injected weights.

    Args:
        kind: `"even"`, one convolution of equal weights; `"smaller"`, the same with strides, and
            `"valid"`, a larger one without zeros; `"kernel"`, one of signed weights;
            `"filters"`, two with several filters; `"relu"` and `"batch norm"`, two with that
            between them.
        shape: of an image.
        seed: of the weights.
    """
    from keras import layers

    image = networks.placeholder(shape)
    if kind == "valid":
        output = layers.Conv2D(1, (5, 4))(image)
    elif kind in ("even", "smaller", "kernel"):
        strides = (3, 2) if kind == "smaller" else 1
        output = layers.Conv2D(1, (3, 2), strides, padding="same")(image)
    else:
        x = layers.Conv2D(3, 3, padding="same")(image)
        x = layers.BatchNormalization()(x) if kind == "batch norm" else x
        x = layers.ReLU()(x) if kind == "relu" else x
        output = layers.Conv2D(2, (2, 3), padding="same")(x)
    model = networks.model_of(image, output)
    networks.inject(model, seed)
    if kind in ("even", "smaller", "valid"):
        kernel, bias = model.get_weights()
        model.set_weights([np.full_like(kernel, 0.25), bias])
    return model


receptive_field = Check(
    topic.receptive_field,
    topic="receptive_field",
    title="The receptive field of a stack",
    returns=NUMBERS,
    read=f"{BOOK}-stack",
    measure=_three,
)
model_receptive_field = Check(
    topic.model_receptive_field,
    topic="receptive_field",
    title="The receptive field of a network with branches",
    returns=tuple(f"{number} along the {axis}" for axis in AXES for number in NUMBERS),
    read=f"{BOOK}-model",
    forbidden=KERAS_ALLOWED,
    measure=_fields,
    hidden_draws=1,
)
effective_receptive_field = Check(
    topic.effective_receptive_field,
    topic="receptive_field",
    title="The effective receptive field, by gradients",
    returns=("field",),
    read=f"{BOOK}-effective",
    forbidden=KERAS_ALLOWED,
    measure=_effective,
    rtol=1e-3,  # differences of outputs, in place of a derivative, are no better than that
    hidden_draws=1,
)
CHECKS = {
    check.name: check
    for check in (receptive_field, model_receptive_field, effective_receptive_field)
}


def _pick(rng, *values):
    return values[rng.integers(len(values))]


def _some(rng, values, count):
    """That many of the values, each at most once, in any order."""
    return [int(n) for n in rng.permutation(values)[:count]]


# --- receptive_field -----------------------------------------------------------------------------


def _stack(**entries):
    """A list of layers from a list for each entry; what has its default is left out."""
    defaults = {"strides": 1, "dilation_rate": 1, "padding": 0}
    count = len(next(iter(entries.values())))
    return [
        {name: list_[n] for name, list_ in entries.items() if list_[n] != defaults.get(name)}
        for n in range(count)
    ]


@receptive_field.part(weight=3)
def kernels(rng):
    """Kernels one behind the other, without strides: the size."""
    for count in (1, 2, 4):
        yield case(_stack(kernel_size=_some(rng, range(2, 8), count)), of="size")


@receptive_field.part(weight=2, read=f"{BOOK}-stride")
def stride(rng):
    """The effective stride: how far apart the fields of two neighbours begin."""
    for count in (1, 2, 3):
        strides = _some(rng, (2, 3, 4, 5), count)
        yield case(_stack(kernel_size=[3] * count, strides=strides), of="stride")


@receptive_field.part(weight=5, after=(kernels,), read=f"{BOOK}-stride")
def size_with_strides(rng):
    """Kernels and strides: the size."""
    for count in (2, 3, 4):
        sizes, strides = _some(rng, range(2, 8), count), _some(rng, (1, 2, 3, 4), count)
        yield case(_stack(kernel_size=sizes, strides=strides), of="size")


@receptive_field.part(weight=3, after=(kernels,), read=f"{BOOK}-dilation")
def dilation(rng):
    """Dilated kernels, without strides: the size."""
    for count in (1, 2, 3):
        sizes, rates = _some(rng, range(2, 7), count), _some(rng, range(2, 6), count)
        yield case(_stack(kernel_size=sizes, dilation_rate=rates), of="size")


@receptive_field.part(weight=2, read=f"{BOOK}-padding")
def padding(rng):
    """Zeros before the first pixel, without strides: the effective padding."""
    for count in (1, 2, 3):
        zeros = _some(rng, range(0, 5), count)
        yield case(_stack(kernel_size=[5] * count, padding=zeros), of="padding")


@receptive_field.part(weight=3, after=(padding, stride), read=f"{BOOK}-padding")
def padding_with_strides(rng):
    """Zeros and strides: the effective padding."""
    for count in (2, 3, 4):
        zeros, strides = _some(rng, range(1, 6), count), _some(rng, (1, 2, 3, 4), count)
        stack = _stack(kernel_size=[5] * count, padding=zeros, strides=strides)
        yield case(stack, of="padding")


@receptive_field.part(weight=2, after=(size_with_strides, dilation, padding_with_strides))
def together(rng):
    """Everything at once; and a stack without layers, whose output is the image."""
    for count in (3, 4):
        yield case(
            _stack(
                kernel_size=_some(rng, range(1, 7), count),
                strides=_some(rng, (1, 2, 3, 4), count),
                dilation_rate=_some(rng, (1, 2, 3, 4), count),
                padding=_some(rng, (0, 1, 2, 3), count),
            )
        )
    yield case([])


# --- model_receptive_field -----------------------------------------------------------------------


def _conv(kernel_size, strides=1, padding="valid", **settings):
    return "Conv2D", {
        "kernel_size": kernel_size,
        "strides": strides,
        "padding": padding,
        **settings,
    }


def _pool(pool_size, strides=None, padding="valid", kind="Max"):
    settings = {"pool_size": pool_size, "strides": strides or pool_size, "padding": padding}
    return f"{kind}Pooling2D", settings


def _zeros(above=0, below=0, left=0, right=0):
    return "ZeroPadding2D", {"padding": [[above, below], [left, right]]}


def _add(*sources, kind="Add"):
    return kind, {}, list(sources)


SHAPE = (64, 60, 1)


@model_receptive_field.part(weight=4)
def chain(rng):
    """Convolutions and poolings in a row, without zeros: size and stride."""
    one, two, three = _some(rng, (2, 3, 4, 5), 3)
    yield case([_conv(one), _conv(two)], SHAPE, padding=False)
    yield case([_conv(one), _conv(two, 2), _conv(three)], SHAPE, padding=False)
    steps = [_conv(two), _pool(3, 2), _conv(one, 2), _pool(2, kind="Average"), _conv(three)]
    yield case(steps, SHAPE, padding=False)


@model_receptive_field.part(weight=2, after=(chain,))
def two_axes(rng):
    """Kernels, strides and poolings that differ along height and width."""
    one, two, three = _some(rng, (1, 3, 5, 2), 3)
    yield case([_conv([one, two], [2, 1]), _conv([two, three])], SHAPE, padding=False)
    yield case([_conv([two, one]), _pool([1, 3]), _conv([3, 2])], SHAPE, padding=False)


@model_receptive_field.part(weight=2, after=(chain,))
def pixel_by_pixel(rng):
    """Layers between them that work on each pixel alone: normalisation, activation, dropout."""
    one, two = _some(rng, (2, 3, 4), 2)
    between = ["BatchNormalization", {}], ["Activation", {"activation": "relu"}]
    steps = [_conv(one, 2), *between, ["Dropout", {"rate": 0.5}], _conv(two), ["ReLU", {}]]
    yield case(steps, SHAPE, padding=False)
    steps = [["ReLU", {}], _conv(two), between[0], _pool(2), between[1], _conv(one)]
    yield case(steps, SHAPE, padding=False)


@model_receptive_field.part(weight=2, after=(chain,), read=f"{BOOK}-dilation")
def dilation_rates(rng):
    """Dilated convolutions."""
    one, two = _some(rng, (2, 3, 4), 2)
    steps = [_conv(3, 2), _conv(one, dilation_rate=two), _conv(two, dilation_rate=[1, 3])]
    yield case(steps, SHAPE, padding=False)


@model_receptive_field.part(weight=3, after=(chain,), read=f"{BOOK}-padding")
def zeros(rng):
    """Zeros: `ZeroPadding2D` of any width, and "same" without strides."""
    one, two, three = _some(rng, (1, 2, 3, 4), 3)
    yield case([_zeros(one, two, three, 1), _conv(3, 2), _zeros(two, 1, 0, 3), _conv(4)], SHAPE)
    size = _pick(rng, 3, 5, 7)
    yield case([_conv(size, padding="same"), _pool(2), _conv([3, 5], padding="same")], SHAPE)


@model_receptive_field.part(weight=3, after=(zeros,), read=f"{BOOK}-padding")
def same_with_strides(rng):
    """Strides with "same", and even kernels: an odd zero goes behind, and the size matters."""
    odd, even = int(2 * rng.integers(20, 30) + 1), int(2 * rng.integers(20, 30))
    yield case([_conv(_pick(rng, 2, 4), padding="same")], (odd, even, 1))
    yield case([_conv(3, 2, "same"), _conv(5, 2, "same")], (odd, even, 1))
    steps = [_pool(3, 2, "same"), _conv(4, padding="same"), _conv(_pick(rng, 5, 7), 3, "same")]
    yield case(steps, (even, odd, 1))
    steps = [_conv(1, _pick(rng, [2, 3], [3, 2]), "same"), _conv(3)]  # strides beyond the kernel
    yield case(steps, (48, 48, 1))


@model_receptive_field.part(weight=1, after=(zeros,))
def larger_than_the_image(rng):
    """A field that is larger than the image: it is not cut at the edges."""
    steps = [_conv(_pick(rng, 5, 7), padding="same", dilation_rate=3)] * 2
    yield case([*steps, _conv(3, padding="same")], (10, 12, 1))


@model_receptive_field.part(weight=4, after=(chain,), read=f"{BOOK}-branches")
def branches(rng):
    """Two paths that meet, one of which sees more on both sides: residual blocks and the like."""
    one, two = _some(rng, (3, 5, 7), 2)
    plain, other = _conv(one, padding="same"), _conv(two, padding="same")
    yield case([plain, _add(0, 1)], SHAPE, padding=False)
    yield case([plain, (*other, [0]), _add(2, 1)], SHAPE, padding=False)
    steps = [plain, ["ReLU", {}], other, _add(3, 1), _pool(2), _conv(one)]
    yield case(steps, SHAPE, padding=False)


def _apart(one, two):
    """Two paths that overlap: the first looks up and to the left, the second down and right.

    They are wide enough that neither their sum nor one behind the other gives what both see.
    """
    first = [_zeros(above=one + 1, left=two + 1), _conv([one + 3, two + 3])]
    return first, [_zeros(1, two, 1, one), _conv([two + 3, one + 3])]


def _beside(one, other, kind):
    return [*one, (*other[0], [0]), other[1], _add(2, 4, kind=kind)]


@model_receptive_field.part(weight=5, after=(branches,), read=f"{BOOK}-branches")
def side_by_side(rng):
    """Two paths that look to different sides: together they see more than the larger one."""
    up, down = _apart(*_some(rng, (1, 2, 3, 4), 2))
    yield case(_beside(up, down, "Concatenate"), SHAPE, padding=False)
    yield case(_beside(down, up, "Add"), SHAPE, padding=False)
    rows = int(rng.integers(3, 7))
    steps = [_zeros(above=rows), _pool([rows + 1, 1], [1, 1]), _add(0, 2)]
    yield case(steps, SHAPE, padding=False)


@model_receptive_field.part(weight=2, after=(side_by_side, zeros), read=f"{BOOK}-branches")
def padding_of_branches(rng):
    """Where the first field begins when paths meet: at the first pixel that any of them reads."""
    up, down = _apart(*_some(rng, (1, 2, 3, 4), 2))
    yield case(_beside(up, down, "Add"), SHAPE)
    yield case(_beside(down, up, "Concatenate"), SHAPE)


@model_receptive_field.part(weight=2, after=(side_by_side, padding_of_branches))
def whole_networks(rng):
    """Blocks with strides and projections, three paths, layers of every kind."""
    one, two = _some(rng, (3, 5), 2)
    block = [
        _conv(one, 2, "same"),  # 1
        ["BatchNormalization", {}],
        ["ReLU", {}],
        _conv([3, two], padding="same"),  # 4
        (*_pool(1, 2), [0]),
        _conv(1),  # 6
        _add(4, 6),
        _conv(3, padding="same", dilation_rate=2),  # 8
        (*_pool(3, 1, "same", "Average"), [7]),
        _add(7, 8, 9, kind="Concatenate"),
    ]
    yield case([*block, _pool(2), _conv([1, 3])], SHAPE)


@model_receptive_field.part(weight=2, after=(chain,), read=f"{BOOK}-undefined")
def no_field(rng):
    """A layer that is not on the list: a `ValueError` that has the layer's name in its message."""
    name = f"odd_{int(rng.integers(100, 1000))}"
    odd = ["Permute", {"dims": [2, 1, 3], "name": name}]
    yield case([_conv(3), odd, _conv(3)], (12, 12, 1), odd=name)
    odd = ["Reshape", {"target_shape": [4, 36, 2], "name": name}]
    yield case([_conv(1), odd, _conv(3)], (12, 12, 1), odd=name)


# --- effective_receptive_field -------------------------------------------------------------------


def _images(rng, *shape):
    """Signed numbers of one decimal."""
    return np.round(rng.normal(0, 1, shape), 1).astype(np.float32)


def _seed(rng):
    return int(rng.integers(1000))


@effective_receptive_field.part(weight=3)
def middle(rng):
    """One image, one convolution of equal weights: the pixels that the output's middle reads."""
    yield case(_images(rng, 1, 7, 9, 1), "even", seed=_seed(rng))


@effective_receptive_field.part(weight=2)
def position(rng):
    """Another position of the output, where it is given."""
    for _ in range(2):
        place = [int(rng.integers(1, 3)), int(rng.integers(4, 7))]
        yield case(_images(rng, 1, 7, 9, 1), "even", tuple(place), seed=_seed(rng))


@effective_receptive_field.part(weight=3, after=(middle,))
def one_kernel(rng):
    """One convolution of signed weights: how much each pixel counts, without its sign."""
    yield case(_images(rng, 1, 7, 9, 1), "kernel", seed=_seed(rng))


@effective_receptive_field.part(weight=3, after=(one_kernel,))
def channels(rng):
    """Channels that come in and go out: all of them count."""
    yield case(_images(rng, 1, 7, 9, 2), "filters", seed=_seed(rng))


@effective_receptive_field.part(weight=3, after=(one_kernel,))
def several_images(rng):
    """Several images, each of which opens other ReLUs: the mean over them."""
    yield case(_images(rng, 4, 7, 9, 1), "relu", seed=_seed(rng))


@effective_receptive_field.part(weight=2, after=(middle,))
def smaller_output(rng):
    """An output smaller than the image: its own middle is meant."""
    yield case(_images(rng, 1, 12, 11, 1), "valid", seed=_seed(rng))  # both middles are there
    yield case(_images(rng, 1, 10, 15, 1), "smaller", seed=_seed(rng))
    yield case(_images(rng, 1, 12, 8, 1), "smaller", seed=_seed(rng))


@effective_receptive_field.part(weight=1, after=(one_kernel,))
def inference(rng):
    """Batch normalisation, with the averages that it has kept."""
    yield case(_images(rng, 3, 7, 5, 1), "batch norm", seed=_seed(rng))


@effective_receptive_field.part(weight=3, after=(one_kernel,))
def shares(rng):
    """Shares: they are not negative, and add up to 1."""
    yield case(_images(rng, 1, 9, 7, 1), "relu", shares=True, seed=_seed(rng))
    yield case(_images(rng, 1, 7, 5, 1), "kernel", shares=True, seed=_seed(rng))
