"""Networks across the wire: what a check needs of them survives, and nothing that runs code."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
layers = keras.layers

from course_lib.grading.calls import BadReply  # noqa: E402  after Keras, which may be missing
from course_lib.grading.inside import blueprint  # noqa: E402
from course_lib.grading.inside.codec import MalformedError, RefusedError  # noqa: E402
from course_lib.grading.inside.decode import Decoder  # noqa: E402
from course_lib.grading.inside.encode import Encoder  # noqa: E402
from course_lib.grading.inside.limits import WireLimits  # noqa: E402
from tests.wire_helpers import functions, student  # noqa: E402

LIMITS = WireLimits()
STUDENT = """
import keras, numpy as np
from keras import layers

def block(x, filters=4):
    y = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal")(x)
    y = layers.BatchNormalization()(y)
    y = keras.ops.relu(y)
    y = layers.Dropout(0.5)(y)
    y = y[:, :, :, 0:filters] * 2.0
    return layers.add([y, layers.Conv2D(filters, 1)(x)])
def make():
    x = keras.Input((8, 8, 3))
    return keras.Model(x, [block(x), keras.Sequential([layers.Flatten(), layers.Dense(2)])(x)])
def tower():
    shared = layers.Dense(3, name="shared")
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    return keras.Model([a, b], shared(a) - shared(b))
def freeze(model):
    for layer in model.layers: layer.trainable = False
    norm = model.get_layer("norm")
    norm.set_weights([weight * 0 + 3 for weight in norm.get_weights()])
    return model
def new_head(model):
    model.pop(); model.add(layers.Dense(5)); return model
def pair(a, b): return [a + b, {"side": layers.Dense(2)(a)}]
def same(x): return x
def reuse(x):
    dense = layers.Dense(3)
    return dense(dense(x))
def loose(x): return keras.Input((3,))
def alone(): return keras.Input((3,))
def tensor(x): return keras.ops.convert_to_tensor(x) * 2, type(x).__name__, keras.Variable(x).shape
def variable(x): return keras.Variable(x)
def powers(x, y, power=2):
    import statistics
    assert not hasattr(x, "numpy") and x.dtype == "float32"
    print("batch", x.shape[0], statistics.mean([1, 3]))
    return keras.ops.sum(x ** power, axis=1)
def number(x): return 1.5
def asks(x): return 1 if x[0] > 0 else 0
def loss(): return keras.losses.CategoricalCrossentropy(label_smoothing=0.25)
def adam(): return keras.optimizers.Adam(0.25)
def dense(): return layers.Dense(3, activation="gelu")
class Own(layers.Layer):
    def call(self, x): return x
def own(x): return Own(name="mine")(x)
def lam(x): return layers.Lambda(lambda t: t, name="mine")(x)
class OwnModel(keras.Model):
    def call(self, x): return x
def own_model(): return OwnModel()
def wide():
    x = keras.Input((4000,)); return keras.Model(x, layers.Dense(4000)(x))
def growing():
    x = keras.Input((8, 8, 3)); return keras.Model(x, layers.UpSampling2D(1000)(x))
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    with student(tmp_path_factory.mktemp("networks"), STUDENT) as channel:

        def call(name, *args, **kwargs):
            return functions(channel, name)[0](*args, **kwargs)

        call.channel = channel
        yield call
        assert channel.dead == ""
        assert channel.suspicious == []


def test_a_model_arrives_whole(ask):
    model = ask("make")
    kinds = {type(layer).__name__ for layer in model.layers}
    assert {"Conv2D", "BatchNormalization", "Dropout", "Add", "Sequential"} <= kinds
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    calm = [np.asarray(out) for out in model(x)]
    assert [out.shape for out in calm] == [(2, 8, 8, 4), (2, 2)]
    assert np.abs(calm[0]).max() > 0, "the weights came along"
    assert not np.allclose(model(x, training=True)[0], calm[0]), "dropout drops while training"
    again = ask("same", model)
    assert again is model


def test_a_shared_layer_stays_shared(ask):
    tower = ask("tower")
    assert len(tower.weights) == 2
    a, b = np.ones((1, 2), "float32"), np.zeros((1, 2), "float32")
    kernel, _ = tower.get_layer("shared").get_weights()
    np.testing.assert_allclose(tower([a, b]), a @ kernel, rtol=1e-5)
    assert [x.name for x in tower.inputs] == ["a", "b"]


def test_weights_and_flags_are_written_back(ask):
    x = keras.Input((4,))
    model = keras.Model(x, layers.BatchNormalization(name="norm")(layers.Dense(2)(x)))
    kernel = model.layers[1].get_weights()[0]
    assert ask("freeze", model) is model
    assert model.trainable
    assert [layer.trainable for layer in model.layers] == [False] * 3
    assert model.trainable_weights == []
    assert all((weight == 3).all() for weight in model.get_layer("norm").get_weights())
    np.testing.assert_array_equal(model.layers[1].get_weights()[0], kernel)


def test_a_network_that_was_rebuilt_in_place_comes_back_as_a_new_one(ask):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(2)])
    came = ask("new_head", model)
    assert [layer.units for layer in came.layers] == [3, 5]
    assert [layer.units for layer in model.layers] == [3, 2]
    np.testing.assert_array_equal(came.layers[0].get_weights()[0], model.layers[0].get_weights()[0])


def test_a_function_of_symbolic_tensors_grows_the_callers_graph(ask):
    x = keras.Input((None, None, 3))
    start = layers.Conv2D(3, 3, name="conv2d")(x)
    y = ask("block", ask("block", start), filters=5)
    model = keras.Model(x, layers.Conv2D(1, 1)(y))
    assert y.shape == (None, None, None, 5)
    assert not any(isinstance(layer, keras.Model) for layer in model.layers), "it is flat"
    assert sum(isinstance(layer, layers.Conv2D) for layer in model.layers) == 6
    inner = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    keras.Model(model.input, inner[0].output)  # each layer is called once, on the caller's tensors
    image = np.random.default_rng(0).normal(size=(1, 9, 9, 3)).astype("float32")
    calm, wild = np.asarray(model(image)), np.asarray(model(image, training=True))
    assert calm.shape == (1, 7, 7, 1)
    assert not np.allclose(calm, wild)
    assert np.abs(calm).max() > 0


def test_structures_of_symbolic_tensors_cross(ask):
    a, b = keras.Input((2,)), keras.Input((2,))
    total, more = ask("pair", a, b)
    model = keras.Model([a, b], [total, more["side"]])
    out = model([np.ones((1, 2)), np.ones((1, 2))])
    np.testing.assert_allclose(out[0], 2)
    assert ask("same", a) is a
    twice = keras.Model(a, ask("reuse", keras.layers.Dense(3)(a)))
    assert len(twice.layers[-1].weights) == 2
    assert len(twice.weights) == 4


def test_the_networks_values_are_the_students(ask):
    x = keras.Input((3,))
    model = keras.Model(x, ask("reuse", x))
    kernel, bias = model.layers[-1].get_weights()
    value = np.ones((1, 3), "float32")
    np.testing.assert_allclose(model(value), (value @ kernel + bias) @ kernel + bias, rtol=1e-5)


def test_tensors_are_tensors_inside_and_arrays_outside(ask):
    value, kind, shape = ask("tensor", keras.ops.ones((2,)))
    assert type(value) is np.ndarray
    assert value.tolist() == [2, 2]
    assert kind == "EagerTensor"
    assert shape == (2,)
    assert ask("tensor", np.ones(2))[1] == "ndarray"
    assert ask("variable", np.ones(2, "float32")).dtype == np.float32


def test_a_loss_is_called_as_a_training_calls_it(ask):
    powers, number, asks = functions(ask.channel, "powers", "number", "asks")
    given = np.array([[1.0, 2], [3, 4], [5, 6]])
    (result, gradients), found = powers.call_watched(
        (given, np.ones(3)), {"power": 3}, ("statistics",), {"wrt": [0, 1]}
    )
    assert type(result) is np.ndarray
    np.testing.assert_allclose(result, (given**3).sum(axis=1))
    np.testing.assert_allclose(gradients[0], 3 * given**2)
    assert gradients[1] is None
    assert found == ["statistics.mean"], "the call is watched like any other"
    assert "batch None" in ask.channel.take_printed()
    powers.call_watched((given, given), {}, (), {"open_batch": False})
    assert "batch 3" in ask.channel.take_printed()
    assert number.call_watched((given,), {}, (), {})[0] == (1.5, None)
    with pytest.raises(TypeError, match="no numbers yet: if, while") as raised:
        asks.call_watched((given[0],), {}, (), {})
    assert "if x[0] > 0" in raised.value.student_line


def test_losses_optimisers_and_layers_cross(ask):
    assert ask("loss").get_config()["label_smoothing"] == 0.25
    assert float(ask("adam").learning_rate) == 0.25
    assert ask("dense").activation is keras.activations.gelu


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("own", True, "holds mine of the class Own, which may not cross; use Keras's own layers"),
        ("lam", True, "holds mine of the class Lambda of keras.layers, which may not cross"),
        ("own_model", False, "OwnModel"),
        ("loose", True, "does not come from the given tensors alone"),
        ("alone", False, "a symbolic tensor, though none was given"),
        ("wide", False, "16,004,000 weights; at most 10,000,000 can cross"),
        ("growing", False, "outputs of shape"),
    ],
)
def test_what_may_not_cross_is_said(ask, name, given, said, request):
    with pytest.raises(BadReply, match=said):
        ask(name, *([keras.Input((3,))] if given else []))


def node(value):
    """A network's node, to be forged."""
    return Encoder(LIMITS).encode(value)


def sequential(*parts):
    return node(keras.Sequential([keras.Input((3,)), *parts]))


def forged(change):
    """A small network's node with one thing changed in its dense layer's configuration."""
    tag, config, weights, flags = sequential(layers.Dense(2))
    change(config["config"]["layers"][1], weights, flags)
    return [tag, config, weights, flags]


@pytest.mark.parametrize(
    "change",
    [
        lambda layer, weights, flags: layer.update(class_name="Lambda"),
        lambda layer, weights, flags: layer.update(class_name="TFSMLayer"),
        lambda layer, weights, flags: layer.update(class_name="StringLookup"),
        lambda layer, weights, flags: layer.update(module="os", class_name="system"),
        lambda layer, weights, flags: layer.update(module=None, registered_name="x>Dense"),
        lambda layer, weights, flags: layer.update(module="keras.src.ops.core", class_name="Map"),
        lambda layer, weights, flags: layer.update(module="keras.utils", class_name="get_file"),
        lambda layer, weights, flags: layer.update(compile_config={"loss": "mse"}),
        lambda layer, weights, flags: layer["config"].update(units=2**15),
        lambda layer, weights, flags: layer["config"].update(units=2**30),
        lambda layer, weights, flags: layer["config"].update(units="many"),
        lambda layer, weights, flags: layer["config"].update(name="a/b"),
        lambda layer, weights, flags: layer["config"].update(activation="nonsense"),
        lambda layer, weights, flags: layer["config"].update(
            activation={"class_name": "__lambda__", "config": {"value": "x"}}
        ),
        lambda layer, weights, flags: layer["config"].update(
            activation={"module": "os", "class_name": "function", "config": "system"}
        ),
        lambda layer, weights, flags: layer["config"].update(
            activation={"class_name": "__numpy__", "config": {"value": [1], "dtype": "U9999999"}}
        ),
        lambda layer, weights, flags: weights.pop(),
        lambda layer, weights, flags: weights.reverse(),
        lambda layer, weights, flags: weights.append(["<f4", [10**9], ""]),
        lambda layer, weights, flags: weights[0].__setitem__(0, "<f8"),
        lambda layer, weights, flags: weights[0].__setitem__(2, ""),
        lambda layer, weights, flags: weights[0].__setitem__(1, [True, -1]),
        lambda layer, weights, flags: flags.append(True),
        lambda layer, weights, flags: flags.__setitem__(0, 1),
    ],
)
def test_forged_networks_are_refused(change):
    with pytest.raises((MalformedError, RefusedError, ValueError, TypeError)):
        Decoder(LIMITS).decode(forged(change))


def test_the_node_that_is_forged_is_sound_before():
    came = Decoder(LIMITS).decode(forged(lambda layer, weights, flags: None))
    assert came.layers[0].units == 2


def test_a_few_letters_cannot_ask_for_gigabytes():
    """Weights are counted before they are made, and against those that came."""
    tag, config, weights, flags = sequential(layers.Dense(2))
    config["config"]["layers"][1]["config"]["units"] = 60_000
    config["config"]["layers"][0]["config"]["batch_shape"] = [None, 60_000]
    with pytest.raises(MalformedError, match="fewer weights than its layers need"):
        Decoder(LIMITS).decode([tag, config, weights, flags])


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Dense", "module": "keras.layers", "config": {"units": [2**20, 2**20]}},
        {"class_name": "Dense", "module": "keras.layers", "config": {"strides": [5000]}},
        {"class_name": "Dense", "module": "keras.layers", "config": {"name": "x" * 20_000}},
        {"class_name": ["Dense"], "module": "keras.layers", "config": {}},
        {"class_name": "Dense", "module": ["keras.layers"], "config": {}},
        {"class_name": "__bytes__", "config": {"value": ""}},
        {"class_name": "__typespec__", "config": []},
        [],
        None,
    ],
    ids=lambda config: repr(config)[:60],
)
def test_blueprints_out_of_bounds_are_refused(config):
    with pytest.raises((MalformedError, RefusedError)):
        blueprint.check(config, LIMITS)


def test_deep_and_many_layered_blueprints_are_refused():
    deep = {}
    for _ in range(100):
        deep = {"config": deep}
    layer = {"class_name": "Dense", "module": "keras.layers", "inbound_nodes": []}
    for config in (deep, [layer] * 601, [0] * 200_000):
        with pytest.raises(MalformedError):
            blueprint.check({**layer, "config": config}, LIMITS)
