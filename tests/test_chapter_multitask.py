"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import runpy

import numpy as np
import pytest
from chapter_helpers import BOOK, cells, run_page, text
from chapter_helpers import says as chapter_says

from course_lib.checks import load
from course_lib.exhibits.multitask import SharingExplorer
from course_lib.models import as_model
from course_lib.multitask import backbone, masked_cross_entropy

STEM = "multitask"


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


@pytest.fixture(scope="module")
def found(page):
    """The kinds and quantities of each network, by seed."""
    return page["found"]


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def test_every_anchor_of_the_checks_is_a_target():
    for check in load(STEM):
        for read in filter(None, [check.read, *(part.read for part in check.parts)]):
            assert f"\n({read.partition('#')[2]})=\n" in text(STEM)


def test_what_is_known_of_the_first_pictures(page):
    missing = (page["known_kinds"] < 0) | np.isnan(page["known_radii"])
    assert missing.sum() == 3
    assert says("in three of them one of the two is a question mark")


@pytest.mark.parametrize(
    ("settings", "alone", "shared"),
    [({}, 14.3, 3.8), ({"apart": 90}, 0.5, 18.5), ({"kinds": 40}, 1.7, 3.8)],
)
def test_what_the_exhibit_shows(settings, alone, shared):
    scores = SharingExplorer(**settings).scores()
    assert round(100 * scores["kind"]["wrong"], 1) == alone
    assert round(100 * scores["both"]["wrong"], 1) == shared
    assert says(f"{shared} %")


# Data and network


def test_the_radius_does_not_give_the_kind_away(page):
    assert np.ptp(page["by_kind"]) < 0.3
    assert says("neither label can be guessed from the other one")


def test_parameters(page):
    assert 1.98 < page["apart"] / page["together"] < 2
    assert page["model"].get_layer("quantity").count_params() == 33
    assert says("Half the parameters")


def test_what_reaches_what(page):
    assert page["to_kind"] - page["to_quantity"] == {"kind"}
    assert page["to_quantity"] - page["to_kind"] == {"quantity"}
    assert len(page["to_kind"] & page["to_quantity"]) == 6  # three convolutions, three norms


# The loss


def test_the_unit_decides_who_is_heard(page):
    ratios, along = page["ratios"], page["along"]
    factor = ratios["percent of the side"] / ratios["share of the side"]
    assert factor == pytest.approx(10_000, rel=0.01)
    assert says("grows by a factor of 10,000")
    assert along["share of the side"] > 0.99
    assert along["percent of the side"] < 0.2
    assert ratios["share of the side"] < 0.05 < 20 < ratios["percent of the side"]


def test_masks(page):
    assert np.isnan(page["errors"] * page["there"]).sum() == 2
    assert page["by_us"] == 0.25
    assert page["by_keras"] == 0.125
    assert says("Their mean squared error is ¼. Divide by the batch, and it is ⅛")
    assert np.isnan(page["slopes"]["behind"]).tolist() == [False, True, False, True]
    np.testing.assert_allclose(page["slopes"]["before"], [0.5, 0, 0.5, 0])


# The experiment


def test_the_settings_are_those_that_the_page_tells():
    recipe = runpy.run_path(str(BOOK / "_data/multitask_sharing.py"))
    assert (recipe["IMAGES"], recipe["TESTS"], recipe["EPOCHS"]) == (1200, 1000, 12)
    assert (recipe["FEW_KINDS"], len(recipe["SEEDS"])) == (100, 3)
    assert says("1,200 pictures, twelve epochs")
    assert says("Only 100 of the 1,200 pictures keep their kind")
    assert recipe["IMAGES"] // 2 == 600  # the half that is drawn once, beside those with a kind
    assert says("the other half are 600 of the 1,200")


def test_every_network_was_trained_with_every_seed(page, found):
    recipe = runpy.run_path(str(BOOK / "_data/multitask_sharing.py"))
    assert set(found) == {name for name, _ in recipe["plan"]()}
    assert all(set(runs) == {"0", "1", "2"} for runs in page["shipped"].values())


def test_at_equal_parameters(found):
    one = found["full both"]["parameters"][0]
    two = sum(found[f"full {task} half"]["parameters"][0] for task in ("kind", "quantity"))
    assert two == pytest.approx(one, rel=0.01)


def test_with_all_labels_sharing_costs_a_little(found):
    kind, radius = (found["full both"][name] for name in ("kind", "quantity"))
    small = found["full kind half"]["kind"], found["full quantity half"]["quantity"]
    assert (small[0] > kind).all()
    assert (small[1] < radius).all()
    assert found["full kind"]["kind"].mean() == pytest.approx(small[0].mean(), abs=0.002)
    assert 0 < small[1].mean() - found["full quantity"]["quantity"].mean() < 0.01
    assert says("by less than a hundredth of a pixel")
    spreads = {arm: np.ptp(found[f"full {arm}"]["kind"]) for arm in ("both", "kind", "kind half")}
    assert max(spreads, key=spreads.get) == "both"
    for of in (kind, found["full kind"]["kind"], small[0]):
        assert (of > 0.9).all()
    assert says("more than nine in ten right")


def test_multiplications_are_as_many():
    recipe = runpy.run_path(str(BOOK / "_data/multitask_sharing.py"))

    def products(filters):
        channels = (3, *filters)
        sides = (32, 16, 8)
        return sum(
            side**2 * 9 * before * after
            for side, before, after in zip(sides, channels, filters, strict=False)
        )

    assert 2 * products(recipe["HALF"]) == pytest.approx(products(recipe["FILTERS"]), rel=0.05)
    assert says("within a twentieth as many multiplications")


def test_with_few_kinds_a_related_quantity_helps(found):
    alone, radius, reach = (
        found[f"few kinds {name}"]["kind"] for name in ("alone", "radius", "reach")
    )
    gain = reach - alone
    assert ((gain > 0.06) & (gain < 0.13)).all()
    assert says("The reach adds between 0.06 and 0.13")
    assert sorted(np.sign(radius - alone)) == [-1, 1, 1]
    assert says("helps with two seeds and harms with the third")
    assert (reach > radius).all()
    np.testing.assert_allclose(alone, 0.56, atol=0.01)


def test_the_weights_are_a_seesaw(page, found):
    kind, radius = page["curves"]["kind"].mean(axis=1), page["curves"]["quantity"].mean(axis=1)
    assert (np.diff(kind) < 0).all()  # from ten to one down to one to ten
    assert (np.diff(radius) < 0).all()
    assert kind[0] >= found["full kind"]["kind"].mean() - 0.01
    assert radius[0] / found["full quantity"]["quantity"].mean() == pytest.approx(5 / 3, abs=0.1)
    assert radius[-1] == pytest.approx(found["full quantity"]["quantity"].mean(), rel=0.1)
    assert kind[-1] == pytest.approx(0.5, abs=0.1)
    lost = found["full kind"]["kind"].mean() - kind[1]
    assert lost > 0


def test_the_page_trains_in_small(page):
    assert set(page["here"]) == {"both", "kind"}
    assert all(0.3 < of["kind"] < 1 for of in page["here"].values())


# Exercises


def test_exercises():
    loss = masked_cross_entropy([0, -1, 1], [[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]])
    assert float(loss) == pytest.approx(0.458, abs=5e-4)
    assert float(loss) * 2 / 3 == pytest.approx(0.305, abs=5e-4)
    assert round(100 * (11 / 12) ** 32) == 6
    assert says("(ln 2 - ln 0.8) / 2 = 0.458. Divided by three it is 0.305")
    kernels = 9 * 3 * 16 + 9 * 16 * 32 + 9 * 32 * 32
    count = as_model(backbone, (32, 32, 3), filters=(16, 32, 32)).count_params()
    assert count == kernels + 4 * (16 + 32 + 32)


def test_the_page_shows_no_code_that_trains_for_long():
    assert sum("measure(" in code for _, code in cells(STEM)) == 1
