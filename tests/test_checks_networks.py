"""Checks of networks: weights by position, what is measured, and how failures are told."""

import re

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
layers = keras.layers

from course_lib.checks import networks  # noqa: E402  after Keras, which may be missing
from course_lib.checks.audit import memorised  # noqa: E402
from course_lib.checks.core import Check, Unfit, case  # noqa: E402
from course_lib.checks.diagnose import note_arguments  # noqa: E402
from course_lib.checks.run import run  # noqa: E402

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(2, 6, 5, 3)).astype("float32")


def norm_relu(tensor, filters, strides=1):
    y = layers.Conv2D(filters, 3, strides=strides, padding="same")(tensor)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.Conv2D(filters, 3, padding="same")(y)
    if strides != 1:
        tensor = layers.Conv2D(filters, 1)(layers.AveragePooling2D(1, strides)(tensor))
    return layers.ReLU()(layers.Add()([y, tensor]))


def nested(tensor, filters, strides=1):
    """The same network: another order, other names, a model within."""
    aside = tensor
    if strides != 1:
        aside = layers.Conv2D(filters, 1, strides=strides, name="first")(tensor)
    main = keras.Sequential(
        [
            layers.Conv2D(filters, 3, strides=strides, padding="same"),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Conv2D(filters, 3, padding="same", name="a_last_one"),
        ]
    )
    return keras.ops.relu(aside + main(tensor))


def relu_on_the_shortcut(tensor, filters, strides=1):
    return norm_relu(layers.ReLU()(tensor), filters, strides)


def no_projection(tensor, filters, strides=1):
    y = layers.Conv2D(filters, 3, strides=strides, padding="same")(tensor)
    return layers.Add()([y, tensor])


class Own(layers.Layer):
    def call(self, tensor):
        return 2 * tensor


def measure(answer, images, filters, strides, seed):
    tensor = networks.placeholder(images.shape[1:])
    model = networks.model_of(tensor, answer(tensor, filters, strides))
    networks.inject(model, seed)
    return networks.outputs(model, images)


@pytest.fixture
def block():
    check = Check(norm_relu, "residual", "a block", measure=measure, forbidden=("sklearn",))

    @check.part()
    def alike(rng):
        """Where the shapes agree."""
        yield case(rng.normal(size=(1, 5, 4, 3)).astype("float32"), 3, 1, 7)

    @check.part()
    def strided(rng):
        """Where the size shrinks."""
        size = int(rng.integers(5, 30))
        yield case(rng.normal(size=(1, 5, size, 3)).astype("float32"), 3, 2, 8)

    check.misconception("The shortcut goes through a ReLU")(relu_on_the_shortcut)
    check.misconception("The shortcut keeps its size where the other path shrinks")(no_projection)
    return check


def built(function, *arguments):
    tensor = networks.placeholder(IMAGES.shape[1:])
    return networks.model_of(tensor, function(tensor, *arguments))


def test_weights_follow_from_the_position(block):
    for seed in (1, 2):
        results = []
        for function in (norm_relu, nested):
            model = built(function, 3, 2)
            networks.inject(model, seed)
            results.append(networks.outputs(model, IMAGES))
        np.testing.assert_allclose(*results, rtol=1e-5, atol=1e-5)
        assert results[0].max() > 0.1
    assert run(block, nested, hidden=True).passed


def test_another_order_along_the_path_gives_other_weights():
    twin = built(lambda x: layers.Conv2D(3, 1)(layers.Conv2D(3, 1)(x)))
    networks.inject(twin, 1)
    first, second = networks.weighted(twin)
    assert (first.depth, second.depth) == (1, 2)
    assert first.roles == ("kernel", "bias")
    assert not np.allclose(first.layer.get_weights()[0], second.layer.get_weights()[0])


def test_injected_weights_are_signed_and_never_trivial():
    model = built(norm_relu, 8, 2)
    networks.inject(model, 3)
    for one in networks.weighted(model):
        values = dict(zip(one.roles, one.layer.get_weights(), strict=True))
        if "gamma" in values:
            assert np.abs(values["gamma"]).min() >= 0.5
            assert values["moving_variance"].min() > 0
        else:
            assert values["kernel"].min() < 0 < values["kernel"].max()
    networks.inject(model, 3, biases=False)
    kept = [one for one in networks.weighted(model) if "bias" in one.roles]
    assert all(not one.layer.get_weights()[1].any() for one in kept)


def test_parts_of_a_network_can_be_silenced():
    model = built(norm_relu, 3, 1)
    networks.inject(model, 1)
    assert networks.zero(model, lambda one: one.depth == 3) == 1
    np.testing.assert_allclose(networks.outputs(model, IMAGES), np.maximum(IMAGES, 0), atol=1e-6)
    assert networks.parameters(model) == (2 * (3 * 3 * 3 * 3 + 3) + 6, 6)


def test_several_outputs_and_a_shared_layer():
    shared = layers.Conv2D(3, 1)
    tensor = networks.placeholder((4, 4, 3))
    model = networks.model_of(tensor, [shared(tensor), shared(shared(tensor))])
    networks.inject(model, 1)
    assert len(networks.weighted(model)) == 1
    once, twice = networks.outputs(model, IMAGES[:, :4, :4])
    assert once.shape == twice.shape == (2, 4, 4, 3)


def twice(tensor):
    return 2 * tensor


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (lambda x: None, "None instead of a tensor"),
        (lambda x: keras.Model(x, layers.ReLU()(x)), "a model of 2 layers"),
        (lambda x: layers.ReLU(), "a layer, "),
        (lambda x: 3, "3"),
        (lambda x: layers.ReLU()(keras.Input((2,))), "a tensor that does not come from the input"),
        (lambda x: Own()(x), "a network with a layer of a class of its own, Own"),
        (lambda x: keras.Sequential([Own()])(x), "a network with a layer of a class of its own"),
        (lambda x: layers.Lambda(lambda t: 2 * t)(x), "a Lambda layer"),
        (lambda x: layers.Dense(2, activation=twice)(x), "a layer Dense that was handed"),
        (
            lambda x: layers.Dense(2, activation=tf.nn.relu)(x),
            "a layer Dense that was handed a function of TensorFlow, relu",
        ),
        (lambda x: keras.Sequential([layers.Activation(twice)])(x), "a layer Activation that was"),
    ],
)
def test_what_is_no_network_is_said(answer, came):
    with pytest.raises(Unfit) as error:
        built(answer)
    assert error.value.came.startswith(came)
    assert error.value.expected


def test_mistakes_are_named_by_what_they_compute_or_by_how_they_fail(block):
    report = run(block, relu_on_the_shortcut, hidden=True)
    assert (report.score, report.diagnosis) == (0, "relu_on_the_shortcut")
    report = run(block, no_projection)
    assert report.diagnosis == "no_projection"
    assert "Received shapes" in report.outcomes[1].came

    def other_error(tensor, filters, strides=1):
        return norm_relu(tensor, filters) if strides == 1 else 1 / 0

    outcome = run(block, other_error).outcomes[1]
    assert "ZeroDivisionError" in outcome.came
    assert outcome.misconception is None


def test_the_report_shows_the_call_that_was_made(block):
    report = run(block, relu_on_the_shortcut)
    tried = report.outcomes[0].tried
    assert tried == "norm_relu(tensor=a tensor (None, 5, 4, 3), filters=3, strides=1)"
    assert report.example("alike")["filters"] == 3
    hidden = run(block, relu_on_the_shortcut, hidden=True).outcomes[0].tried
    assert hidden == "norm_relu(tensor=a tensor (None, 5, 4, 3))"


def test_arguments_that_differ_are_told(block):
    messages = [o.message for o in run(block, lambda image: image).outcomes]
    assert "The task asks for the arguments (tensor, filters, strides=1)" in messages[0]


@pytest.mark.parametrize(
    ("own", "call", "noted"),
    [
        (lambda tensor, filters, strides: 0, case(0, 3, 1), False),  # a stub may leave it out
        (lambda tensor, filters, strides=2: 0, case(0, 3, strides=1), False),
        (lambda tensor, filters, strides=2: 0, case(0, 3), True),
        (lambda tensor, filters, strides: 0, case(0, 3), True),
        (lambda filters, tensor, strides=1: 0, case(0, 3), True),
    ],
)
def test_arguments_are_remarked_on_where_the_call_suffers(own, call, noted):
    assert ("The task asks" in note_arguments(norm_relu, own, call)) == noted


def test_a_layer_of_images_does_not_make_all_behind_it_train():
    """Keras's Resizing takes it that it trains, and hands that on."""

    def resized(tensor):
        tensor = layers.Resizing(4, 4, interpolation="nearest")(tensor)
        return layers.BatchNormalization()(tensor)

    model = built(resized)
    images = np.random.default_rng(0).normal(3, 1, (4, *model.input_shape[1:])).astype("float32")
    inferred = networks.outputs(model, images, training=False)
    np.testing.assert_array_equal(networks.outputs(model, images), inferred)


def test_forbidden_calls_are_found_within_the_answer_alone(block):
    import sklearn.utils

    def ready(tensor, filters, strides=1):
        sklearn.utils.check_array(np.ones((2, 2)))
        return norm_relu(tensor, filters, strides)

    assert "sklearn" in run(block, ready).outcomes[0].came
    assert run(block, norm_relu).passed


def test_an_error_of_the_measure_is_not_the_error_that_was_due():
    def late(answer, value):
        answer(value)
        raise ValueError("ours")

    check = Check(lambda value: value, "residual", "late", measure=late)

    @check.part()
    def refused(rng):
        """It is refused."""
        yield case(1, raises=ValueError)

    def refuses(value):
        raise ValueError("theirs")

    assert not run(check, lambda value: value).passed
    assert run(check, refuses).passed


def test_memorised_networks_fail(block):
    assert run(block, memorised(block)).passed
    assert not run(block, memorised(block), hidden=True, forbidden=()).passed


def test_the_same_call_is_made_once_in_a_run():
    calls = []

    def counted(tensor, filters):
        import sklearn.utils

        calls.append(filters)
        sklearn.utils.check_array(np.ones((2, 2)))
        return layers.Conv2D(filters, 1)(tensor)

    def measured(answer, filters, seed):
        model = networks.built(answer, (4, 4, 2), filters)
        before = networks.outputs(model, np.ones((1, 4, 4, 2), "float32"))
        networks.inject(model, seed)
        return networks.outputs(model, np.ones((1, 4, 4, 2), "float32")) + 0 * before

    check = Check(lambda t, filters: layers.Conv2D(filters, 1)(t), "cnn", "a", measure=measured)
    check.part()(lambda rng: [case(3, 1), case(3, 2), case(4, 3)])
    assert run(check, counted, hidden=True, forbidden=()).passed
    assert calls == [3, 4]
    trial = run(check, counted, forbidden=("sklearn",))
    assert "sklearn" in trial.outcomes[0].came
    assert trial.outcomes[0].tried.endswith("filters=3)")


def test_a_model_comes_back_as_it_was_built():
    def dense(tensor):
        return layers.Dense(2, kernel_initializer="ones")(tensor)

    first = networks.built(dense, (3,))
    networks.inject(first, 1)
    again = networks.built(dense, (3,))
    assert again is first
    assert (again.get_weights()[0] == 1).all()


def test_layers_that_draw_draw_the_same_after_reseeding():
    from keras import layers

    def noisy(tensor):
        return layers.Dropout(0.5)(layers.Dropout(0.5)(tensor))

    def drawn(seed):
        tensor = networks.placeholder((40,))
        model = networks.model_of(tensor, noisy(tensor))
        networks.reseed(model, seed)
        return networks.outputs(model, np.ones((2, 40), np.float32), training=True)

    np.testing.assert_array_equal(drawn(1), drawn(1))
    assert (drawn(1) != drawn(2)).any()
    # Each layer draws for itself: of two alike, a quarter is left and not a half.
    assert 0.1 < np.mean(drawn(3) != 0) < 0.4


# --- a loss in training --------------------------------------------------------------------------


def test_what_a_loss_makes_of_tensors_without_numbers():
    def loss(truth, prediction, weight=1.0):
        assert not hasattr(truth, "numpy")
        picked = tf.boolean_mask(prediction, truth == 1)
        return weight * keras.ops.sum(picked**2)

    truth, prediction = np.array([1, 0, 1]), np.array([2.0, 3, 4])
    result, gradients = networks.in_training(loss, truth, prediction, wrt=[1], weight=0.5)
    assert result == 10
    np.testing.assert_allclose(gradients[0], [2, 0, 4])
    assert networks.in_training(loss, truth, prediction)[1] == []
    assert networks.in_training(lambda x: x * x.shape[0], truth, open_batch=False)[0].sum() == 6


@pytest.mark.parametrize(
    ("loss", "kind", "said"),
    [
        (np.mean, TypeError, "no numbers yet: NumPy"),
        (lambda x: float(x[0]), TypeError, "no numbers yet: NumPy"),
        (lambda x: x.numpy(), TypeError, "no numbers yet: NumPy"),
        (lambda x: 0.0 if x[0] > 1 else x, TypeError, "no numbers yet: if, while, for"),
        (sum, TypeError, "no numbers yet: if, while, for"),
        (lambda x: x.astype("float32"), TypeError, "they have no .astype; keras.ops"),
        (lambda x: x.mean(), TypeError, "they have no .mean; keras.ops"),
        (lambda x: x / len(x), TypeError, "len(...) is unknown: ops.shape"),
        (lambda x: x / x.shape[0], TypeError, "x.shape[0] is None; use ops.shape"),
        (lambda x: [x[i] for i in range(x.shape[0])], TypeError, "x.shape[0] is None"),
        (lambda x: [x], TypeError, "of type list, not a tensor"),
        (tf.sparse.from_dense, TypeError, "of type SparseTensor, not a tensor"),
        (lambda x: {}["text"], KeyError, "text"),
        (lambda x: 1.5, Unfit, "1.5"),
        (lambda x: None, Unfit, "None instead of a tensor"),
    ],
)
def test_what_is_no_loss_of_tensors_without_numbers(loss, kind, said):
    with pytest.raises(kind, match=re.escape(said)):
        networks.in_training(loss, np.array([1.0, 2]))


@pytest.mark.parametrize(
    "loss", [keras.ops.stop_gradient, keras.ops.sign, lambda x: tf.constant([0.5])]
)
def test_a_loss_by_which_nothing_is_learnt_is_refused(loss):
    networks.in_training(loss, np.array([1.0, 2]))
    with pytest.raises(Unfit, match="gradient is zero"):
        networks.in_training(loss, np.array([1.0, 2]), learns=[0])


def test_what_a_loss_keeps_of_one_training_is_of_no_use_in_the_next():
    kept = []

    def loss(x):
        kept.append(x * 2)
        return x + kept[0]

    with pytest.raises(TypeError, match="kept from an earlier one"):
        networks.in_training(loss, np.array([1.0, 2]))


def test_numpy_within_a_graph_of_ones_own_is_not_taken_for_no_answer():
    @tf.function
    def answer(x):
        return np.sum(x)

    check = Check(np.sum, topic="cnn", title="A sum", returns=("sum",), read="cnn.html")
    check.part(weight=1)(lambda rng: [case(keras.ops.ones(3))])
    outcome = run(check, answer, forbidden=()).outcomes[0]
    assert outcome.came.startswith("TypeError: NumPy cannot take a tensor")


def test_an_answer_that_is_not_there_is_not_said_to_be_wrong():
    def loss(x):
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"^$"):
        networks.in_training(loss, np.array([1.0, 2]))


def test_a_layer_that_always_trains_is_heard_unless_it_is_overruled():
    def noisy(tensor):
        return layers.Dropout(0.5)(layers.Dropout(0.5)(tensor), training=True)

    tensor = networks.placeholder((40,))
    model, ones = networks.model_of(tensor, noisy(tensor)), np.ones((2, 40), np.float32)
    assert 0.3 < np.mean(networks.outputs(model, ones) != 0) < 0.7
    assert (networks.outputs(model, ones, training=False) == 1).all()
    assert np.mean(networks.outputs(model, ones, training=True) != 0) < 0.4
