"""The names of ready-made calls that are found."""

import functools
import sys
import types

import pytest

from course_lib.grading.inside.watch import CallWatcher

LIBRARY = """
import functools

def blur(image): return image

def guarded(function):
    def handler(*arguments):
        return function(*arguments)
    return handler

def dispatched(function):
    @functools.wraps(function)
    def dispatcher(*arguments):
        return function(*arguments)
    return dispatcher

smooth = guarded(dispatched(blur))

def each(do, image):
    def one(pixel): return pixel
    return do(one, image)
"""


@pytest.fixture
def library(monkeypatch):
    """A library of one module, imported for the length of a test."""
    module = types.ModuleType("ready.python.images")
    exec(LIBRARY, module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def found(call):
    with CallWatcher(("ready",)) as watcher:
        call()
    return watcher.found


def test_a_call_has_its_public_name(library):
    assert found(lambda: library.blur([1])) == ["ready.images.blur"]


def test_a_wrapped_function_is_named_and_not_its_wrapper(library):
    assert found(lambda: library.smooth([1])) == ["ready.images.blur"]


def test_inner_functions_that_are_called_back_are_not_named_too(library):
    back = functools.partial(map)
    assert found(lambda: list(library.each(back, [1, 2]))) == ["ready.images.each"]


def test_an_inner_function_alone_is_found(library):
    inner = library.guarded(len)  # wraps what is no function of the library
    (name,) = found(lambda: inner([1]))
    assert name == "ready.images.guarded.<locals>.handler"


def test_a_name_that_claims_to_be_another_leaves_no_false_memory():
    class Liar(str):
        lies = False

        def __eq__(self, other):
            return self.lies

        def __hash__(self):
            return hash("scipy.signal")

    watcher = CallWatcher(("scipy.signal",))
    assert not watcher.covers(Liar("harmless"))
    Liar.lies = True
    assert watcher.covers("scipy.signal")
    assert not watcher.covers("scipy")
    assert not watcher.covers(3)
