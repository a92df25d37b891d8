"""Run a check on a function: call it, compare, diagnose, report."""

import copy
import importlib
import inspect
import os
import traceback
from dataclasses import dataclass, field

import numpy as np

from course_lib.checks.compare import describe, difference, is_tensor, shorten
from course_lib.checks.conditioning import slack
from course_lib.checks.core import Case, Check, Unfit
from course_lib.checks.diagnose import diagnose, note_arguments
from course_lib.checks.forbidden import CallWatcher
from course_lib.checks.report import Outcome, Report
from course_lib.grading.inside.training import call_in_training
from course_lib.topics import ASSIGNED, topic

VISIBLE_SEED = 0


def load(stem):
    """Return the checks of a topic, in the order in which its assignment asks for them.

    Raises:
        ValueError: if there is no such topic, or nothing is built in it.
    """
    names = topic(stem).answers
    if not names:
        stems = ", ".join(t.stem for t in ASSIGNED)
        raise ValueError(f"nothing is built in {stem!r}; topics with checks are: {stems}.")
    module = importlib.import_module(f"course_lib.checks.{stem}")
    return tuple(module.CHECKS[name] for name in names)


def find(name):
    """Return the check of that name, `"conv2d"` or, with its topic, `"convolution.conv2d"`.

    Raises:
        ValueError: if there is none; the message lists the names.
    """
    stem, _, answer = name.rpartition(".")
    for candidate in ASSIGNED:
        if answer in candidate.answers and stem in ("", candidate.stem):
            return load(candidate.stem)[candidate.answers.index(answer)]
    names = ", ".join(answer for candidate in ASSIGNED for answer in candidate.answers)
    raise ValueError(f"there is no check {name!r}; the checks are: {names}.")


def check(name, function, hidden=False, seed=None, show=True):
    """Check a function, show the report, and return it.

    Args:
        name: the check's name, such as `"conv2d"`.
        function: the student's function.
        hidden: add draws of cases that differ from those that the student sees, or take these
            alone where one call is dear.
        seed: of the hidden draws; by default the environment's `COURSE_CHECK_SEED`, or 1.
        show: display the report, as HTML in a notebook and as text in a terminal.

    Returns:
        A `Report`; `report.points(8)` is the number of points out of 8.

    Raises:
        ValueError: if there is no such check, or `function` cannot be called.
    """
    chosen = find(name)
    if not callable(function):
        raise ValueError(
            f"check({name!r}, ...) needs the function itself; got {describe(function)}. Write "
            f"check({name!r}, {chosen.name}) without calling it."
        )
    seed = int(os.environ.get("COURSE_CHECK_SEED", 1)) if seed is None else seed
    report = run(chosen, function, hidden=hidden, seed=seed)
    if show:
        report.show()
    return report


@dataclass(eq=False)  # trials hold arrays, whose == is not a truth value
class _Trial:
    """One executed case and what came of it."""

    case: Case
    came: object = None
    error: BaseException | None = None
    problem: tuple[str, str] | None = None
    ready_made: bool = False
    changed: bool = False
    called: Case | None = None  # how the function itself was called


@dataclass
class _Run:
    """The state of one check on one function."""

    check: Check
    function: object
    hidden: bool
    forbidden: tuple[str, ...]
    ready_made: str = ""
    trials: list[_Trial] = field(default_factory=list)
    kept: dict = field(default_factory=dict)


def run(check, function, hidden=False, seed=1, forbidden=None):
    """Judge a function by a check's parts, without showing anything.

    Args:
        check: the `Check`.
        function: what to judge.
        hidden: whether to add hidden draws.
        seed: of the hidden draws.
        forbidden: modules whose functions it may not call; the check's own by default.

    Returns:
        A `Report`.
    """
    state = _Run(check, function, hidden, check.forbidden if forbidden is None else forbidden)
    state.ready_made = _is_ready_made(function, state.forbidden)
    seeds = [] if hidden and check.due else [VISIBLE_SEED]
    if hidden:
        seeds += [1_000_003 * seed + draw + 1 for draw in range(check.hidden_draws)]
    outcomes, failures = [], []
    for part in check.parts:
        outcome, trials = _judge(state, part, seeds, outcomes)
        outcomes.append(outcome)
        failures.append(trials)
    diagnose(check, outcomes, failures, state.trials)
    _note_arguments(state, outcomes, failures)
    examples = {} if hidden else _examples(check, outcomes, failures)
    return Report(check.topic, check.name, check.title, hidden, tuple(outcomes), examples)


def _note_arguments(state, outcomes, failures):
    """Tell once where the function's arguments are not those of the task."""
    for outcome, trials in zip(outcomes, failures, strict=True):
        trial = next((t for t in trials if t.problem), None)
        if trial and not trial.ready_made and not isinstance(trial.error, NotImplementedError):
            call = trial.called or trial.case
            outcome.message = note_arguments(state.check.reference, state.function, call)
            if outcome.message:
                return


def _examples(check, outcomes, failures):
    """The arguments of each part's first failing call, by name, for the student to try."""
    signature = inspect.signature(check.reference)
    return {
        outcome.name: signature.bind(*trial.called.args, **trial.called.kwargs).arguments
        for outcome, trials in zip(outcomes, failures, strict=True)
        for trial in [t for t in trials if t.problem][:1]
        if trial.called
    }


def _is_ready_made(function, modules):
    """Return the function's name if it belongs to a forbidden module itself, else nothing."""
    watcher = CallWatcher(modules)
    # A function in the sandbox says itself where it was made.
    module = getattr(function, "student_module", None) or getattr(function, "__module__", None)
    if watcher.covers(module):
        watcher.add(module, getattr(function, "__qualname__", type(function).__name__))
    return next(iter(watcher.found), "")


def _judge(state, part, seeds, before):
    """Run one part's draws until one fails; return its outcome and the failing draw's trials."""
    outcome = Outcome(part.name, part.title, "passed", part.weight, read=part.read)
    missing = [o.title for o in before if o.name in part.after and o.status != "passed"]
    if missing:
        outcome.status = "skipped"
        outcome.message = f"This builds on “{missing[0]}”, which has not passed yet."
        return outcome, []
    for seed in seeds:
        try:
            trials = [_Trial(drawn) for drawn in state.check.drawn(part, seed)]
            for trial in trials:
                _try(state, trial)
        except Exception as error:  # our fault, never the student's
            outcome.status = "error"
            outcome.message = f"The check itself failed ({error!r}). Tell your instructor."
            return outcome, []
        state.trials += trials
        failed = next((t for t in trials if t.problem), None)
        if failed:
            outcome.status = "failed"
            outcome.tried = _call_text(state.check, failed.called, state.hidden)
            outcome.came, outcome.expected = failed.problem
            return outcome, trials
    return outcome, []


def _try(state, trial):
    """Call the function on copies of the arguments and note what is wrong with the result."""
    args, kwargs = copy.deepcopy(trial.case.args), copy.deepcopy(trial.case.kwargs)
    answer = _Answer(state.function, state.forbidden, state.kept)
    try:
        trial.came = state.check.result(answer, args, kwargs)
    except KeyboardInterrupt:
        raise  # whoever presses stop means the check
    except SystemExit as error:
        trial.error = RuntimeError(f"the function ended the program with exit({error.code})")
    except BaseException as error:
        trial.error = _answered(error)
    trial.called = answer.called if state.check.measure else trial.case
    called = state.ready_made or next(iter(answer.found), "")
    if called:
        trial.ready_made = True
        trial.problem = f"a call of {called}, which is not allowed here", "your own computation"
        return
    if not isinstance(trial.error, NotImplementedError):  # the reference may take its time
        state.check.expected(trial.case)
    try:
        trial.problem = _problem(state, trial, answer, args, kwargs)
    except Exception as error:  # a student's object may raise anything when it is compared
        kind = type(trial.came).__name__
        trial.problem = f"a {kind} that raises {type(error).__name__} when compared", "a result"


def _answered(error):
    """An error as it is; where NumPy refuses a tensor, one that is not taken for a missing answer.

    TensorFlow raises NotImplementedError there, which is what the task's own line raises.
    """
    if not (isinstance(error, NotImplementedError) and "symbolic tf.Tensor" in f"{error}"):
        return error
    said = "NumPy cannot take a tensor that has no numbers yet, as in a tf.function; keras.ops can"
    told = TypeError(said).with_traceback(error.__traceback__)
    told.student_line = getattr(error, "student_line", "")
    return told


class _Answer:
    """The function that is judged, watched while it runs.

    Attributes:
        found: the forbidden functions that it called.
        called: the last call of it.
        raised: what that call raised.
    """

    def __init__(self, function, modules, kept):
        self.function, self.modules, self.kept = function, modules, kept
        self.found, self.called, self.raised = [], None, None

    def keep(self, key, value):
        """Keep what was made of the last call, for the parts to come."""
        self.kept[key] = value, self.called, tuple(self.found)

    def recall(self, key):
        """Return what was kept of such a call, as if it had been made now, or None."""
        if key not in self.kept:
            return None
        value, self.called, found = self.kept[key]
        self.found += found
        return value

    def __call__(self, *args, **kwargs):
        return self._noted(args, kwargs)

    def in_training(self, args, kwargs, **settings):
        """Call it by `call_in_training`."""
        return self._noted(args, kwargs, settings)

    def _noted(self, args, kwargs, training=None):
        self.called = Case(args, kwargs)
        try:
            return self._call(args, kwargs, training)
        except BaseException as error:
            self.raised = error
            raise

    def _call(self, args, kwargs, training):
        if getattr(self.function, "__module__", None) == "student":  # it is watched over there
            try:
                value, names = self.function.call_watched(args, kwargs, self.modules, training)
            except Exception as error:
                self.found += getattr(error, "student_found", ())
                raise
            self.found += names
            return value
        watcher = CallWatcher(self.modules)

        def watched(*args, **kwargs):
            with watcher:
                return self.function(*args, **kwargs)

        try:
            if training is None:
                return watched(*args, **kwargs)
            return call_in_training(watched, args, kwargs, **training)
        finally:
            self.found += watcher.found


def _problem(state, trial, answer, args, kwargs):
    case, check = trial.case, state.check
    if isinstance(trial.error, Unfit):
        return trial.error.came, trial.error.expected
    if isinstance(trial.error, NotImplementedError):
        return "NotImplementedError: not answered yet", "an implementation"
    if case.raises:
        wanted = f"a {case.raises.__name__} that says what is wrong"
        if trial.error is None:
            return f"{describe(trial.came)}, and no error", wanted
        if isinstance(trial.error, case.raises) and trial.error is answer.raised:
            return None
        return _error_text(trial.error, state.function), wanted
    if trial.error is not None:
        return _error_text(trial.error, state.function), "a result"
    trial.changed = not same_inputs((args, kwargs), (case.args, case.kwargs))
    if trial.changed:
        return (
            "changed arguments: the function writes into its input",
            "arguments left as they were",
        )
    return _result_problem(check, case, trial.came)


def _result_problem(check, case, came):
    """Say how results differ, or None; rounding is forgiven where it explains the difference."""
    expected = check.expected(case)
    problem = _differences(check, case, came, expected, None)
    if problem is None or check.due:  # what is due then leaves room, and no reference ran
        return problem
    return _differences(check, case, came, expected, slack(check, case, expected)) and problem


def _differences(check, case, came, expected, atols):
    if not isinstance(expected, tuple):
        atol = atols[0] if atols else 0.0
        return difference(came, expected, check.rtol, check.returns[0], atol)
    names = ", ".join(check.returns)
    if not isinstance(came, (tuple, list)) or len(came) != len(expected):
        return describe(came), f"a tuple of {len(expected)}: ({names})"
    atols = atols or [0.0] * len(expected)
    for name, one, wanted, atol in zip(check.returns, came, expected, atols, strict=True):
        problem = case.of in (None, name) and difference(one, wanted, check.rtol, name, atol)
        if problem and one is None:
            return problem[0], f"an array of shape {np.shape(wanted)}"
        if problem:
            return problem
    return None


def same_inputs(now, before):
    """Whether arguments are what they were before a call."""
    (args, kwargs), (old_args, old_kwargs) = now, before
    pairs = [*zip(args, old_args, strict=True), *((kwargs[k], old_kwargs[k]) for k in kwargs)]
    return all(
        np.array_equal(new, old, equal_nan=new.dtype.kind == "f")
        if isinstance(new, np.ndarray)
        else repr(new) == repr(old)
        for new, old in pairs
    )


def _call_text(check, call, hidden):
    """The call as the report shows it; hidden cases keep their numbers to themselves."""
    if call is None:
        return check.name
    try:
        given = inspect.signature(check.reference).bind(*call.args, **call.kwargs).arguments
    except TypeError:  # a check's `measure` calls by other names
        given = dict(enumerate(call.args)) | call.kwargs
    shown = [
        f"{name}={describe(value)}"
        for name, value in given.items()
        if not (hidden and not (isinstance(value, np.ndarray) or is_tensor(value)))
    ]
    return f"{check.name}({', '.join(shown)})"


def _error_text(error, function):
    """The exception, and the line of the student's code that it came from."""
    try:
        text = shorten(f"{type(error).__name__}: {error}", 300).removesuffix(":")
    except Exception:  # a student's exception may raise when it is shown
        text = type(error).__name__
    line = getattr(error, "student_line", "")
    if isinstance(line, str) and line:  # raised in a sandbox
        return f"{text} (in the line: {shorten(line, 120)})"
    code = getattr(function, "__code__", None)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if code is not None and frame.filename == code.co_filename and frame.line:
            return f"{text} (in the line: {shorten(frame.line, 120)})"
    return text
