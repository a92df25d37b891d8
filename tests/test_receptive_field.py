"""`course_lib.receptive_field`: against gradients, published sizes and a slow count."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import receptive_field as topic
from course_lib import receptive_field_effective as effective
from course_lib import receptive_field_layers as kinds
from course_lib import receptive_field_published as published
from course_lib.receptive_field import Field, Layer
from course_lib.receptive_field_graph import graph
from course_lib.receptive_field_walk import Walk

keras = pytest.importorskip("keras")
layers = keras.layers


# --- stacks --------------------------------------------------------------------------------------


def by_sets(stack, position):
    """The pixels on which an output depends, followed back one by one: the definition."""
    needed = {position}
    for layer in reversed(stack):
        needed = {
            one * layer.strides + tap * layer.dilation_rate - layer.padding
            for one in needed
            for tap in range(layer.kernel_size)
        }
    return min(needed), max(needed)


STACKS = st.lists(
    st.builds(
        Layer, st.integers(1, 5), st.integers(1, 3), st.integers(1, 3), st.integers(0, 3)
    ),
    max_size=5,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(STACKS, st.integers(0, 4))
def test_stack_is_what_following_every_pixel_gives(stack, position):
    field = topic.receptive_field(stack)
    assert field.interval(position) == by_sets(stack, position)
    assert field.centre(position) == sum(by_sets(stack, position)) / 2
    assert all(isinstance(number, int) for number in field)


@settings(max_examples=30, deadline=None)
@given(STACKS, STACKS)
def test_stacks_join_like_their_fields(first, second):
    """The field of two stacks in a row follows from the fields of each."""
    one, other = topic.receptive_field(first), topic.receptive_field(second)
    whole = topic.receptive_field(first + second)
    assert whole.size == one.size + (other.size - 1) * one.stride
    assert whole.stride == one.stride * other.stride
    assert whole.padding == one.padding + other.padding * one.stride


def test_layers_are_written_in_three_ways():
    expected = topic.receptive_field([Layer(3), Layer(2, strides=2), Layer(3, padding=1)])
    assert expected == (8, 2, 2)
    as_words = [3, {"kernel_size": 2, "strides": 2}, {"kernel_size": 3, "padding": "same"}]
    assert topic.receptive_field(as_words) == expected
    assert topic.receptive_field([]) == (1, 1, 0)
    assert topic.receptive_field([Layer(3, padding="valid")]).padding == 0
    assert topic.receptive_field([Layer(4, padding="same")]).padding == 1, "the rest is behind"
    assert topic.receptive_field([Layer(np.int64(3))]) == (3, 1, 0)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("3", "a layer must be a Layer, an integer, or a dictionary with kernel_size"),
        ({"strides": 2}, "a layer must be a Layer"),
        ({"kernel_size": 2, "stride": 2}, "a layer must be a Layer"),
        (Layer(0), "kernel_size must be an integer of at least 1; got 0"),
        (Layer(3, strides=0), "strides must be an integer of at least 1"),
        (Layer(3, dilation_rate=1.5), "dilation_rate must be an integer"),
        (Layer(3, padding=-1), "padding must be an integer of at least 0"),
        (Layer(3, padding="full"), "padding must be an integer"),
        (Layer(3, 2, padding="same"), r"Give their number: padding=same_padding\(size, 3, 2, 1\)"),
    ],
)
def test_bad_layers_are_refused(layer, message):
    with pytest.raises(ValueError, match=message):
        topic.receptive_field([3, layer])


def test_growth_is_linear_without_strides_and_exponential_with_them():
    flat = [field.size for field in topic.growth([3] * 10)]
    assert flat == list(range(1, 22, 2))
    pooled = [field.size for field in topic.growth([Layer(2, strides=2)] * 10)]
    assert pooled == [2**n for n in range(11)]
    dilated = [field.size for field in topic.growth([Layer(3, 1, 2**n) for n in range(8)])]
    assert dilated == [2 ** (n + 1) - 1 for n in range(9)]


def test_same_padding_is_the_course_convolutions():
    from course_lib.convolution import pad_same

    for size, kernel, strides, rate in itertools.product((9, 10), (2, 3, 5), (1, 2, 3), (1, 2)):
        padded = pad_same(np.ones((1, size, size, 1)), kernel, strides, rate)
        zeros = int(np.argmax(padded[0, :, size // 2, 0] > 0))
        assert topic.same_padding(size, kernel, strides, rate) == zeros


# --- models against gradients --------------------------------------------------------------------


def shifted(tensor, down):
    tensor = layers.ZeroPadding2D(((down, 0), (0, 0)))(tensor)
    return layers.Cropping2D(((0, down), (0, 0)))(tensor)


def valid(x):
    x = layers.Conv2D(1, (3, 2), strides=(2, 1))(x)
    x = layers.AveragePooling2D(2)(x)
    return layers.Conv2D(1, (1, 3), activation="relu")(x)


def same(x):
    x = layers.Conv2D(1, 4, strides=2, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.3)(x)
    x = layers.AveragePooling2D(3, strides=(3, 2), padding="same")(x)
    return layers.DepthwiseConv2D(2, padding="same")(layers.ReLU()(x))


def dilated(x):
    x = layers.SeparableConv2D(1, 3, dilation_rate=(2, 3), padding="same")(x)
    x = layers.DepthwiseConv2D((2, 3), dilation_rate=2)(x)
    return layers.Dense(2)(layers.Conv2D(1, 2, dilation_rate=4)(x))


def margins(x):
    x = layers.ZeroPadding2D(((3, 1), (0, 2)))(x)
    x = layers.Conv2D(1, 3, strides=2)(x)
    return layers.Cropping2D(((2, 0), (1, 1)))(x)


def residual(x):
    x = layers.Conv2D(2, 3, padding="same")(x)
    y = layers.Conv2D(2, 3, strides=2, padding="same")(x)
    y = layers.Conv2D(2, 5, padding="same")(layers.ReLU()(y))
    x = layers.Add()([layers.Conv2D(2, 1)(layers.AveragePooling2D(1, 2)(x)), y])
    return layers.Concatenate()([x, layers.Conv2D(1, (1, 7), padding="same")(x)])


def misaligned(x):
    return layers.Add()([x, shifted(x, 3)])


def misaligned_twice(x):
    one = layers.Average()([shifted(x, 2), layers.Conv2D(2, 2, padding="same")(x)])
    return layers.Dense(1)(layers.Concatenate()([one, shifted(one, 4)]))


def up_transposed(x):
    x = layers.AveragePooling2D(4)(x)
    x = layers.Conv2DTranspose(1, 3, strides=2, padding="same")(x)
    x = layers.Conv2DTranspose(1, (4, 2), strides=(3, 2))(x)
    return layers.Conv2DTranspose(1, 5)(x)


def up_output_padding(x):
    x = layers.AveragePooling2D(4)(x)
    return layers.Conv2DTranspose(1, 5, strides=3, padding="same", output_padding=(1, 2))(x)


def up_with_gaps(x):
    """A kernel shorter than its strides: some outputs read nothing."""
    x = layers.AveragePooling2D(3)(x)
    return layers.Conv2DTranspose(1, (2, 1), strides=(3, 2), use_bias=False)(x)


def up_nearest(x):
    x = layers.UpSampling2D((2, 3))(layers.AveragePooling2D(4)(x))
    return layers.Conv2D(1, 3, padding="same")(x)


def up_bilinear(x):
    x = layers.AveragePooling2D(6)(x)
    return layers.UpSampling2D((2, 3), interpolation="bilinear")(x)


def encoder_decoder(x):
    """Down twice, up twice, one skip: outputs take turns in fours."""
    skip = layers.Conv2D(2, 3, padding="same")(x)
    x = layers.AveragePooling2D(2)(layers.AveragePooling2D(2)(skip))
    x = layers.Conv2D(2, 3, padding="same")(x)
    x = layers.UpSampling2D(2, interpolation="bilinear")(layers.UpSampling2D(2)(x))
    return layers.Conv2D(1, 1)(layers.Concatenate()([x, skip]))


def nested(x):
    inner = keras.Input((None, None, 2))
    block = keras.Model(
        inner, layers.Add()([inner, layers.Conv2D(2, 3, padding="same", name="c")(inner)]), name="m"
    )
    tail = keras.Sequential([layers.Conv2D(2, 2), layers.Activation("linear")])
    return tail(block(block(layers.Conv2D(2, 1)(x))))


def operations(x):
    x = keras.ops.pad(x, [[0, 0], [2, 0], [1, 1], [0, 0]])
    x = layers.Conv2D(1, 3)(x[:, 1::2, ::3, :])
    y = keras.ops.concatenate([keras.ops.relu(x), 2 * x + 1], axis=-1)
    return keras.ops.mean(y, axis=-1, keepdims=True) + keras.ops.pad(y, [[0, 0]] * 3 + [[0, 0]])


def shared(x):
    conv = layers.Conv2D(1, 3, strides=2, padding="same", name="twice")
    return conv(conv(layers.Dense(1)(x)))


NETS = [
    valid, same, dilated, margins, residual, misaligned, misaligned_twice, up_transposed,
    up_output_padding, up_with_gaps, up_nearest, up_bilinear, encoder_decoder, nested, operations,
    shared,
]  # fmt: skip
SIZES = {"same": (61, 62), "residual": (45, 48)}


def positive(model):
    """Give a model positive weights, so that nothing cancels and every ReLU is open."""
    for variable in model.weights:
        variable.assign(np.full(variable.shape, 0.5))
    return model


def built(build, shape):
    keras.backend.clear_session()
    image = keras.Input(shape)
    return positive(keras.Model(image, build(image)))


def by_gradient(model, positions):
    """The rows and columns of the image that move each output position: first and last, or None."""
    import tensorflow as tf

    image = tf.ones((1, *model.input_shape[1:]))
    found = []
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(image)
        output = model(image, training=False)
        sums = [tf.reduce_sum(output[0, row, column]) for row, column in positions]
    for one in sums:
        gradient = tape.gradient(one, image, unconnected_gradients="zero").numpy()[0].sum(axis=-1)
        rows, columns = (np.flatnonzero(gradient.any(axis=1 - axis)) for axis in (0, 1))
        found.append([(int(p[0]), int(p[-1])) if p.size else None for p in (rows, columns)])
    return found


def around_the_middle(model, count=7):
    _, height, width, _ = model.output_shape
    middles = height // 2 - count // 2, width // 2 - count // 2
    steps = range(min(count, height, width))
    return [tuple(max(0, m) + step for m in middles) for step in steps]


@pytest.mark.parametrize("build", NETS)
def test_models_depend_on_the_pixels_whose_gradient_is_not_zero(build):
    model = built(build, (*SIZES.get(build.__name__, (48, 48)), 2))
    positions = around_the_middle(model)
    inside = 0
    for position, seen in zip(positions, by_gradient(model, positions), strict=True):
        due = topic.model_interval(model, position)
        for axis in (0, 1):
            size = model.input_shape[1 + axis]
            if due[axis] is None or (due[axis][0] >= 0 and due[axis][1] < size):
                inside += 1
                known = None if None in due else due[axis]
                assert seen[axis] == known, (position, axis, due)
    assert inside >= len(positions), "nothing was compared"


def test_a_dilated_transposed_convolution_reads_as_far_as_a_wide_one():
    """Without oneDNN, TensorFlow's CPU build cannot run one, so no gradient tells of it."""
    found = []
    for kernel in ({"kernel_size": 3, "dilation_rate": 2}, {"kernel_size": 5}):
        inputs = keras.Input((20, 20, 1))
        enlarged = layers.Conv2DTranspose(1, 2, strides=2)(inputs)
        model = keras.Model(inputs, layers.Conv2DTranspose(1, **kernel)(enlarged))
        assert model.output_shape[1:3] == (44, 44)
        found.append([topic.model_interval(model, position) for position in (0, 7, 20, 43)])
    assert found[0] == found[1]


@pytest.mark.parametrize("build", [valid, same, residual, misaligned_twice, nested, operations])
def test_size_stride_and_padding_say_where_every_field_is(build):
    model = built(build, (48, 48, 2))
    fields = topic.model_receptive_field(model)
    for position in (0, 1, 2, 5):
        due = tuple(field.interval(position) for field in fields)
        assert topic.model_interval(model, position) == due


def test_the_largest_branch_is_not_enough():
    """Two branches of one pixel each, three pixels apart: four pixels, of which two are read."""
    model = built(misaligned, (12, 12, 1))
    assert topic.model_receptive_field(model) == ((4, 1, 3), (1, 1, 0))


def test_a_chain_is_its_stack():
    stack = [Layer(3, 2), Layer(2, 2), Layer(3, 1, 2), Layer(5)]
    model = keras.Sequential([keras.Input((90, 90, 1))])
    for layer in stack:
        model.add(
            layers.Conv2D(1, layer.kernel_size, layer.strides, dilation_rate=layer.dilation_rate)
        )
    rows = topic.rows(model)
    assert [row.fields[0] for row in rows] == topic.growth(stack)
    assert [row.fields[1] for row in rows] == topic.growth(stack)


def test_one_axis():
    """Sequences have one axis; a causal convolution looks back only."""
    x = keras.Input((64, 3))
    y = layers.Conv1D(2, 3, dilation_rate=2, padding="causal")(x)
    y = layers.MaxPooling1D(2)(layers.SpatialDropout1D(0.1)(y))
    y = layers.ZeroPadding1D((1, 0))(layers.Cropping1D((2, 0))(y))
    model = keras.Model(x, layers.Conv1DTranspose(1, 2)(layers.UpSampling1D(2)(y)))
    y_model = keras.Model(x, y)
    assert topic.model_receptive_field(y_model) == ((6, 2, 2),)
    assert topic.model_interval(y_model, 5) == ((8, 13),)
    ((size, stride, _),) = topic.model_receptive_field(model)
    assert (size, stride) == (8, 1)


# --- what reads everything, and what is not defined ----------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        layers.GlobalAveragePooling2D(),
        layers.GlobalMaxPooling2D(keepdims=True),
        layers.Flatten(),
        layers.Reshape((-1,)),
        layers.GroupNormalization(1),
        layers.LayerNormalization(axis=(1, 2, 3)),
        layers.Softmax(axis=[1, 2]),
        lambda x: keras.ops.mean(x, axis=(1, 2)),
        lambda x: keras.ops.max(x),
        lambda x: x * layers.GlobalAveragePooling2D(keepdims=True)(x),
        lambda x: layers.Dense(3)(layers.Flatten()(x)),
        lambda x: layers.Reshape((2, 2, 1))(layers.Dense(4)(layers.Flatten()(x))),
    ],
)
def test_what_reads_everything_has_no_end(build):
    x = keras.Input((8, 8, 1))
    y = layers.Conv2D(2, 3, strides=2)(x)
    whole = Field(math.inf, 0, math.inf)
    assert topic.model_receptive_field(keras.Model(x, build(y))) == (whole, whole)


@pytest.mark.parametrize(
    "build",
    [
        layers.LayerNormalization(),
        layers.Softmax(),
        layers.PReLU(),
        layers.Reshape((6, 6, 1, 2)),
        lambda x: keras.ops.sum(x, axis=-1, keepdims=True),
        lambda x: keras.ops.exp(keras.ops.clip(x, 0, 1)) - 3,
        lambda x: x[..., :1],
    ],
)
def test_what_works_on_each_pixel_changes_nothing(build):
    x = keras.Input((8, 8, 2))
    field = Field(3, 1, 0)
    model = keras.Model(x, build(layers.Conv2D(2, 3)(x)))
    assert topic.model_receptive_field(model) == (field, field)


class Mixer(layers.Layer):
    """A layer that nobody knows."""

    def call(self, x):
        return keras.ops.roll(x, 3, axis=1)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (Mixer(name="odd"), r"layer 'odd' \(Mixer\): the course has no rule for it\. Stop"),
        (layers.Lambda(lambda x: x, name="odd"), r"'odd' \(Lambda\)"),
        (layers.Permute((2, 1, 3), name="odd"), r"'odd' \(Permute\)"),
        (layers.Resizing(4, 4, name="odd"), r"'odd' \(Resizing\)"),
        (layers.Reshape((4, 16, 2), name="odd"), r"\(8, 8, 2\) into \(4, 16, 2\) and mixes"),
        (layers.UpSampling2D(2, interpolation="bicubic", name="odd"), r'it has .bicubic.'),
        (lambda x: layers.Concatenate(1, name="odd")([x, x]), "side by side along the height"),
        (lambda x: x[:, ::-1], r"\(GetItem\): its slice slice\(None, None, -1\) cannot"),
        (
            lambda x: layers.Add(name="sum")(
                [layers.Conv2D(2, 8)(x), layers.Conv2D(2, 1, strides=8)(x)]
            ),
            "branches that meet again read it with strides of 8 and 1",
        ),
    ],
)  # fmt: skip
def test_the_error_names_the_layer_and_the_way_out(build, message):
    x = keras.Input((8, 8, 2))
    y = layers.Conv2D(2, 1, name="before")(x)
    model = keras.Model(x, layers.Conv2D(2, 1)(build(y)))
    with pytest.raises(ValueError, match=message) as error:
        topic.model_receptive_field(model)
    assert "the receptive field is not defined at layer" in str(error.value)
    assert 'layer="..."' in str(error.value)
    assert topic.model_receptive_field(model, layer="before")[0] == (1, 1, 0)


def test_an_image_without_one_of_its_axes_is_refused():
    x = keras.Input((8, 8, 2))
    with pytest.raises(ValueError, match=r"\(Mean\): it takes away one of the image's axes"):
        topic.model_receptive_field(keras.Model(x, keras.ops.mean(x, axis=1)))


def test_channels_first_is_refused():
    x = keras.Input((2, 8, 8))
    y = layers.ZeroPadding2D(1, data_format="channels_first", name="odd")(x)
    with pytest.raises(
        ValueError, match=r"'odd' .*channels first; build it with \"channels_last\""
    ):
        topic.model_receptive_field(keras.Model(x, y))


def test_what_is_behind_everything_needs_no_rule():
    """Global pooling reads all, whatever stands before it."""
    x = keras.Input((8, 8, 1))
    model = keras.Model(x, layers.GlobalAveragePooling2D()(Mixer()(x)))
    assert topic.model_receptive_field(model)[0].size == math.inf


def test_rules_for_layers_of_ones_own():
    x = keras.Input((16, 16, 1))
    y = layers.Conv2D(1, 3)(Mixer(name="odd")(layers.Conv2D(1, 3)(x)))
    model = keras.Model(x, y)
    for rules in (
        {"Mixer": kinds.Reads(first=-3, last=-3)},
        {"odd": kinds.Reads(first=-3, last=-3)},
        {"Mixer": lambda layer, axis: kinds.Reads(first=-3, last=-3)},
    ):
        assert topic.model_receptive_field(model, rules=rules)[0] == (5, 1, 3)
        assert topic.rows(model, rules=rules)[-1].fields[0] == (5, 1, 3)
        assert topic.model_interval(model, 4, rules=rules)[0] == (1, 5)
    whole = topic.model_receptive_field(model, rules={"Mixer": kinds.EVERYTHING})
    assert whole[0].size == math.inf


def test_same_with_strides_needs_the_size():
    x = keras.Input((None, None, 1))
    y = layers.Conv2D(1, 3, padding="same")(x)
    assert topic.model_receptive_field(keras.Model(x, y))[0] == (3, 1, 1)
    y = layers.Conv2D(1, 3, strides=2, padding="same", name="down")(y)
    with pytest.raises(
        ValueError, match=r"'down'.*is not known\. Build the model with an input size"
    ):
        topic.model_receptive_field(keras.Model(x, y))
    up = layers.Conv2DTranspose(1, 3, 2, padding="same")(x)
    assert topic.model_receptive_field(keras.Model(x, up))[0][:2] == (2, 0.5)
    odd = layers.Conv2DTranspose(1, 3, 2, padding="same", output_padding=1, name="odd")(x)
    with pytest.raises(ValueError, match=r"'odd'.*its output_padding needs the size"):
        topic.model_receptive_field(keras.Model(x, odd))


def test_several_inputs_and_outputs_are_named():
    a, b = keras.Input((8, 8, 1), name="a"), keras.Input((8, 8, 1), name="b")
    one = layers.Conv2D(1, 3, padding="same", name="one")(a)
    two = layers.Add(name="two")([one, layers.Conv2D(1, 5, padding="same")(b)])
    model = keras.Model([a, b], [one, two])
    with pytest.raises(ValueError, match=r"several inputs; name one with input_name=: 'a', 'b'"):
        topic.model_receptive_field(model, "two")
    with pytest.raises(ValueError, match=r"several outputs; name one of them .*'one', 'two'"):
        topic.model_receptive_field(model, input_name="a")
    with pytest.raises(ValueError, match=r"there is no layer 'three'; the layers are: .*'one'"):
        topic.model_receptive_field(model, "three", input_name="a")
    with pytest.raises(ValueError, match=r"there is no input 'c'; the inputs are: 'a', 'b'"):
        topic.rows(model, input_name="c")
    assert topic.model_receptive_field(model, "two", "a")[0].size == 3
    assert topic.model_receptive_field(model, "two", "b")[0].size == 5
    with pytest.raises(ValueError, match="'one' does not depend on the input 'b'"):
        topic.model_receptive_field(model, "one", "b")
    assert {row.name for row in topic.rows(model, input_name="b")} >= {"b", "two"}
    assert "one" not in {row.name for row in topic.rows(model, input_name="b")}


def test_what_is_no_image_or_no_graph_is_refused():
    vector = keras.Sequential([keras.Input((7,)), layers.Dense(2)])
    with pytest.raises(ValueError, match="has no height and no width"):
        topic.model_receptive_field(vector)
    with pytest.raises(ValueError, match="the model 'list' has no graph"):
        topic.model_receptive_field([3, 3])
    with pytest.raises(ValueError, match=r"give a Sequential its keras\.Input first"):
        graph(keras.Sequential([layers.Conv2D(1, 3)]))
    image = keras.Sequential([keras.Input((7, 7, 1)), layers.Conv2D(1, 3)])
    with pytest.raises(ValueError, match=r"position must be an integer or 2 of them; got \[1\]"):
        topic.model_interval(image, [1])


def test_nested_layers_are_called_by_their_path():
    model = built(nested, (16, 16, 2))
    names = [row.name for row in topic.rows(model)]
    assert "m/c" in names
    assert topic.model_receptive_field(model, "m/c")[0].size == 5, "the last call of the two"


def test_outputs_without_any_input_are_said():
    x = keras.Input((9, 9, 1))
    y = layers.Conv2DTranspose(1, 1, strides=2)(x)
    model = keras.Model(x, layers.Cropping2D(((1, 0), (1, 0)))(y))
    assert topic.model_interval(model, 0) == (None, None)
    assert topic.model_interval(model, 1) == ((1, 1), (1, 1))
    assert topic.model_receptive_field(model)[0][:2] == (1, 0.5)


# --- published sizes -----------------------------------------------------------------------------


def application(make):
    return make(weights=None, include_top=False, input_shape=(224, 224, 3))


def test_vgg16_is_published():
    model = application(keras.applications.VGG16)
    sizes = [topic.model_receptive_field(model, f"block{n}_pool")[0].size for n in range(1, 6)]
    assert sizes == [6, 16, 44, 100, 212]
    fields = topic.growth(published.vgg16_layers())
    last = topic.model_receptive_field(model)
    assert last == (fields[-1], fields[-1]) == ((212, 32, 90),) * 2


def test_resnet50_is_published():
    """Keras pads explicitly; its stride stands on the 1x1, as in the paper."""
    model = application(keras.applications.ResNet50)
    expected = topic.receptive_field(published.resnet50_layers("1x1"))
    assert topic.model_receptive_field(model) == (expected, expected)
    assert expected == (483, 32, 241)
    assert topic.receptive_field(published.resnet50_layers("3x3")) == (427, 32, 213)
    with pytest.raises(ValueError, match=r'must be "1x1" or "3x3"; got .5x5.'):
        published.resnet50_layers("5x5")


def test_resnet50_with_strides_on_the_3x3():
    """The graph with its shortcuts, a few channels wide: the longest path decides."""

    def bottleneck(x, strides, project):
        y = layers.Conv2D(2, 1)(x)
        y = layers.Conv2D(2, 3, strides, padding="valid")(layers.ZeroPadding2D(1)(y))
        x = layers.Conv2D(2, 1)(layers.AveragePooling2D(1, strides)(x)) if project else x
        return layers.Add()([layers.Conv2D(2, 1)(y), x])

    image = keras.Input((224, 224, 3))
    x = layers.Conv2D(2, 7, 2)(layers.ZeroPadding2D(3)(image))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            x = bottleneck(x, 2 if stage and not block else 1, project=not block)
    field = topic.receptive_field(published.resnet50_layers("3x3"))
    assert topic.model_receptive_field(keras.Model(image, x)) == (field, field)


def test_mobilenet_is_published(capsys):
    model = application(keras.applications.MobileNet)
    field = topic.receptive_field(published.mobilenet_layers())
    assert topic.model_receptive_field(model) == (field, field)
    assert field == (315, 32, 126)
    topic.table(model, brief=True)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["layer", "output", "shape", "size", "stride", "padding"]
    assert len(printed) == 16, "the header, the image and 14 convolutions"
    assert printed[-1].split()[-3:] == ["315", "32", "126"]
    assert max(map(len, printed)) <= 83


def test_inception_is_published():
    """Blocks of three and four branches; Araujo et al. (2019) list size, stride and padding."""
    model = keras.applications.InceptionV3(
        weights=None, include_top=False, input_shape=(299, 299, 3)
    )
    assert topic.model_receptive_field(model) == (Field(1311, 32, 618),) * 2


@pytest.mark.slow
def test_inception_with_shortcuts_is_published():
    model = keras.applications.InceptionResNetV2(
        weights=None, include_top=False, input_shape=(299, 299, 3)
    )
    assert topic.model_receptive_field(model) == (Field(3039, 32, 1482),) * 2


def test_table_has_a_row_for_every_layer(capsys):
    model = built(encoder_decoder, (32, 32, 2))
    topic.table(model)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 1 + len(model.layers)
    assert "0.5" not in printed[-1]
    assert any(line.split()[-2] == "2" for line in printed), "between the two enlargements"
    assert len(topic.rows(model)) == len(model.layers)


# --- the effective field -------------------------------------------------------------------------


def linear(kernels, shape=(11, 13, 1), padding="valid"):
    image = keras.Input(shape)
    x = image
    for kernel in kernels:
        layer = layers.Conv2D(kernel.shape[-1], kernel.shape[:2], padding=padding, use_bias=False)
        x = layer(x)
        layer.set_weights([kernel])
    return keras.Model(image, x)


def signed(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_effective_field_of_one_convolution_is_its_kernel():
    kernel = signed(3, 2, 2, 4)
    model = linear([kernel], (9, 8, 2))
    field = effective.effective_receptive_field(model, signed(2, 9, 8, 2), (1, 5))
    expected = np.zeros((9, 8))
    expected[1:4, 5:7] = np.abs(kernel.sum(axis=-1)).sum(axis=-1)
    np.testing.assert_allclose(field, expected / expected.sum(), atol=1e-6)
    middle = effective.effective_receptive_field(model, signed(1, 9, 8, 2))
    assert np.flatnonzero(middle.any(axis=1)).tolist() == [3, 4, 5], "row 7 // 2 and two more"


def test_effective_field_is_that_of_differences():
    """Central differences, one pixel at a time, know nothing of automatic gradients."""
    keras.utils.set_random_seed(0)
    image = keras.Input((6, 5, 2))
    x = layers.Conv2D(3, 3, padding="same", activation="softplus")(image)
    model = keras.Model(image, layers.Conv2D(2, 3, padding="same")(x))
    images, step = signed(2, 6, 5, 2), 1e-2

    def output(values):
        return np.asarray(model(values))[:, 3, 2].sum(axis=-1)

    expected = np.zeros((6, 5))
    for row, column, channel in np.ndindex(6, 5, 2):
        more, less = images.copy(), images.copy()
        more[:, row, column, channel] += step
        less[:, row, column, channel] -= step
        expected[row, column] += np.abs(output(more) - output(less)).mean() / (2 * step)
    field = effective.effective_receptive_field(model, images)
    np.testing.assert_allclose(field, expected / expected.sum(), atol=2e-4)
    assert field.sum() == pytest.approx(1)


def test_effective_field_lies_within_the_field():
    model = built(residual, (45, 48, 2))
    rows, columns = topic.model_interval(model, (10, 12))
    field = effective.effective_receptive_field(model, np.ones((1, 45, 48, 2)), (10, 12))
    outside = field.copy()
    outside[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1] = 0
    assert not outside.any()


def test_nothing_moves_nothing():
    model = linear([np.zeros((3, 3, 1, 1), "float32")])
    assert not effective.effective_receptive_field(model, np.ones((1, 11, 13, 1))).any()


def test_effective_field_refuses_what_has_no_middle():
    image = keras.Input((8, 8, 1))
    model = keras.Model(image, layers.GlobalAveragePooling2D()(image))
    with pytest.raises(ValueError, match=r"the model must return images, .* before the pooling"):
        effective.effective_receptive_field(model, np.ones((1, 8, 8, 1)))
    model = keras.Model(image, layers.Conv2D(1, 3)(image))
    with pytest.raises(ValueError, match=r"no position \(6, 0\) in an output of 6 x 6"):
        effective.effective_receptive_field(model, np.ones((1, 8, 8, 1)), (6, 0))
    with pytest.raises(ValueError, match="Add the batch axis"):
        effective.effective_receptive_field(model, np.ones((8, 8, 1)))


def test_gradients_need_tensorflow(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "numpy")
    with pytest.raises(ValueError, match="set KERAS_BACKEND=tensorflow"):
        effective.effective_receptive_field(linear([signed(3, 3, 1, 1)]), np.ones((1, 11, 13, 1)))


@pytest.mark.parametrize(
    "stack", [[3] * 6, [5, 3, 3], [Layer(3, 1, 3), Layer(5, 1, 2)], [Layer(3, 2), Layer(3, 2), 3]]
)
def test_equal_weights_have_the_deviation_of_a_sum(stack):
    model = keras.Sequential([keras.Input((31, 31, 1))])
    for layer in map(topic._layer, stack):
        model.add(
            layers.Conv2D(1, layer.kernel_size, layer.strides, dilation_rate=layer.dilation_rate)
        )
    field = effective.effective_receptive_field(positive(model), np.ones((1, 31, 31, 1)))
    expected = topic.effective_deviation(stack)
    assert effective.deviation(field) == pytest.approx((expected, expected), rel=1e-5)
    whole = topic.receptive_field(stack)
    assert expected < whole.size / 2


def test_squared_gradients_of_random_weights_have_it_too():
    """Means over many random networks; the size of the gradient is wider by the root of 2."""
    depth, rng = 6, np.random.default_rng(0)
    shapes = [(3, 3, 1, 8), *[(3, 3, 8, 8)] * (depth - 2), (3, 3, 8, 1)]
    squares, model = 0, linear([np.zeros(shape) for shape in shapes], (13, 13, 1))
    import tensorflow as tf

    for _ in range(40):
        model.set_weights([rng.normal(size=shape) / 8 for shape in shapes])
        image = tf.zeros((1, 13, 13, 1))
        with tf.GradientTape() as tape:
            tape.watch(image)
            output = tf.reduce_sum(model(image))
        squares = squares + tape.gradient(output, image).numpy()[0, ..., 0] ** 2
    expected = topic.effective_deviation([3] * depth)
    assert effective.deviation(squares) == pytest.approx((expected, expected), rel=0.12)


def test_effective_field_is_a_bell_and_grows_with_the_root_of_depth():
    spreads = {}
    for depth in (4, 16):
        fields = [effective.measure_stack(depth, seed, count=4) for seed in range(3)]
        spreads[depth] = np.mean([np.mean(effective.deviation(one)) for one in fields])
    assert effective.gaussian_fit(np.mean(fields, axis=0)) > 0.85
    assert 1.7 < spreads[16] / spreads[4] < 2.6, "the root of 4 is 2"
    sizes = [effective.effective_size(one) / 33 for one in fields]
    assert max(sizes) < 0.65, "of the field of 33 pixels"


def test_training_widens_the_effective_field():
    """A linear stack learns to look at all of a window alike, whose deviation is 2.58."""
    settings = {"filters": 4, "count": 128, "size": 24, "activation": None}
    found = effective.trained_fields(depth=4, window=9, epochs=8, **settings)
    before, after = (np.mean(effective.deviation(found[name])) for name in ("before", "after"))
    assert found["losses"][-1] < 0.5 * found["losses"][0]
    assert after > 1.1 * before
    assert after < math.sqrt(80 / 12) + 0.1


def test_a_dead_network_has_no_deviation():
    for function in (effective.deviation, effective.gaussian, effective.gaussian_fit):
        with pytest.raises(ValueError, match="the field is all zeros: nothing moves this output"):
            function(np.zeros((5, 5)))


def test_sizes_and_bells():
    flat = np.zeros((9, 9))
    flat[2:7, 1:8] = 1
    assert effective.effective_size(flat) == pytest.approx(math.sqrt(35))
    assert effective.deviation(flat) == pytest.approx((math.sqrt(2), 2))
    steps = np.arange(-15, 16)
    bell = np.exp(-np.add.outer(steps**2 / 18, steps**2 / 8))
    assert effective.gaussian_fit(bell) == pytest.approx(1, abs=1e-3)
    assert effective.gaussian(bell).sum() == pytest.approx(1)
    assert effective.gaussian_fit(flat) < 0.7


def test_the_far_sighted_task():
    images, targets = effective.mean_task(64, size=16, window=5, seed=3)
    assert images.shape == targets.shape == (64, 16, 16, 1)
    again = effective.mean_task(64, size=16, window=5, seed=3)
    np.testing.assert_array_equal(targets, again[1])
    assert targets[:, 4:-4, 4:-4].std() == pytest.approx(1, abs=0.1)
    with pytest.raises(ValueError, match="window must be odd"):
        effective.mean_task(1, window=4)


def test_only_what_is_asked_for_has_to_be_known():
    """A walk looks at the layers between the output and the input, and at no others."""
    x = keras.Input((8, 8, 1))
    y = layers.Conv2D(1, 3, name="fine")(x)
    model = keras.Model(x, [y, Mixer(name="odd")(y)])
    walk = Walk(model)
    assert walk.field(walk.find("fine"), 0) == (3, 1, 0)
    with pytest.raises(ValueError, match="'odd'"):
        walk.field(walk.find("odd"), 0)
