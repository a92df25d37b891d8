"""The check framework: its parts one by one, and every topic's checks on trial."""

import json
from dataclasses import dataclass
from time import process_time

import numpy as np
import pytest
from scipy import sparse
from typer.testing import CliRunner

from course_lib import checks, convolution
from course_lib.checks.audit import SAMPLED, audit
from course_lib.checks.compare import difference, same
from course_lib.checks.conditioning import slack
from course_lib.checks.core import Check, case
from course_lib.checks.notebook import check_notebook, read_notebook
from course_lib.checks.run import find, load, run
from course_lib.cli import app
from course_lib.topics import ASSIGNED


@dataclass
class Trial:
    """An audit; by check, the function that went wrong in most of it, and what the first took."""

    stem: str
    rows: list
    worst: dict
    seconds: dict


@pytest.fixture(scope="module", params=[topic.stem for topic in ASSIGNED])
def trial(request):
    worst, seconds = {}, {}

    def noting(check, function, hidden=False, *args, **kwargs):
        begun = process_time()
        report = run(check, function, hidden, *args, **kwargs)
        seconds.setdefault(check.name, process_time() - begun)
        if report.diagnosis:  # to name it was most work
            known = worst.get(check.name, (2, None))
            worst[check.name] = min(known, (report.score, function), key=lambda pair: pair[0])
        return report

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("course_lib.checks.audit.run", noting)
        rows = audit(request.param, thorough=False)
    worst = {name: function for name, (_, function) in worst.items()}
    return Trial(request.param, rows, worst, seconds)


def test_audit_misses_nothing(trial):
    assert [row for row in trial.rows if not row.ok] == []


def test_every_check_answers_at_the_speed_of_thought(trial, record_property):
    """Whoever waits tries less. Networks take longer: they are built, and their threads spin."""
    for check in load(trial.stem):
        if check.measure is not None:  # a wrong network is compared with all planted ones: below
            taken = trial.seconds[check.name]  # the audit begins with the reference
            record_property(check.name, round(taken, 2))
            assert taken < 20, check.name
            continue
        for function in (check.reference, trial.worst[check.name], raising(RuntimeError("no"))):
            taken = _seconds(check, function)
            record_property(f"{check.name}, {function.__name__}", round(taken, 2))
            assert taken < 2, (check.name, function.__name__)


def _seconds(check, function):
    """Processor time of a first run."""
    check.forget()
    begun = process_time()
    run(check, function, hidden=True, forbidden=())
    return process_time() - begun


@pytest.mark.slow
@pytest.mark.parametrize("stem", [topic.stem for topic in ASSIGNED])
def test_networks_that_are_wrong_in_all_are_named_in_time(stem):
    """All planted networks are built before a network that is none of them is let go."""
    for check in load(stem):
        if check.measure is not None:
            for mistake in check.misconceptions:
                assert _seconds(check, mistake.function) < 20, (check.name, mistake.name)


@pytest.mark.slow
@pytest.mark.parametrize("stem", [topic.stem for topic in ASSIGNED])
def test_audit_misses_nothing_of_what_students_see(stem):
    assert [row for row in audit(stem) if not row.ok] == []


def test_audit_tries_enough(trial):
    stem, rows = trial.stem, trial.rows
    assert sum(len(check.misconceptions) for check in load(stem)) >= 20
    tried = {(r.check, r.name) for r in rows if r.kind.startswith("mistake")}
    for check in load(stem):
        share = 1 if check.measure is None else SAMPLED
        assert len([own for own, _ in tried if own == check.name]) >= (
            len(check.misconceptions) / share
        )
    assert {r.kind for r in rows} >= {"reference", "variant", "stub", "memorised", "ready-made"}
    for check in load(stem):
        assert check.variants, f"{check.name} has no correct variant"
        assert all(len(m.hint) > 20 for m in check.misconceptions)
    assert stem != "convolution" or len(find("conv2d").variants) >= 5


def test_a_mistake_that_explains_all_is_found_without_trying_all_cases_of_the_others(monkeypatch):
    """A network takes long to build: of the others one failing case is enough."""
    check = find("conv2d")
    check.forget()
    planted, tried = check.misconceptions[-1], set()
    mistake = type(check).mistake

    def counted(self, misconception, case):
        tried.add((misconception.name, id(case)))
        return mistake(self, misconception, case)

    monkeypatch.setattr(type(check), "mistake", counted)
    report = run(check, planted.function, forbidden=())
    assert report.diagnosis == planted.name
    own = sum(name == planted.name for name, _ in tried)
    assert own >= 5
    # Two mistakes may give one result here and there.
    assert len(tried) - own < 2 * len(check.misconceptions)


def test_audit_can_miss(monkeypatch):
    """A check that lets everything pass, or knows no mistake, is caught."""
    weak = Check(convolution.output_size, topic="convolution", title="weak")

    @weak.part()
    def one_case(rng):
        """One case for all."""
        yield case(5, 3)

    weak.misconceptions.extend(find("output_size").misconceptions)
    monkeypatch.setattr("course_lib.checks.audit.load", lambda stem: (weak,))
    missed = {row.kind for row in audit("convolution") if not row.ok}
    assert missed == {"mistake", "mistake, hidden", "memorised"}


# --- comparison ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came", "expected", "says"),
    [
        (np.zeros(3), np.zeros(3), None),
        ([0.0, 1e-7], np.array([0.0, 1.0]), "result[1] = 1e-07"),
        (np.float32([1, 2]), np.array([1.0, 2.0 + 1e-5]), None),
        (np.array([1.0, np.nan]), np.array([1.0, 2.0]), "result[1] = nan"),
        (np.array([np.inf]), np.array([2.0]), "= inf"),
        (np.zeros((2, 1)), np.zeros((1, 2)), "shape (2, 1)"),
        (np.array([1j]), np.array([1.0]), "result of complex numbers"),
        (np.array([1.0], object), np.array([1.0]), "result of dtype object"),
        (np.zeros((10**6, 1)), np.array([1.0]), "result of shape (1000000, 1)"),
        ("abc", np.array([1.0]), "result 'abc'"),
        (sparse.csr_array(np.eye(2)), np.eye(2), "a sparse result (csr_array)"),
        (np.asmatrix(np.eye(2)), np.eye(2), "result of type np.matrix"),
        (None, np.array([1.0]), "None instead of the result"),
        ((x for x in "ab"), 3, "a generator instead of the result"),
        (1 + 0j, 3, "a complex"),
        (3, 3, None),
        (np.int64(3), 3, None),
        (np.array(3), 3, None),
        (3.0, 3, "a float"),
        (4, 3, "result 4"),
        (True, 1, "a bool"),
        ([3], 3, "a list"),
    ],
)
def test_difference(came, expected, says):
    problem = difference(came, expected, 1e-4)
    assert problem is None if says is None else says in problem[0]


def test_same_compares_tuples_by_entry():
    assert same([np.ones(2), 1], (np.ones(2), 1), 1e-4)
    assert not same((np.ones(2),), (np.ones(2), 1), 1e-4)
    assert not same(np.ones(2), (np.ones(2), 1), 1e-4)


class Hostile:
    """An answer that breaks when it is looked at."""

    def __array__(self, *args, **kwargs):
        raise RuntimeError("boo")


def test_hostile_answers_fail_and_do_not_raise():
    report = run(find("conv2d"), lambda *args, **kwargs: Hostile())
    assert report.score == 0
    assert "boo" in report.outcomes[0].came


class Shy:
    """An answer that raises wherever it is shown or compared."""

    def __repr__(self):
        raise RuntimeError("no")

    __eq__ = __len__ = __iter__ = __repr__


class ShyInteger(int):
    __eq__ = __repr__ = Shy.__repr__
    __hash__ = None


class ShyError(BaseException):
    __str__ = Shy.__repr__


def raising(error):
    def answer(*args, **kwargs):
        raise error

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        lambda *a, **k: Shy(),
        lambda *a, **k: ShyInteger(3),
        lambda *a, **k: "x" * 10**6,
        raising(ShyError()),
        raising(SystemExit),
        raising(GeneratorExit),
        raising(RuntimeError("y" * 10_000)),
    ],
)
def test_nothing_that_an_answer_does_escapes_the_check(answer):
    for name in ("output_size", "conv2d", "conv2d_gradients"):
        report = run(find(name), answer)
        assert report.score == 0
        assert len(str(report)) < 6000
        assert json.dumps(report.to_json())


def test_stop_stops_the_check():
    with pytest.raises(KeyboardInterrupt):
        run(find("output_size"), raising(KeyboardInterrupt()))


# --- running -------------------------------------------------------------------------------------


def test_partial_credit_is_by_weight():
    def no_padding(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
        return convolution.conv2d(images, kernels, bias, strides, "valid", dilation_rate)

    report = run(find("conv2d"), no_padding, forbidden=())
    statuses = {o.name: o.status for o in report.outcomes}
    assert statuses["padding"] == "failed"
    assert statuses["together"] == "skipped"
    weights = {part.name: part.weight for part in find("conv2d").parts}
    lost = weights["padding"] + weights["together"]
    assert report.score == pytest.approx(1 - lost / sum(weights.values()))
    assert report.points(30) == round(30 * report.score, 2)


def test_a_changed_input_is_noticed():
    def careless(images, kernels, *args, **kwargs):
        result = convolution.conv2d(images, kernels, *args, **kwargs)
        images *= 0
        return result

    report = run(find("conv2d"), careless, forbidden=())
    assert "writes into its input" in report.outcomes[0].came


def test_no_mistake_is_named_by_coincidence():
    """What agrees with a mistake in the failing case only is not that mistake."""

    def writes_into_its_input(images, kernel_size, strides=1, dilation_rate=1):
        result = convolution.pad_same(images, kernel_size, strides, dilation_rate)
        images *= 0
        return result

    def divided_first(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
        if padding == "same" or size < kernel_size:
            return convolution.output_size(size, kernel_size, strides, padding, dilation_rate)
        return size // strides - (kernel_size - 1) * dilation_rate

    def kernels_gradient_alone(*args, **kwargs):
        return convolution.conv2d_gradients(*args, **kwargs)[1]

    for name, answer in [
        ("pad_same", writes_into_its_input),
        ("output_size", divided_first),
        ("conv2d_gradients", kernels_gradient_alone),
    ]:
        report = run(find(name), answer, forbidden=())
        assert not report.passed
        assert report.diagnosis is None


def test_each_of_two_mistakes_is_named():
    def answer(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
        bias = None if bias is None else bias * kernels[:, :, 0, 0].size
        kernels = kernels / kernels.shape[2]
        return convolution.conv2d(images, kernels, bias, strides, padding, dilation_rate)

    outcomes = run(find("conv2d"), answer, forbidden=()).outcomes
    assert {o.misconception for o in outcomes} == {None, "channels_averaged", "bias_per_pixel"}


def test_arguments_that_differ_are_told_where_they_matter():
    def renamed(x, w, b=None, s=1):
        return convolution.conv2d(x, w, b, s)

    def turned(kernels, images, bias=None, strides=1, padding="valid", dilation_rate=1):
        return convolution.conv2d(images, kernels, bias, strides, padding, dilation_rate)

    reports = [run(find("conv2d"), answer, forbidden=()) for answer in (renamed, turned)]
    assert reports[0].outcomes[0].status == "passed"
    for report in reports:
        notes = [o.message for o in report.outcomes if o.message and o.status == "failed"]
        assert len(notes) == 1
        assert "The task asks for the arguments (images, kernels, bias=None" in notes[0]


def test_an_exception_names_the_line():
    def broken(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
        return size // (strides - strides)  # the guilty line

    outcome = run(find("output_size"), broken).outcomes[0]
    assert "ZeroDivisionError" in outcome.came
    assert "the guilty line" in outcome.came


def test_exit_is_a_wrong_answer():
    report = run(find("output_size"), lambda *args, **kwargs: exit(3))
    assert "exit(3)" in report.outcomes[0].came


def test_a_fault_of_the_check_costs_nothing():
    faulty = Check(convolution.output_size, topic="convolution", title="faulty")

    @faulty.part(weight=1)
    def good(rng):
        """Good."""
        yield case(5, 3)

    @faulty.part(weight=5)
    def bad(rng):
        """Bad."""
        yield case("five", 3)

    report = run(faulty, convolution.output_size, forbidden=())
    assert [o.status for o in report.outcomes] == ["passed", "error"]
    assert report.score == 1
    assert not report.passed


def test_what_is_not_answered_yet_does_not_wait_for_the_reference():
    asked = []

    def slow(size):
        asked.append(size)
        return size

    waiting = Check(slow, topic="convolution", title="slow")

    @waiting.part()
    def one_case(rng):
        """One case."""
        yield case(5)

    for hidden in (False, True):
        report = run(waiting, raising(NotImplementedError()), hidden, forbidden=())
        assert report.outcomes[0].came == "NotImplementedError: not answered yet"
        assert asked == []
    assert run(waiting, lambda size: size, forbidden=()).passed
    assert asked == [5]


def test_hidden_cases_follow_the_seed_and_keep_their_numbers():
    part = find("output_size").parts[0]
    draws = [find("output_size").draw(part, seed)[0].args for seed in (5, 5, 6, 7, 8)]
    assert draws[0] == draws[1]
    assert len(set(draws)) > 1
    report = run(find("output_size"), lambda *args, **kwargs: -1, hidden=True)
    assert "size=" not in report.outcomes[0].tried
    assert report.examples == {}


def test_the_failed_call_can_be_tried_by_hand():
    report = run(find("conv2d"), lambda *args, **kwargs: np.zeros(1))
    arguments = report.example("window")
    assert convolution.conv2d(**arguments).ndim == 4
    with pytest.raises(ValueError, match=r"no visible case of part 'nothing' has failed"):
        report.example("nothing")


# --- forbidden calls -----------------------------------------------------------------------------


def by_alias(*args, **kwargs):
    from course_lib.convolution import conv2d as mine

    return next(iter([mine]))(*args, **kwargs)


def by_map(*args, **kwargs):
    import functools

    return next(map(functools.partial(convolution.conv2d, **kwargs), *([a] for a in args)))


def by_thread(*args, **kwargs):
    import threading

    box = []

    def work():
        try:
            box.append(convolution.conv2d_fft(*args, **kwargs))
        except ValueError as error:
            box.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return box[0]


def by_scipy(images, kernels, bias=None, strides=1, padding="valid", dilation_rate=1):
    from scipy.ndimage import correlate

    return correlate(images[0, :, :, 0], kernels[:, :, 0, 0])


def by_looking_away(*args, **kwargs):
    import sys

    sys.setprofile(None)
    return convolution.conv2d(*args, **kwargs)


@pytest.mark.parametrize(
    "answer", [by_alias, by_map, by_thread, by_scipy, by_looking_away, convolution.conv2d]
)
def test_ready_made_calls_are_found(answer):
    report = run(find("conv2d"), answer)
    assert report.outcomes[0].status == "failed"
    assert "which is not allowed here" in report.outcomes[0].came
    assert report.score < 0.2


def test_numpy_and_a_first_import_are_no_ready_made_calls():
    def honest(size, kernel_size, strides=1, padding="valid", dilation_rate=1):
        import scipy.signal  # noqa: F401
        import sklearn.utils  # noqa: F401  importing is not calling

        if padding == "valid" and (kernel_size - 1) * dilation_rate >= size:
            raise ValueError("too large")
        extent = 1 if padding == "same" else (kernel_size - 1) * dilation_rate + 1
        return int(np.floor_divide(size - extent, strides)) + 1

    assert run(find("output_size"), honest, hidden=True).passed


# --- reports -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def failing():
    flipped = find("conv2d").misconceptions[0].function
    return run(find("conv2d"), flipped, forbidden=())


def test_report_as_text(failing):
    text = str(failing)
    assert "✗ One gray image" in text
    assert "looks like" in text
    assert "flipped" in text
    assert max(map(len, text.splitlines())) <= 110


def test_report_as_json(failing):
    data = json.loads(json.dumps(failing.to_json()))
    assert data["topic"] == "convolution"
    assert data["check"] == "conv2d"
    assert 0 < data["score"] < 1
    first = data["parts"][0]
    assert first["status"] == "failed"
    assert first["misconception"] == "flipped_kernel"
    assert "flipped" in first["message"]


def test_report_as_html_escapes():
    def nasty(*args, **kwargs):
        raise RuntimeError("<script>alert(1)</script>")

    page = run(find("conv2d"), nasty).to_html()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_show_prints_without_a_notebook(capsys):
    report = checks.check("output_size", convolution.output_size)
    assert "output_size" in capsys.readouterr().out
    assert report.points(10) == 0  # the reference itself is ready-made


def test_a_missing_error_is_not_explained_by_another_mistake():
    def plain_mean(image, weights=None):
        return image.mean(axis=2)

    weighted, *_, no_colours = run(find("to_gray"), plain_mean).outcomes
    assert weighted.misconception == "plain_mean"
    assert (no_colours.status, no_colours.misconception) == ("failed", None)


# --- the front door ------------------------------------------------------------------------------


def test_bad_input():
    with pytest.raises(ValueError, match=r"there is no check 'conv3d'; .*are: .*output_size, "):
        checks.check("conv3d", print)
    with pytest.raises(ValueError, match="needs the function itself; got 5"):
        checks.check("conv2d", 5)
    with pytest.raises(ValueError, match="there is no topic 'x'"):
        checks.load("x")
    assert find("convolution.conv2d") is find("conv2d")


def test_a_topic_without_answers_has_no_checks():
    with pytest.raises(ValueError, match=r"nothing is built in 'introduction'; .*image_processing"):
        load("introduction")
    for arguments in (["audit", "introduction"], ["check", "introduction", "x.ipynb"]):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 2
        assert "nothing is built in 'introduction'" in result.output


def test_audit_command(monkeypatch):
    result = CliRunner().invoke(app, ["audit", "nothing"])
    assert result.exit_code == 2
    assert "there is no topic 'nothing'" in result.output
    monkeypatch.setattr(find("output_size"), "parts", find("output_size").parts[:1])
    monkeypatch.setattr("course_lib.checks.audit.load", lambda stem: (find("output_size"),))
    assert CliRunner().invoke(app, ["audit", "convolution"]).exit_code == 1


def test_check_command(tmp_path):
    solution = "solutions/convolution/convolution.ipynb"
    result = CliRunner().invoke(app, ["check", "convolution", solution])
    assert result.exit_code == 0, result.output
    assert "6 of 6 functions passed" in result.output
    blank = "assignments/convolution/convolution.ipynb"
    assert CliRunner().invoke(app, ["check", "convolution", blank]).exit_code == 1
    broken = tmp_path / "broken.ipynb"
    broken.write_text('{"cells": [')
    for path, message in [
        (tmp_path / "none.ipynb", "there is no notebook"),
        (tmp_path, "is a folder"),
        (broken, "it is no JSON"),
    ]:
        result = CliRunner().invoke(app, ["check", "convolution", str(path)])
        assert result.exit_code == 2
        assert message in result.output
        assert len(result.output.strip().splitlines()) == 1


def test_a_notebook_whose_cells_fail_is_still_checked(tmp_path, capsys):
    notebook = read_notebook("assignments/convolution/convolution.ipynb")
    for index, source in [
        (1, "if True:\n    %matplotlib inline"),
        (3, "import nothing_of_the_kind"),
    ]:
        notebook.cells[index].source = source
        notebook.cells[index].metadata.clear()
    notebook.cells[5].source = "exit(3)"
    path = tmp_path / "x.ipynb"
    import nbformat

    nbformat.write(notebook, path)
    reports = check_notebook("convolution", path)
    assert len(reports) == 6
    messages = capsys.readouterr().err
    assert "ModuleNotFoundError" in messages
    assert "SystemExit: 3" in messages
    assert "SyntaxError" not in messages


# --- rounding and other seeds ------------------------------------------------------------------

# The sum of the kernels' gradient nearly cancels there.
CANCELLING = 562015754


def taps_first(images, kernels, output_gradient):
    """The kernels' gradient of a 1 x 1 convolution, summed in 32 bits, one image after another."""
    total = np.zeros(kernels.shape, np.float32)
    for image, gradient in zip(images, output_gradient, strict=True):
        total[0, 0] += np.einsum("ijc,ijf->cf", image, gradient)
    return total


def test_rounding_costs_no_marks_where_a_sum_cancels():
    check = find("conv2d_gradients")
    part = next(part for part in check.parts if part.name == "over_the_batch")
    draws = [check.drawn(part, 1_000_003 * CANCELLING + draw) for draw in (1, 2, 3)]
    forgiven = [
        (drawn, expected)
        for cases in draws
        for drawn, expected in [(case, check.expected(case)) for case in cases]
        if drawn.args[1].shape[:2] == (1, 1)
        and difference(taps_first(*drawn.args), expected[1], 1e-7) is not None
    ]
    assert forgiven
    for drawn, expected in forgiven:
        atol = slack(check, drawn, expected)[1]
        assert 0 < atol < 1e-3
        assert difference(taps_first(*drawn.args), expected[1], 1e-7, atol=atol) is None
        assert difference(1.01 * expected[1] + 0.01, expected[1], 1e-4, atol=atol) is not None


def test_slack_is_bounded_and_knows_integers():
    def jump(x):
        return np.sign(x - 1) * 5, 3

    check = Check(jump, "tiny", "jumps", ("a", "b"))
    expected = jump(np.ones(4, np.float32))
    assert slack(check, case(np.ones(4, np.float32)), expected) == [1e-3, 0.0]
    assert slack(check, case(np.ones(4, np.uint8)), expected) == [0.0, 0.0]


@pytest.mark.slow
@pytest.mark.parametrize("stem", [topic.stem for topic in ASSIGNED])
def test_other_seeds_change_no_verdict(stem):
    """Hidden draws differ by submission: they must neither fail the right nor pass the wrong."""
    for check in load(stem):
        # Networks take seconds to build: fewer seeds.
        for seed in np.random.default_rng(0).integers(
            2**31, size=40 if check.measure is None else 3
        ):
            for function in (check.reference, *check.variants):
                report = run(check, function, hidden=True, seed=int(seed), forbidden=())
                assert report.passed, (check.name, function.__name__, seed, str(report))
            for mistake in check.misconceptions:
                report = run(check, mistake.function, hidden=True, seed=int(seed), forbidden=())
                assert not report.passed, (check.name, mistake.name, seed)
            check.forget()
