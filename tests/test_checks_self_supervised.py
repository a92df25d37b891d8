"""The checks of self-supervised learning: who does nothing, or guesses, earns next to nothing."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from course_lib.checks.run import run  # noqa: E402  after Keras, which may be missing
from course_lib.checks.self_supervised import CHECKS  # noqa: E402

PAIR, LOSS, PROBE = (CHECKS[name] for name in ("augment_pair", "nt_xent", "linear_probe"))


def lost(check, answer):
    """Names of the parts that do not pass, and the share of the points that is left."""
    report = run(check, answer, hidden=True, seed=3, forbidden=())
    return {o.name for o in report.outcomes if o.status != "passed"}, report.score


def test_images_that_come_back_as_they_were_are_no_views():
    """Where nothing is drawn, nothing is drawn for each image, and no border is repeated."""
    parts, left = lost(PAIR, lambda images, **settings: (images, images))
    assert {"two_draws", "each_image", "border", "steps", "contrast"} <= parts
    assert left < 0.25
    assert run(PAIR, lambda images, **settings: [images, images]).diagnosis == "nothing_done"


@pytest.mark.parametrize("number", [0.0, 1.0, float(np.log(7))])
def test_a_constant_is_no_loss_of_directions(number):
    parts, left = lost(LOSS, lambda first, second, temperature=0.5: number)
    assert {"lengths", "directions", "partners", "value"} <= parts
    assert left < 0.2


@pytest.mark.parametrize("guess", [0.0, 0.5, 0.6, 0.8, 0.9, 1.0])
def test_a_guess_is_no_probe(guess):
    assert lost(PROBE, lambda *rows: guess)[1] < 0.3


def test_nothing_of_a_probe_is_ever_all_right():
    for part in PROBE.parts:
        dues = [PROBE.expected(drawn) for seed in range(20) for drawn in PROBE.drawn(part, seed)]
        assert max(dues) < 1, part.name
    PROBE.forget()


@pytest.mark.parametrize("wrong", ["accuracy_in_training", "nearest_row", "no_bias"])
def test_rows_by_a_wrong_name_cost_a_mistake_no_further_part(wrong):
    """They are as frequent among all that are learnt from, and nobody's nearest."""
    answers = {mistake.name: mistake.function for mistake in PROBE.misconceptions}
    parts, _ = lost(PROBE, answers[wrong])
    assert not parts & {"statistics", "constant"}
    assert len(parts) <= 3


@pytest.mark.parametrize(
    "wrong",
    ["percentage", "counted", "share_of_errors", "percentage_of_errors", "counted_errors"],
)
def test_another_unit_costs_the_part_that_asks_for_a_share(wrong):
    answers = {mistake.name: mistake.function for mistake in PROBE.misconceptions}
    assert lost(PROBE, answers[wrong])[0] == {"accuracy"}


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        (lambda share: round(share, 2), set()),
        (lambda share: round(100 * share), {"accuracy"}),
        (lambda share: np.array([share]), set()),
        (lambda share: f"{share:.1%}", {part.name for part in PROBE.parts}),
        (lambda share: f"{share}", {part.name for part in PROBE.parts}),
        (lambda share: [[share], [share, 0]], {part.name for part in PROBE.parts}),
    ],
    ids=["rounded", "whole percents", "an array", "percents as text", "text", "lists"],
)
def test_how_a_share_is_written(written, parts):
    def probe(*given):
        return written(PROBE.reference(*given))

    assert lost(PROBE, probe)[0] == parts


def test_a_probe_that_fails_says_how():
    def probe(train_features, train_labels, features, labels):
        raise KeyError("nothing of that name")

    outcomes = run(PROBE, probe).outcomes
    assert all("nothing of that name" in outcome.came for outcome in outcomes)


def test_few_steps_are_not_enough():
    answers = {mistake.name: mistake.function for mistake in PROBE.misconceptions}
    assert lost(PROBE, answers["few_steps"])[0] == {"trained"}


@pytest.mark.parametrize(("steps", "rate"), [(100, 0.5), (300, 0.1), (1000, 0.5)])
def test_some_hundred_steps_are_enough(steps, rate):
    """As the task says, and a hundred are some hundred."""

    def probe(train_features, train_labels, features, labels):
        mean, deviation = train_features.mean(axis=0), train_features.std(axis=0) + 1e-8
        known, unseen = (train_features - mean) / deviation, (features - mean) / deviation
        target = np.eye(train_labels.max() + 1)[train_labels]
        weights, bias = np.zeros((known.shape[1], target.shape[1])), np.zeros(target.shape[1])
        for _ in range(steps):
            powers = np.exp(known @ weights + bias)
            error = (powers / powers.sum(axis=1, keepdims=True) - target) / len(known)
            weights, bias = weights - rate * known.T @ error, bias - rate * error.sum(axis=0)
        return np.mean((unseen @ weights + bias).argmax(axis=1) == labels)

    for seed in (1, 2):
        report = run(PROBE, probe, hidden=True, seed=seed)
        assert report.passed, [outcome for outcome in report.outcomes if outcome.came]
