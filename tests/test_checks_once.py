"""Checks of answers of which one call is dear: called once, compared with what is stated."""

import nbformat
import numpy as np
import pytest

from course_lib.checks.compare import AtLeast, difference
from course_lib.checks.core import Check, Unfit, case
from course_lib.checks.notebook import check_notebook, read_notebook
from course_lib.checks.once import once
from course_lib.checks.run import run
from course_lib.grading.hidden import public_parts

SIZE, SHARE = "size", "share of right pixels"
CALLS = []


def trained(seed):
    """Stand for an answer that trains for long."""
    CALLS.append(("reference", seed))
    return 8, 0.9


def constant(seed):
    CALLS.append(("constant", seed))
    return 8, 0.25


def small(seed):
    CALLS.append(("small", seed))
    return 4, 0.9


def measure(answer, seed):
    size, share = once(answer, seed, lambda: answer(seed))
    if size is None:
        raise Unfit("None", "a size")
    return size, share


@pytest.fixture
def check():
    CALLS.clear()
    check = Check(
        trained,
        "unet",
        "a training",
        returns=(SIZE, SHARE),
        measure=measure,
        hidden_draws=1,
        due=lambda seed: (8, AtLeast(0.5)),
        forbidden=("sklearn",),
    )

    @check.part()
    def sizes(rng):
        """The size."""
        yield case(int(rng.integers(10**6)), of=SIZE)

    @check.part()
    def shares(rng):
        """Better than chance."""
        yield case(int(rng.integers(10**6)), of=SHARE)

    check.misconception("Too small", known_by=lambda facts: facts[SIZE] < 8)(small)
    check.misconception("One class everywhere", known_by=lambda facts: facts[SHARE] < 0.3)(constant)
    return check


def test_one_call_serves_all_parts_and_hidden_tests_leave_the_visible_draw_out(check):
    def own(seed):
        CALLS.append(("own", seed))
        return 8, 0.7

    assert run(check, own).passed
    assert run(check, own, hidden=True, seed=1).passed
    assert run(check, own, hidden=True, seed=2).passed
    assert {name for name, _ in CALLS} == {"own"}, "the reference is not run"
    assert len(CALLS) == 3
    assert len(set(CALLS)) == 3, "each draw has a seed of its own"


def test_a_check_without_a_dear_call_tries_visible_draws_in_hidden_tests_too(check):
    check.due = None
    run(check, trained, hidden=True)
    assert len({seed for _, seed in CALLS}) == 4, "two parts, each with two draws of its own"


def test_a_mistake_is_known_by_what_was_measured_and_not_run(check):
    def own(seed):
        return 8, 0.2

    report = run(check, own, hidden=True)
    assert [o.misconception for o in report.outcomes] == [None, "constant"]
    assert CALLS == []
    assert report.outcomes[1].came == "a share of right pixels of 0.20"
    assert report.outcomes[1].expected == "at least 0.50"
    assert run(check, small).diagnosis == "small"
    unknown = run(check, lambda seed: (8, 0.4))
    assert unknown.outcomes[1].status == "failed"
    assert unknown.diagnosis is None


def test_a_hidden_failure_tells_how_much_was_reached(check):
    report = run(check, constant, hidden=True).to_json()
    rows = dict(public_parts([report])[1]["rows"])
    assert rows["came"] == "a share of right pixels of 0.25"
    assert rows["expected"] == "at least 0.50"
    assert rows["looks like"] == "One class everywhere"


@pytest.mark.parametrize(("error", "kind"), [(RuntimeError("no"), "RuntimeError"), (None, "None")])
def test_what_fails_is_called_once_and_has_no_mistake_named(check, error, kind):
    def broken(seed):
        CALLS.append(seed)
        if error:
            raise error
        return None, None

    report = run(check, broken, hidden=True)
    assert report.score == 0
    assert report.diagnosis is None
    assert [o.came.startswith(kind) for o in report.outcomes] == [True, True]
    assert len(CALLS) == 1


def test_a_forbidden_call_is_found_in_each_part(check):
    def ready(seed):
        import sklearn.utils

        CALLS.append(seed)
        sklearn.utils.check_array(np.ones((2, 2)))
        return 8, 0.9

    report = run(check, ready)
    assert all("which is not allowed" in o.came for o in report.outcomes)
    assert len(CALLS) == 1


def test_without_a_run_few_results_are_kept():
    def answer():
        return None

    for key in (*range(30), 29):
        once(answer, key, list)
    CALLS.clear()
    once(answer, 29, lambda: CALLS.append("again"))
    assert CALLS == []
    once(answer, 0, lambda: CALLS.append("again"))
    assert CALLS == ["again"]


@pytest.mark.parametrize(
    ("came", "says"),
    [
        (0.5, None),
        (np.float32(0.75), None),
        (1, None),
        (0.4999, "a share of 0.49"),
        (float("nan"), "a share of nan"),
        (-1.0, "a share of -1.00"),
        (None, "None instead of the share"),
        ("all", "share 'all'"),
        (np.ones(2), "share of shape (2,)"),
    ],
)
def test_at_least(came, says):
    problem = difference(came, AtLeast(0.5), 1e-4, "share")
    assert problem is None if says is None else problem[0] == says


def test_a_locked_cell_that_checks_is_not_run_beside_the_check(tmp_path, capsys):
    notebook = read_notebook("assignments/convolution/convolution.ipynb")
    cell = nbformat.v4.new_code_cell('check("conv2d", print)\nraise RuntimeError("it ran")')
    cell.metadata["nbgrader"] = {"locked": True, "grade": False, "solution": False}
    notebook.cells.append(cell)
    nbformat.write(notebook, tmp_path / "x.ipynb")
    check_notebook("convolution", tmp_path / "x.ipynb")
    assert "it ran" not in capsys.readouterr().err
