"""Pictures and digits: shipped, credited, deterministic."""

import socket
from importlib.metadata import files
from pathlib import Path

import numpy as np
import pytest

from course_lib.data import CREDITS, digits, photograph


@pytest.mark.parametrize("name", CREDITS)
def test_every_picture_is_there_and_in_range(name):
    picture = photograph(name, 32)
    assert picture.shape in {(32, 32), (32, 32, 3)}
    assert picture.dtype == np.float64
    assert picture.min() >= 0
    assert picture.max() <= 1
    assert picture.std() > 0.01


def test_no_picture_needs_the_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("a picture opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name in CREDITS:
        photograph(name)


def test_pictures_come_with_the_package():
    shipped = {Path(path).stem for path in files("scikit-image") if path.parent.name == "data"}
    other_names = {"cat": "chelsea", "clock": "clock_motion"}
    assert {other_names.get(name, name) for name in CREDITS} <= shipped


def test_credits_name_an_author_and_terms():
    for credit in CREDITS.values():
        assert all((credit.subject, credit.author, credit.licence))
    assert str(CREDITS["cat"]) == "Chelsea the cat: Stéfan van der Walt, CC0"


@pytest.mark.parametrize(
    ("name", "size", "gray", "shape"),
    [
        ("coffee", None, False, (400, 600, 3)),
        ("coffee", None, True, (400, 600)),
        ("coffee", 50, False, (50, 50, 3)),
        ("coffee", (20, 60), True, (20, 60)),
        ("camera", (60, 20), False, (60, 20)),
        ("camera", 600, False, (600, 600)),
    ],
)
def test_shapes(name, size, gray, shape):
    assert photograph(name, size, gray).shape == shape


def test_the_middle_is_cut_and_not_squeezed():
    whole, middle = photograph("coffee"), photograph("coffee", 400)
    np.testing.assert_allclose(middle, whole[:, 100:500], atol=1e-12)


def test_same_numbers_every_time():
    np.testing.assert_array_equal(photograph("cat", 40), photograph("cat", 40))


def test_unknown_picture_lists_those_that_ship():
    with pytest.raises(ValueError, match=r"no picture 'skin' .* astronaut, brick, camera"):
        photograph("skin")


@pytest.mark.parametrize("size", [0, (10, -1), 3.5, "large"])
def test_impossible_size(size):
    with pytest.raises(ValueError, match="size must be an integer of at least 1"):
        photograph("camera", size)


def test_digits():
    images, labels = digits()
    assert images.shape == (1797, 8, 8, 1)
    assert labels.shape == (1797,)
    assert (images.min(), images.max()) == (0, 1)
    assert set(labels) == set(range(10))
