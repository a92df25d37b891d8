"""The chapter says what its code computes: every number in its prose, its quiz and its captions."""

import importlib.util
import inspect
import json
import re
from itertools import pairwise

import numpy as np
import pytest
from chapter_helpers import BOOK, cells, run_page, text
from chapter_helpers import says as chapter_says

from course_lib.receptive_field import (
    Layer,
    effective_deviation,
    growth,
    receptive_field,
)
from course_lib.receptive_field_published import mobilenet_layers

STEM = "receptive_field"
ANCHORS = ("stack", "stride", "dilation", "padding", "model", "branches", "undefined", "effective",
    "downsampling", "published", "gaussian", "training")  # fmt: skip
KINDS = ("plain", "strides", "dilation")


@pytest.fixture(scope="module")
def page():
    """The names that the chapter's code leaves behind."""
    yield from run_page(STEM)


@pytest.fixture(scope="module")
def fill():
    """What the three networks have learnt, as the script beside the chapter measured it."""
    shipped = json.loads((BOOK / "_data" / "receptive_field_fill.json").read_text("utf8"))
    return {
        kind: {name: np.array([run[name] for run in shipped[kind]["runs"]]) for name in
               ("iou", "wrong", "losses")}
        for kind in KINDS
    }  # fmt: skip


@pytest.fixture(scope="module")
def filling():
    """The script beside the chapter."""
    place = BOOK / "_data" / "receptive_field_fill.py"
    spec = importlib.util.spec_from_file_location("receptive_field_fill", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def says(words):
    """Whether the chapter holds these words."""
    return chapter_says(STEM, words)


def test_every_anchor_of_the_checks_is_a_target():
    for name in ANCHORS:
        assert f"\n(receptive-field-{name})=\n" in text(STEM)


# Image to image


def test_what_a_dense_layer_would_take(page):
    assert page["dense"] == {40: 1601 * 1600, 320: (320 * 320 * 3 + 1) * 320 * 320 * 3}
    assert says("the same 3,073 parameters")
    assert (9 + 1) * 8 + 5 * (72 + 1) * 8 + 72 + 1 == 3073


def test_any_size_and_any_place(page):
    assert page["answer"].shape == (1, 64, 96, 1)
    assert page["difference"] < 1e-5
    assert np.abs(page["answer"]).max() > 0.01


def test_three_networks_of_equal_weights(page):
    assert page["field_of"] == {"plain": 15, "strides": 33, "dilation": 45}
    adds = page["operations_of"]
    assert adds["plain"] == adds["dilation"] > 3 * adds["strides"]
    assert (15 - 1) / 2 == 7  # "it sees 7 pixels far"
    assert says("more than twice the field")


def test_the_page_trains_as_the_script_did(page):
    wrong = {kind: np.array(run["wrong"]) for kind, run in page["here"].items()}
    assert wrong["plain"][8:].mean() > 0.8
    assert wrong["strides"][8:].mean() < 0.5
    assert wrong["plain"][:5].mean() < 0.5
    for run in page["here"].values():
        assert run["losses"][-1] < run["losses"][0]


def test_the_plain_network_cannot_know(fill):
    """From 9 pixels on every pixel of every seed is wrong; at 6 pixels most are right."""
    assert fill["plain"]["wrong"].shape == (5, 11)
    assert fill["plain"]["wrong"][:, 8:].min() > 0.995
    assert fill["plain"]["wrong"][:, :6].max() < 0.45
    mean = fill["plain"]["wrong"].mean(axis=0)
    assert 0.08 < mean[:6].min() < mean[:6].max() < 0.3
    assert fill["strides"]["wrong"].mean(axis=0)[1:].max() < 0.1
    assert fill["dilation"]["wrong"][:, 1:].max() < 0.02


def test_strides_pay_with_place(fill):
    at_outline = {kind: fill[kind]["wrong"][:, 0].mean() for kind in KINDS}
    assert at_outline["strides"] / at_outline["dilation"] == pytest.approx(2, abs=0.3)
    assert fill["strides"]["wrong"].mean(axis=0).argmax() == 0
    mean = {kind: fill[kind]["iou"].mean() for kind in KINDS}
    assert mean["plain"] < 0.75 < 0.8 < mean["strides"] < 0.9 < 0.93 < mean["dilation"]
    for low, high in (("plain", "strides"), ("strides", "dilation")):
        assert fill[low]["iou"].max() < fill[high]["iou"].min()


def test_how_the_three_networks_were_trained(page, filling):
    """The page says it in a sentence; the script beside it does it."""
    train = inspect.signature(filling.train)
    assert train.parameters["count"].default == 320
    source = inspect.getsource(filling)
    assert "Adam(0.005)" in source
    assert '"batch_size": 16' in source
    assert "epochs=20" in source
    assert "outlines(200, 99)" in source
    assert len(filling.SEEDS) == 5
    assert [len(run["losses"]) for run in page["here"].values()] == [10, 10]
    assert says("the same 320 outlines, by Adam with a learning rate of 0.005, in batches of 16")
    assert says("are asked about 200 others")
    assert says("took 20 epochs and five seeds")


def test_small_shapes_are_filled_and_large_ones_are_not(page, filling):
    """What the first figure shows: plain fails in the middle of large shapes, the others do not."""
    shown = filling.SHOWN
    for column, mask in enumerate(page["wanted"][shown, ..., 0] > 0.5):
        rows, columns = np.nonzero(mask)
        row, column_ = round(rows.mean()), round(columns.mean())
        large = np.ptp(rows) > 2 * 8
        for kind in KINDS:
            middle = page["fill"][kind]["answers"][column][row][column_]
            assert (middle > 50) == (kind != "plain" or not large), (kind, column)
    sides = [np.ptp(np.nonzero(mask)[0]) for mask in page["wanted"][shown, ..., 0]]
    assert [side > 16 for side in sides] == [False, False, True, True]


# Stacks


def test_order_of_strides():
    assert receptive_field([Layer(3, 2), 3]).size == 7
    assert receptive_field([3, Layer(3, 2)]).size == 5
    assert says("stride 1 has a field of 7, the other way around of 5")


def test_the_slow_way_agrees(page):
    for first, last, computed in page["seen"].values():
        assert (first, last) == computed
        assert 0 < first < last < 59  # cut by no edge
    assert len(page["seen"]) == 2


def test_growth_of_ten_layers(page):
    assert page["grown"]["3 × 3"] == [1 + 2 * n for n in range(11)]
    assert page["grown"]["5 × 5"][-1] == 41
    doubling = [2 ** (n + 1) - 1 for n in range(11)]
    assert page["grown"]["3 × 3, stride 2"] == doubling
    assert page["grown"]["3 × 3, dilation 1, 2, 4, …"] == doubling
    assert doubling[-1] == 2047
    assert page["grown"]["3 × 3, every third a 2 × 2 pooling"][-1] == 52


def test_costs_of_63_pixels(page):
    rows = list(page["costs"].values())
    assert {row[0] for row in rows} == {63}
    assert [row[1] for row in rows] == [63 * 63 * 256, 31 * 2304, 5 * 2304, 5 * 2304]
    assert rows[2][2] == 2304 * sum((64 // 2**n) ** 2 for n in range(1, 6))
    assert rows[3][2] == 2304 * 5 * 64 * 64
    assert [row[3] for row in rows] == [64, 64, 2, 64]


def test_one_downsampling_is_still_a_line():
    sizes = [field.size for field in growth([Layer(2, 2)] + [3] * 4)]
    assert set(np.diff(sizes)[1:]) == {4}


def test_gridding(page):
    read = {rates: (ways > 0).mean() ** 2 for rates, ways in page["ways_of"].items()}
    assert read[1, 2, 4] == read[1, 2, 3] == 1
    assert read[2, 2, 2] == (7 / 13) ** 2
    assert page["ways_of"][1, 2, 4].tolist() == [1, 1, 2, 1, 3, 2, 3, 1, 3, 2, 3, 1, 2, 1, 1]
    assert 0.25 < read[2, 2, 2] < 0.3  # "three pixels of four": the grid's share, but for its rim


def test_same_padding_of_even_and_odd_images(page):
    small, odd = page["intervals_of"][64], page["intervals_of"][65]
    assert odd == [(-31, 31), (1, 63), (33, 95)]
    assert [(64 - last, 64 - first) for first, last in odd[::-1]] == odd  # symmetric in 0 to 64
    assert small == [(0, 62), (32, 94)]
    assert 94 - 63 == 31  # pixels behind an image of 64: half of the field of 63


# Published


def test_published_sizes(page):
    assert page["at_pools"] == [6, 16, 44, 100, 212]
    sizes = {
        on: [fields[n].size for n in (11, 23, 41, 50)] for on, fields in page["resnet"].items()
    }
    assert sizes["1x1"][-1] == 483
    assert sizes["3x3"][-1] == 427
    assert 2 * (8 + 16 + 32) - 2 * (4 + 8 + 16) == 8 + 16 + 32 == 56 == 483 - 427
    assert tuple(page["published"]["resnet50"]) == (483, 32, 241)
    assert page["published"]["mobilenet_1.00_224"][:2] == (315, 32)
    assert tuple(page["published"]["inception_v3"]) == (1311, 32, 618)
    assert all(field.size > 299 for field in page["published"].values())  # larger than the image


def test_stages_of_the_resnet_begin_where_the_page_says(page):
    strides = {on: [field.stride for field in fields] for on, fields in page["resnet"].items()}
    assert strides["1x1"][2:12] == [4] * 10
    for fields in strides.values():
        assert [fields[n] for n in (2, 11, 23, 41, 50)] == [4, 4, 8, 16, 32]
        assert len(fields) == 51


# Models


def test_union_and_not_the_largest(page):
    assert page["alone"] == [2, 2]
    assert page["together"] == 4
    first, second, both = page["read_by"]
    assert both == (min(first[0], second[0]), max(first[1], second[1]))


def test_squeeze_and_excite_sees_everything(page):
    assert np.isinf(page["everything"].size)


def test_behind_an_upsampling(page):
    assert (page["behind"].size, page["behind"].stride) == (33, 1)
    sizes = [last - first + 1 for first, last in page["intervals"]]
    assert sizes[:8] == [25, *[33] * 6, 25]
    first, last = page["intervals"][0], page["intervals"][8]
    assert (last[0] - first[0], last[1] - first[1]) == (8, 8)


def test_the_error_names_the_layer_and_a_rule_mends_it(page):
    assert "'mixer'" in page["message"]
    assert (page["height"].size, page["width"].size) == (3, 4)


def test_the_table_of_layers_is_what_the_module_reads():
    from course_lib.receptive_field_layers import bilinear, nearest, transposed, window

    a, b = 5, 9
    for k, s, d, z in ((3, 2, 1, 1), (2, 1, 4, 0), (5, 3, 2, 3)):
        extent = (k - 1) * d + 1
        assert window(extent, s, z).interval((a, b)) == (a * s - z, b * s - z + (k - 1) * d)
        wanted = -((-(a + z - (k - 1) * d)) // s), (b + z) // s
        got = transposed(extent, s, z).interval((a, b))
        assert got == (wanted if wanted[0] <= wanted[1] else None)
    for u in (2, 3):
        assert nearest(u).interval((a, b)) == (a // u, b // u)
        first, last = bilinear(u).interval((a, b))
        assert first == np.floor((a + 0.5) / u - 0.5)
        assert last == np.ceil((b + 0.5) / u - 0.5)


# Effective


def test_effective_against_theoretical(page):
    ratio = {d: sizes.mean() / (2 * d + 1) for d, sizes in page["sizes_of"].items()}
    assert list(ratio) == [4, 8, 16, 32]
    assert ratio[4] > 0.9
    assert ratio[8] == pytest.approx(0.78, abs=0.06)
    assert ratio[16] == pytest.approx(0.57, abs=0.05)
    assert ratio[32] == pytest.approx(0.4, abs=0.04)  # "four tenths of its width"
    assert ratio[32] ** 2 == pytest.approx(1 / 6, abs=0.03)
    assert page["exponent"] == pytest.approx(0.53, abs=0.06)
    for depth, spreads in page["deviations_of"].items():
        expected = np.sqrt(2 * depth * 2 / 3)
        assert spreads.mean() == pytest.approx(expected, rel=0.2 if depth == 4 else 0.08)
    assert page["explained"][32] > 0.9 > page["explained"][4]
    assert page["explained"][32] > page["explained"][8]


def test_what_the_paper_counts():
    from course_lib.receptive_field_effective import LEVEL

    assert LEVEL == 0.0455
    assert np.sqrt(-2 * np.log(LEVEL)) == pytest.approx(2.5, abs=0.03)


def test_two_fields_of_one_size(page):
    spreads = list(page["of_63"].values())
    assert spreads[0] == pytest.approx(np.sqrt((63**2 - 1) / 12))
    assert spreads[1] == pytest.approx(np.sqrt(31 * 2 / 3))
    assert spreads[2] == spreads[3] == pytest.approx(np.sqrt(2 / 3 * (1 + 4 + 16 + 64 + 256)))
    assert 4 * spreads[1] == pytest.approx(18, abs=0.5)  # two deviations to each side
    assert 4 * spreads[2] > 0.9 * 63


# Training


def test_the_field_follows_the_task(page):
    before, after = np.array(list(page["changes"].values())).T
    assert list(page["changes"]) == list(KINDS)
    assert after[0] > 1.05 * before[0]  # short of sight
    assert (after[1:] < 0.95 * before[1:]).all()


def test_near_sight_is_learnt_with_every_seed(page):
    before, after = page["shrunk"].T
    assert before.size == 3
    assert (after < before).all()
    for run in page["near"]:
        assert run["losses"][-1] < 0.6 * run["losses"][0]


# Quiz and exercises


def test_quiz_answers():
    assert receptive_field([3, Layer(3, 2), 3]).size == 9
    assert set(np.diff([f.size for f in growth([Layer(2, 2)] + [3] * 4)])[1:]) == {4}
    assert len(range(2, 9 + 1)) == 8
    coarse = [((o - 1) // 2, (o + 1) // 2) for o in range(8)]
    moves = [8 * (after[0] - before[0]) for before, after in pairwise(coarse)]
    assert set(zip(moves[::2], moves[1::2], strict=False)) == {(8, 0)}


def test_exercises():
    alexnet = [Layer(11, 4), Layer(3, 2), 5, Layer(3, 2), 3, 3, 3, Layer(3, 2)]
    fields = growth(alexnet)[1:]
    assert [field.size for field in fields] == [11, 19, 51, 67, 99, 131, 163, 195]
    assert [field.stride for field in fields] == [4, 8, 8, 16, 16, 16, 16, 32]
    sizes = {
        (a, b): receptive_field([Layer(3, 2 if i in (a, b) else 1) for i in range(5)]).size
        for a in range(5) for b in range(a)
    }  # fmt: skip
    assert sizes[1, 0] == 31 == max(sizes.values())
    assert sizes[4, 3] == 13 == min(sizes.values())
    for rates, size in (((1, 2, 4, 8, 16, 32), 127), ((1, 2, 4, 8, 16, 15), 93)):
        found = growth([Layer(3, 1, rate) for rate in rates])
        assert found[-1].size == size
        assert all(rate <= field.size for rate, field in zip(rates, found, strict=False))
    assert receptive_field([Layer(3, 3), 3]).size == 9 == 3 * 3  # as many ways as pixels
    equal = np.convolve([1, 1, 1], [1, 0, 0, 1, 0, 0, 1])
    assert equal.tolist() == [1] * 9


def test_where_mobilenet_passes_its_image():
    sizes = [field.size for field in growth(mobilenet_layers())][1:]
    assert sizes[11:13] == [219, 251]  # conv_dw_11 and conv_dw_12; the first is conv1
    assert mobilenet_layers()[12].strides == 2
    assert sizes[-1] == 315
    assert says("219 pixels before it, 251 behind it")


def test_which_filler_looks_at_the_largest_part(page):
    parts = {kind: page["changes"][kind][0] / page["field_of"][kind] for kind in KINDS}
    assert max(parts, key=parts.get) == "strides"
    assert min(parts, key=parts.get) == "plain"
    assert effective_deviation([3] * 7) == pytest.approx(2.16, abs=0.005)
    assert np.sqrt(2) * effective_deviation([3] * 7) == pytest.approx(3.06, abs=0.005)
    assert page["changes"]["plain"][0] == pytest.approx(2.84, abs=0.02)


# What this chapter has


def test_the_exhibit_stands_once_and_the_errata_three_times():
    assert sum("\nFieldExplorer()\n" in code for _, code in cells(STEM)) == 1
    assert text(STEM).count(":class: errata") == 3


def test_what_is_shown_of_the_scripts_fits_its_column():
    shown = re.findall(r"literalinclude\} (\S+)\n.*\n:pyobject: (\S+)", text(STEM))
    assert len(shown) == 1
    for path, name in shown:
        source = (BOOK / path).resolve().read_text("utf8")
        head = re.search(rf"^( *)def {name.split('.')[-1]}\(", source, re.MULTILINE)
        outer = rf"^ {{0,{len(head[1])}}}\S"
        _, _, rest = source[head.start() :].partition("\n")
        body = re.split(outer, rest, flags=re.MULTILINE)[0]
        assert max(len(line) - len(head[1]) for line in body.splitlines()) <= 77
