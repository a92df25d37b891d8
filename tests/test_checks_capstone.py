"""The checks of the capstone: what its bands tell apart, and what is known without training."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from course_lib import capstone_pages as made
from course_lib.checks.capstone import CHECKS
from course_lib.checks.capstone.cases import SCRATCH, SOME, STATISTICS, WELL
from course_lib.checks.capstone.measures import (
    CLASSES,
    IOU,
    MASKS,
    MISSING,
    TURNED,
    drawn,
    due_masks,
    masks_facts,
    measure_pairs,
)
from course_lib.checks.core import Unfit
from course_lib.checks.run import run

RUNS = json.loads(Path("book/_data/capstone_labels.json").read_text())
ANYTHING = ("one class", "random encoder")
WITHOUT = (*ANYTHING, "scratch", "local statistics")
TRUTH = np.random.default_rng(1).integers(CLASSES, size=(20, 8, 8)).repeat(8, 1).repeat(8, 2)
RNG = np.random.default_rng(2)
GOOD = np.where(RNG.random(TRUTH.shape) < 0.2, RNG.integers(CLASSES, size=TRUTH.shape), TRUTH)


def test_the_bands_tell_a_pretrained_encoder_from_all_else_at_every_seed():
    assert len(RUNS) >= 5
    for run_ in RUNS.values():
        assert max(run_[name] for name in ANYTHING) < SOME
        assert max(run_[name] for name in WITHOUT) < SCRATCH
        assert run_["pretrained"] > WELL + 0.03
        assert run_["local statistics"] < STATISTICS
    assert SOME < STATISTICS < SCRATCH < WELL


def facts(result):
    return dict(zip(MASKS, masks_facts(result, TRUTH), strict=True))


def test_what_is_measured_of_masks():
    right = facts(TRUTH)
    assert right[IOU] == 1
    assert facts((TRUTH + 1) % CLASSES)[IOU] == 0
    assert facts(TRUTH.swapaxes(1, 2))[TURNED] == 1
    assert facts(np.eye(CLASSES)[TRUTH])[IOU] == 1, "mended: one mistake costs one part"
    assert facts(TRUTH[:, ::4, ::4])[IOU] == 1
    assert facts(TRUTH.astype(np.float32))[IOU] == 1
    for wrong in (TRUTH[:3], TRUTH[0], np.zeros((20, 64)), np.zeros((20, 63, 64))):
        with pytest.raises(Unfit):
            facts(wrong)
    for wrong in (None, "masks", [[1], [2, 3]]):
        with pytest.raises(Unfit):
            facts(wrong)
    assert facts(np.full(TRUTH.shape, np.nan))[IOU] == 0
    assert facts(np.where(TRUTH == 0, 1, TRUTH))[MISSING] == 1
    assert facts(TRUTH)[MISSING] == facts(np.zeros_like(TRUTH))[MISSING] == 0


def test_each_mistake_is_known_by_what_was_measured_and_a_right_answer_by_none(monkeypatch):
    """Here masks as good as those of a training stand for it."""
    check = CHECKS["segment"]
    monkeypatch.setattr(check, "reference", lambda *given: GOOD)
    for mistake in check.misconceptions:
        found = facts(mistake.function(None, None, None, np.empty((20, 64, 64, 1))))
        known = [one.name for one in check.misconceptions if one.known_by(found)]
        assert known[0] == mistake.name
    assert not any(one.known_by(facts(GOOD)) for one in check.misconceptions)


def test_each_student_has_pages_of_their_own():
    one, again, other = drawn(1), drawn(1), drawn(2)
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert len(due_masks(1)) == len(MASKS)


def test_classes_are_numbered_anew_and_alike_in_clicks_and_masks(monkeypatch):
    original, seen = made.pages, []
    monkeypatch.setattr(made, "pages", lambda *a, **k: seen.append(original(*a, **k)) or seen[-1])
    _, _, points, _, truth = drawn(1)
    (_, _), (_, masks), (_, hidden) = seen
    order = np.array([np.unique(truth[hidden == kind]).item() for kind in range(CLASSES)])
    assert sorted(order) == list(range(CLASSES)) != order.tolist()
    known = points >= 0
    np.testing.assert_array_equal(points[known], order[masks[known]])
    assert ((points >= 0).sum(axis=(1, 2)) >= 3).all()


def test_an_axis_too_many_is_no_probability():
    known = [m.name for m in CHECKS["segment"].misconceptions if m.known_by(facts(GOOD[..., None]))]
    assert known == ["an_axis_too_many"]


def test_all_bands_share_one_training_and_the_last_ones_are_lost_first():
    calls = []

    def answer(unlabelled, pages, points, hidden):
        calls.append(len(unlabelled))
        return np.zeros(hidden.shape[:3], int)

    report = run(CHECKS["segment"], answer, hidden=True)
    assert calls == [200]
    statuses = [outcome.status for outcome in report.outcomes]
    assert statuses == ["passed", "passed", "failed", "skipped", "skipped", "skipped"]
    assert report.diagnosis == "one_class_everywhere"


def test_squares_without_their_means_are_not_said_to_be_something_else():
    def answer(pages, count, size=16, shift=8, seed=0):
        pairs = CHECKS["crop_pairs"].reference(pages, count, size, shift, seed)
        return pairs - pairs.mean(axis=(2, 3), keepdims=True)

    report = run(CHECKS["crop_pairs"], answer, hidden=True, forbidden=())
    assert report.outcomes[1].status == "failed"
    assert report.outcomes[-1].status == "passed", "other seeds give other pairs"
    assert report.diagnosis is None


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("moves", "name"),
    [
        (lambda rng, shift: rng.integers(-shift, shift + 1), "on_the_diagonal"),
        (
            lambda rng, shift: rng.integers(-shift, shift + 1) * rng.permutation([0, 1]),
            "one_axis_at_a_time",
        ),
    ],
)
def test_shifts_that_are_cut_off_at_borders_hide_no_mistake(moves, name, seed):
    def answer(pages, count, size=16, shift=8, seed=0):
        rng, (batch, *sides, _) = np.random.default_rng(seed), pages.shape
        pairs, last = [], np.array(sides) - size
        for _ in range(count):
            page, first = pages[rng.integers(batch)], rng.integers(last + 1)
            second = np.clip(first + moves(rng, shift), 0, last)
            pairs.append([page[r : r + size, c : c + size] for r, c in (first, second)])
        return np.array(pairs)

    report = run(CHECKS["crop_pairs"], answer, hidden=True, seed=seed)
    assert [one.name for one in report.outcomes if one.status == "failed"] == ["shifts"]
    assert report.diagnosis == name


def test_a_loss_of_no_tensor_is_told():
    outcome = run(CHECKS["point_loss"], lambda truth, prediction: 1.5).outcomes[-1]
    assert (outcome.name, outcome.came) == ("in_compile", "1.5")
    assert "keras.ops" in outcome.expected


@pytest.mark.parametrize(
    ("wrong", "parts"),
    [
        ("sign_missing", {"one_click", "certain"}),
        ("base_two", {"one_click", "certain"}),
        ("unknown_as_the_first_class", {"unknown", "batches", "no_clicks"}),
        ("divided_by_all_pixels", {"unknown", "batches"}),
        ("sum_of_the_clicks", {"clicks", "batches"}),
        ("without_the_first_class", {"one_click", "clicks", "batches"}),
    ],
)
def test_a_slip_in_the_loss_costs_what_asks_for_it(wrong, parts):
    """All else is judged by what the answer itself gives for a page of one pixel."""
    check = CHECKS["point_loss"]
    answers = {mistake.name: mistake.function for mistake in check.misconceptions}
    report = run(check, answers[wrong], hidden=True, seed=5, forbidden=())
    assert {o.name for o in report.outcomes if o.status != "passed"} == parts


@pytest.mark.parametrize(
    "loss",
    [
        lambda truth, prediction: 0.0,
        lambda truth, prediction: 1.1,
        lambda truth, prediction: 1e-7 * keras.ops.mean(prediction[..., 1]),
    ],
    ids=["zero", "a constant", "nearly zero"],
)
def test_a_number_is_no_loss_of_clicks(loss):
    report = run(CHECKS["point_loss"], loss, hidden=True)
    passed = {o.name for o in report.outcomes if o.status == "passed"}
    assert passed <= {"no_clicks"}


def test_squares_of_a_wrong_kind_are_told():
    arguments = (2, 20, 24, 1), 50, 8, 3, 5

    def constant(pages, count, size, shift, seed):
        return np.zeros((count, 2, size, size, 1))

    found = measure_pairs(constant, *arguments)
    assert found[1] == 1, "no square is a piece of a page"
    assert run(CHECKS["crop_pairs"], constant, hidden=True).outcomes[1].hint == ""
    report = run(CHECKS["crop_pairs"], lambda pages, count, **settings: pages[:2])
    assert report.score == 0, "what is no pairs passes nothing"
    with pytest.raises(Unfit, match="None instead of the pairs"):
        measure_pairs(lambda *given, **settings: None, *arguments)
    with pytest.raises(Unfit, match="an array of numbers"):
        measure_pairs(lambda *given, **settings: "pairs", *arguments)
