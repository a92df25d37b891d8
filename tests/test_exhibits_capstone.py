"""The exhibit of `capstone`: its arithmetic against Python's, its page driven by hand."""

import numpy as np
import pytest
from exhibit_helpers import FRAME, numbers, script_of_a_drag, set_slider, settle

from course_lib.exhibits import capstone_features as features
from course_lib.exhibits.capstone import KinExplorer

PLACES = [(0, 12, 12), (1, 0, 63), (2, 63, 31)]

# Arithmetic


@pytest.fixture(scope="module")
def calculate(calculator):
    """What the front end exports."""
    return calculator("capstone/kin_explorer.js", "capstone/kin.js")


@pytest.mark.parametrize("place", PLACES)
def test_likeness_and_kin_equal_pythons(calculate, place):
    explorer, held = KinExplorer(*place), features.load()
    (cell,) = calculate("cellOf", [list(place)])
    assert cell == (place[0] * 16 + place[1] // 4) * 16 + place[2] // 4
    classes = held["cells"].ravel().tolist()
    for encoder in features.ENCODERS:
        rows = held[encoder].ravel().tolist()
        (found,) = calculate("similaritiesOf", [[rows, cell]])
        np.testing.assert_allclose(found, explorer.similarities(encoder).ravel(), atol=1e-12)
        (share,) = calculate("kinShareOf", [[rows, classes, cell]])
        assert share == pytest.approx(explorer.kin(encoder), abs=0.006)  # ties, by the last bit


def test_colours_grow_brighter(calculate):
    found = np.array(calculate("colourOf", [[v] for v in (-1, 0, 0.25, 0.5, 0.75, 1, 2)]))
    assert (np.diff(found @ [0.2126, 0.7152, 0.0722]) >= 0).all()
    assert found[0].tolist() == found[1].tolist() == [0, 0, 4]
    assert found[-1].tolist() == found[-2].tolist() == [252, 255, 164]


def test_what_ships_is_small_and_says_what_it_shows():
    held = features.load()
    assert features.FILE.stat().st_size < 100_000
    assert held["pages"].shape == (3, 64, 64)
    assert held["cells"].shape == (3, 16, 16)
    for encoder in features.ENCODERS:
        rows = held[encoder].astype(float) / 127
        np.testing.assert_allclose(np.linalg.norm(rows, axis=-1), 1, atol=0.03)


def test_kin_is_found_nearly_everywhere_by_the_pretrained_encoder_alone():
    shares = {encoder: [] for encoder in features.ENCODERS}
    for page in range(3):
        for row in range(4, 64, 8):
            for column in range(4, 64, 8):
                explorer = KinExplorer(page, row, column)
                for encoder, found in shares.items():
                    found.append(explorer.kin(encoder))
    assert np.mean(shares["pretrained"]) > 0.8
    assert np.mean(shares["untrained"]) < 0.5


def test_words_of_the_still_are_its_numbers():
    explorer = KinExplorer(1, 30, 40)
    said = numbers(explorer.alternative_text())
    assert said[:3] == [30, 40, 2]
    expected = [round(100 * explorer.kin(encoder)) for encoder in features.ENCODERS]
    assert said[3:] == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: KinExplorer(page=3), "page must be at most 2 here; got 3"),
        (lambda: KinExplorer(row=64), "row must be at most 63"),
        (lambda: KinExplorer(column=-1), "column must be an integer of at least 0"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# The page, driven by hand


def shares(page):
    return numbers(" ".join(page.locator(".kin-share").all_inner_texts()))


def expected(*place):
    return [round(100 * KinExplorer(*place).kin(encoder)) for encoder in features.ENCODERS]


def test_dials_move_the_place(opened):
    page = opened(KinExplorer())
    for label, value in (("page", 3), ("row", 50), ("column", 33)):
        set_slider(page, label, value)
    np.testing.assert_allclose(shares(page), expected(2, 50, 33), atol=1)
    assert page.locator(".kin-mark:visible").count() == 1


def test_a_pointer_moves_the_place(opened):
    page = opened(KinExplorer(), width=390, has_touch=True)
    box = page.locator(".kin-page").nth(1).bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25)
    settle(page)
    assert page.get_by_label("page", exact=True).input_value() == "2"
    row, column = (int(page.get_by_label(n, exact=True).input_value()) for n in ("row", "column"))
    assert abs(row - 16) <= 1
    assert abs(column - 48) <= 1
    np.testing.assert_allclose(shares(page), expected(1, row, column), atol=1)


def test_the_keyboard_moves_the_place(opened):
    page = opened(KinExplorer())
    page.get_by_label("column", exact=True).focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    settle(page)
    assert page.get_by_label("column", exact=True).input_value() == "16"
    np.testing.assert_allclose(shares(page), expected(0, 12, 16), atol=1)


def test_a_drag_is_answered_within_a_frame(opened):
    assert script_of_a_drag(opened(KinExplorer()), "column", range(64)) < FRAME
