"""The oneDNN trap: gradients of 1x1 convolutions with strides, and that nobody of ours meets them.

TensorFlow computes on a CPU with oneDNN by default. The filter gradient of a 1x1 convolution with
strides, the projection shortcut of every residual network, is then broken: on some shapes the
process dies, on some the gradient is wrong, on others it is right. So it is tried in processes of
its own, on several shapes.
"""

import ast
import functools
import importlib
import inspect
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from course_lib.topics import ASSIGNED, TOPICS

ROOT = Path(__file__).resolve().parent.parent
SWITCH = "TF_ENABLE_ONEDNN_OPTS"
SHAPES = ((1, 16, 8, 16), (2, 64, 8, 16), (1, 32, 16, 32), (4, 16, 64, 128))
MENDED = """
None of these shapes crashes any more with oneDNN on, and all gradients are right: either this
TensorFlow ({version}) has mended it, or this CPU takes another path. Run this test on two machines.
If it passes on neither:
  1. raise the lowest TensorFlow in pyproject.toml to the one that is right;
  2. take the switch out of the first cell of the assignments, and the paragraph that explains it;
  3. take it out of course_lib/checks/__init__.py (results of the sandbox may keep it);
  4. `course_lib.residual.subsample` may stay: it computes the same. Rewrite its docstring, the
     chapter's box on oneDNN, and this file.
"""

# Run in a process of its own: may be killed by what it tries. It prints the relative error.
GRADIENT = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np, tensorflow as tf

def error(batch, size, channels, filters, how):
    rng = np.random.default_rng(0)
    images = rng.normal(size=(batch, size, size, channels)).astype("float32")
    kernel = tf.Variable(rng.normal(size=(1, 1, channels, filters)).astype("float32"))
    back = rng.normal(size=(batch, size // 2, size // 2, filters)).astype("float32")
    seen = images[:, ::2, ::2].reshape(-1, channels).astype(float)
    if how == "forward":
        came = tf.nn.conv2d(images, kernel, 2, "SAME").numpy().reshape(-1, filters)
        due = seen @ kernel.numpy()[0, 0].astype(float)
        return float(np.abs(came - due).max() / np.abs(due).max())
    with tf.GradientTape() as tape:
        if how == "subsample":
            output = tf.nn.conv2d(tf.nn.avg_pool2d(images, 1, 2, "VALID"), kernel, 1, "SAME")
        else:
            output = tf.nn.conv2d(images, kernel, 2, "SAME")
        loss = tf.reduce_sum(output * back)
    came = tape.gradient(loss, kernel).numpy()[0, 0].astype(float)
    due = seen.T @ back.reshape(-1, filters)
    return float(np.abs(came - due).max() / np.abs(due).max())

from tensorflow.python.util import _pywrap_util_port as port
shapes, how = eval(sys.argv[1]), sys.argv[2]
print("version", tf.__version__, "onednn", port.IsMklEnabled(), flush=True)
print("errors", [error(*shape, how) for shape in shapes], flush=True)
"""


def _gradients(shapes, how, onednn):
    """Return the largest relative error, infinite if the process died, version, and oneDNN or not.

    Args:
        shapes: tuples of batch, size, channels and filters.
        how: `"strided"` and `"subsample"` take gradients, `"forward"` does not.
        onednn: the value of the switch.
    """
    done = subprocess.run(
        [sys.executable, "-c", GRADIENT, repr(tuple(shapes)), how],
        env={**os.environ, SWITCH: onednn},
        capture_output=True,
        text=True,
        timeout=240,
    )
    said = re.search(r"^version (\S+) onednn (\w+)$", done.stdout, re.MULTILINE)
    assert said, done.stderr[-2000:]
    errors = re.search(r"^errors (\[.*\])$", done.stdout, re.MULTILINE)
    # Killed by a signal; anything else would be a mistake in the script.
    assert errors or done.returncode < 0, done.stderr[-2000:]
    largest = max(json.loads(errors[1])) if errors else np.inf
    return largest, said[1], said[2] == "True"


# --- what TensorFlow does ------------------------------------------------------------------------


def test_strided_1x1_is_still_broken_with_onednn():
    """It passes as long as the bug is there, so that we notice when it is mended."""
    for shape in SHAPES:
        error, version, built_in = _gradients([shape], "strided", onednn="1")
        if error > 1e-3:
            return
        if not built_in:
            pytest.skip("this TensorFlow has no oneDNN: the trap is not there")
    pytest.fail(MENDED.format(version=version))


@pytest.mark.slow
def test_strided_1x1_is_right_without_onednn():
    error, *_ = _gradients(SHAPES, "strided", onednn="0")
    assert error < 1e-5  # float32 with up to 2,048 summands; 1e-7 to 2e-6 seen


@pytest.mark.slow
def test_subsampling_first_is_right_with_onednn():
    error, *_ = _gradients(SHAPES, "subsample", onednn="1")
    assert error < 1e-5


@pytest.mark.slow
def test_outputs_are_right_with_onednn():
    """Checks only run a student's network forwards: they survive where the switch was left on."""
    error, *_ = _gradients(SHAPES, "forward", onednn="1")
    assert error < 1e-5


# --- who runs without it -------------------------------------------------------------------------


def test_checks_grader_and_course_check_switch_it_off_before_keras_is_loaded():
    """`check`, `course check` and the grader's trusted side import course_lib.checks first."""
    code = (
        "import course_lib.cli, os, sys; "
        f"print(os.environ['{SWITCH}'], 'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if name != SWITCH}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "False", "False"]


def test_sandbox_runs_without_it():
    from course_lib.grading.sandbox import ENVIRONMENT

    assert ENVIRONMENT[SWITCH] == "0"


def _first_code(notebook):
    return next(cell.source for cell in notebook.cells if cell.cell_type == "code")


def test_assignment_switches_it_off_first_and_says_why():
    notebook = nbformat.read(ROOT / "assignments/residual/residual.ipynb", as_version=4)
    first = _first_code(notebook)
    switch = first.index(f'os.environ["{SWITCH}"] = "0"')
    assert switch < first.index("import keras")
    before = notebook.cells[0].source
    assert "oneDNN" in before
    assert "`Conv2D(filters, 1)`" in before


# --- who must not build it -----------------------------------------------------------------------

# What a function that builds a network is called with; strides of every kind, 1x1 kernels too.
ARGUMENTS = {
    "filters": [4, 6],
    "classes": 3,
    "depth": 8,
    "units": 5,
    "rate": 0.5,
    "drop_rate": 0.5,
    "dropout_rate": 0.5,
    "task": "kind",
}
# Tried both ways.
SWITCHES = {"learnable_sampling": (False, True)}
# The first that a function takes: a size that its strides fit, one that is halved five times.
SHAPES_OF_INPUTS = ((12, 12, 4), (32, 32, 4), (12,))
STRIDES = (2, 3, (1, 2))
# TensorFlow's depthwise convolution takes equal strides only.
EQUAL_STRIDES = {"depthwise_separable_block", "inverted_residual_block"}
TENSORS = ("tensor", "image", "x")
# They take arrays, or no strides and no kernels.
NO_CONVOLUTIONS = {
    "batch_normalization.batch_norm_gradients",
    "batch_normalization.batch_norm_inference",
    "batch_normalization.batch_norm_train",
    "batch_normalization.batch_statistics",
    "batch_normalization.prepared",
    "dropout.drop_block",
    "dropout.dropout",
    "dropout.spatial_dropout",
    "dropout.stochastic_depth",
    "unet.original_unet",
}


def _is_trap(kernel_size, strides):
    both = [one if isinstance(one, (tuple, list)) else (one,) for one in (kernel_size, strides)]
    return set(both[0]) == {1} and max(both[1]) > 1


@functools.cache
def _builders():
    """Functions of the topics that take a tensor and build a network on it."""
    found = {}
    for topic in TOPICS:
        module = importlib.import_module(f"course_lib.{topic.stem}")
        if "keras" not in inspect.getsource(module):
            continue
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and next(iter(inspect.signature(function).parameters), "") in TENSORS:
                found[f"{topic.stem}.{name}"] = function
    return {name: function for name, function in found.items() if name not in NO_CONVOLUTIONS}


def _calls(function):
    """The settings to try, from those that the function has."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    names = {parameter.name for parameter in parameters}
    fixed = {}
    for parameter in parameters:
        needed = parameter.default is parameter.empty
        if parameter.name in ARGUMENTS and (needed or isinstance(parameter.default, int)):
            fixed[parameter.name] = ARGUMENTS[parameter.name]
        elif needed and parameter.name not in ("strides", "kernel_size"):
            pytest.fail(f"give {parameter.name!r} of {function.__name__} a value in ARGUMENTS")
    tried = {
        "strides": STRIDES[:2] if function.__name__ in EQUAL_STRIDES else STRIDES,
        "kernel_size": (1, 3),
        "block": ("original", "preactivation", "lecture", "plain"),
        **SWITCHES,
    }
    tried = {name: values for name, values in tried.items() if name in names}
    for values in itertools.product(*tried.values()):
        yield fixed | dict(zip(tried, values, strict=True))


def _built(monkeypatch, function, settings):
    """Call a function on a tensor; return kernel size and strides of each Conv2D that it made."""
    import keras

    made, whole = [], keras.layers.Conv2D.__init__

    def noted(self, *args, **kwargs):
        whole(self, *args, **kwargs)
        made.append((tuple(self.kernel_size), tuple(self.strides)))

    monkeypatch.setattr(keras.layers.Conv2D, "__init__", noted)
    try:
        for shape in SHAPES_OF_INPUTS:
            try:
                _with_filters(function, keras.Input(shape), settings)
                return made
            except ValueError as error:  # it takes another shape, or refuses these settings
                problem = error
        raise problem
    finally:
        monkeypatch.setattr(keras.layers.Conv2D, "__init__", whole)


def _with_filters(function, tensor, settings):
    """Filters are a number for some functions, a list for others; a pair may be an entry."""
    strides = settings.get("strides", 1)
    listed = {"strides": [strides, 1]} if isinstance(strides, tuple) else {}
    for own in ({}, {"filters": 6}, listed):
        if own.keys() <= settings.keys():
            try:
                return function(tensor, **settings | own)
            except (TypeError, ValueError) as error:
                problem = error
    raise problem


def test_no_function_of_ours_builds_it(monkeypatch):
    assert {"residual.shortcut", "residual.residual_block_v1", "residual.resnet"} <= set(
        _builders()
    )
    made = 0
    for name, function in _builders().items():
        for settings in _calls(function):
            built = _built(monkeypatch, function, settings)
            made += len(built)
            assert not any(_is_trap(*one) for one in built), (name, settings, built)
    assert made > 100, "the guard looks at nothing"


def test_the_guard_sees_it(monkeypatch):
    from keras import layers

    def strided(tensor, filters, strides):
        return layers.Conv2D(filters, 1, strides=strides)(tensor)

    built = _built(monkeypatch, strided, {"filters": 6, "strides": (1, 2)})
    assert [_is_trap(*one) for one in built] == [True]


CONV = re.compile(r"^(Separable)?Conv2D$")


def _traps_in(source):
    """Calls of Conv2D with a 1x1 kernel and strides that are not 1, as they are written."""
    for node in ast.walk(ast.parse(source)):
        name = getattr(getattr(node, "func", None), "attr", getattr(node, "func", None))
        name = name if isinstance(name, str) else getattr(name, "id", "")
        if not (isinstance(node, ast.Call) and CONV.match(name)):
            continue
        given = dict(zip(("filters", "kernel_size", "strides"), node.args, strict=False))
        given |= {word.arg: word.value for word in node.keywords}
        texts = {name: ast.unparse(value).replace(" ", "") for name, value in given.items()}
        small = texts.get("kernel_size") in ("1", "(1,1)", "[1,1]")
        if small and texts.get("strides", "1") not in ("1", "(1,1)", "[1,1]"):
            yield f"line {node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("keras.layers.Conv2D(8, 1, strides=2)(x)", 1),
        ("Conv2D(filters=8, kernel_size=(1, 1), strides=(s, s))(x)", 1),
        ("layers.Conv2D(8, 1, 2)(x)", 1),
        ("layers.Conv2D(8, 1)(x); layers.Conv2D(8, 3, strides=2)(x)", 0),
    ],
)
def test_the_reader_sees_it(source, count):
    assert len(list(_traps_in(source))) == count


def _python(cell):
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", cell, flags=re.MULTILINE)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.stem)
def test_no_cell_of_a_chapter_makes_it(topic):
    """Unless the page switches oneDNN off before it loads Keras."""
    text = (ROOT / "book" / f"{topic.stem}.md").read_text(encoding="utf8")
    cells = re.findall(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    source = "\n".join(
        _python(re.sub(r"\A(---\n.*?^---\n|(:[\w-]+:[^\n]*\n)+)", "", c, flags=re.M | re.S))
        for c in cells
    )
    assert list(_traps_in(source)) == [] or f'os.environ["{SWITCH}"] = "0"' in source


@pytest.mark.parametrize("topic", ASSIGNED, ids=lambda topic: topic.stem)
def test_a_solution_that_makes_it_switches_onednn_off(topic):
    notebook = nbformat.read(ROOT / "solutions" / topic.stem / f"{topic.stem}.ipynb", as_version=4)
    code = "\n".join(_python(c.source) for c in notebook.cells if c.cell_type == "code")
    if list(_traps_in(code)):
        loads = re.search(r"^\s*(import|from) (keras|tensorflow)\b", code, re.MULTILINE)
        assert code.index(f'os.environ["{SWITCH}"] = "0"') < loads.start()


def test_our_modules_do_not_write_it_down():
    for path in (ROOT / "course_lib").glob("*.py"):
        assert list(_traps_in(path.read_text(encoding="utf8"))) == [], path.name
