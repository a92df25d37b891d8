"""What a check is made of: a reference, parts with seeded cases, misconceptions, variants.

A topic's check module builds one `Check` for each function that the student writes, and hangs its
parts, misconceptions, variants and ready-made answers on it with decorators, so that the module
reads like the report.
"""

import copy
import inspect
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

# Calls into these do the task instead of the student. NumPy is what the course builds from.
READY_MADE = (
    "course_lib",
    "keras",
    "tensorflow",
    "torch",
    "jax",
    "scipy.signal",
    "scipy.ndimage",
    "skimage",
    "sklearn",
    "cv2",
)


@dataclass(frozen=True, eq=False)
class Case:
    """One call: the arguments, the exception that is due, the one returned value that counts."""

    args: tuple
    kwargs: dict
    raises: type[Exception] | None = None
    of: str | None = None


def case(*args, raises=None, of=None, **kwargs):
    """Return the call with these arguments.

    Args:
        *args: the call's positional arguments.
        raises: the exception that it must end in.
        of: of several returned values, the name of the one that is compared.
        **kwargs: the call's keyword arguments.
    """
    return Case(args, kwargs, raises, of)


class Unfit(Exception):  # noqa: N818  it is a finding, and no fault of the check
    """What an answer gave cannot be measured: what came, and what was expected instead."""

    def __init__(self, came, expected):
        super().__init__(came, expected)
        self.came, self.expected = came, expected


@dataclass(frozen=True)
class Part:
    """One idea, worth `weight`; `cases(rng)` draws the calls that test it."""

    name: str
    title: str
    weight: float
    after: tuple[str, ...]
    cases: Callable
    read: str


@dataclass(frozen=True)
class Misconception:
    """A plausible wrong implementation, with the line that explains it.

    Attributes:
        name: of the implementation.
        hint: the line that names the mistake.
        function: the implementation.
        known_by: where one call is dear, what the mistake is known by without running it: a
            function of a dictionary of what was measured of an answer.
    """

    name: str
    hint: str
    function: Callable
    known_by: Callable | None = None


@dataclass
class Check:
    """Everything that judges one function.

    Args:
        reference: the right implementation; its name is the check's.
        topic: the topic's stem.
        title: what the function does, for the report's heading.
        returns: names of the returned values, more than one for a tuple.
        read: where in the book to read, `"page.html#anchor"`.
        rtol: tolerance relative to the largest expected magnitude of an array.
        forbidden: modules whose functions the answer may not call.
        measure: what finds out the numbers to compare where the answer itself gives none, as a
            network does: `measure(answer, *args, **kwargs)` gets a case's arguments, calls the
            answer as it sees fit and returns numbers. They depend on the arguments alone.
        hidden_draws: how many further draws of the cases hidden tests try; networks take longer
            to build, and one draw gives them new weights already.
        due: for an answer of which one call is dear, as a training is: `due(*args, **kwargs)`
            says what a case must give, and the reference is not asked. Then all parts draw the
            same numbers, so that they can share a call (see `once`); hidden tests leave the
            visible draw out; and a mistake is named by what it is known by, and not run.
    """

    reference: Callable
    topic: str
    title: str
    returns: tuple[str, ...] = ("result",)
    read: str = ""
    rtol: float = 1e-4
    forbidden: tuple[str, ...] = READY_MADE
    measure: Callable | None = None
    hidden_draws: int = 3
    due: Callable | None = None
    parts: list[Part] = field(default_factory=list)
    misconceptions: list[Misconception] = field(default_factory=list)
    variants: list[Callable] = field(default_factory=list)
    ready_made: list[Callable] = field(default_factory=list)
    cases: dict = field(default_factory=dict, repr=False)
    known: dict = field(default_factory=dict, repr=False)
    mistaken: dict = field(default_factory=dict, repr=False)

    @property
    def name(self):
        """The name of the function that the student writes."""
        return self.reference.__name__

    def part(self, weight=1, after=(), read=""):
        """Register a generator of cases; its docstring is the line that the student sees."""

        def register(cases):
            names = tuple(before.__name__ for before in after)
            title = inspect.getdoc(cases)
            part = Part(cases.__name__, title, weight, names, cases, read or self.read)
            self.parts.append(part)
            return cases

        return register

    def misconception(self, hint, known_by=None):
        """Register a wrong implementation under the hint that names the mistake."""

        def register(function):
            named = Misconception(function.__name__, hint, function, known_by)
            self.misconceptions.append(named)
            return function

        return register

    def variant(self, function):
        """Register a correct implementation in another style; the audit demands that it passes."""
        self.variants.append(function)
        return function

    def forbid(self, function):
        """Register an answer that calls what it should build; the audit wants it found."""
        self.ready_made.append(function)
        return function

    def draw(self, part, seed):
        """Return the cases of a part for a seed; parts share a stream only where a call is dear."""
        name = f"{self.topic}.{self.name}" + ("" if self.due else f".{part.name}")
        stream = zlib.crc32(name.encode())
        return list(part.cases(np.random.default_rng([seed, stream])))

    def drawn(self, part, seed):
        """Return the cases of a part for a seed; they are drawn once."""
        if (part, seed) not in self.cases:
            self.cases[part, seed] = self.draw(part, seed)
        return self.cases[part, seed]

    def expected(self, case):
        """Return the result that is due for a case, None for an error; it is computed once."""
        if case not in self.known:
            self.known[case] = self._answer(case)
        return self.known[case]

    def mistake(self, misconception, case):
        """Return what a misconception makes of a case, and what it raised or None; computed once.

        The case's arguments stay as they are.
        """
        key = misconception.name, case
        if key not in self.mistaken:
            args, kwargs = copy.deepcopy((case.args, case.kwargs))
            try:
                with np.errstate(all="ignore"):
                    found = self.result(misconception.function, args, kwargs), None
            except Exception as error:  # a mistake need not work on every input
                found = None, error.with_traceback(None)
            self.mistaken[key] = found
        return self.mistaken[key]

    def forget(self):
        """Drop the results that are kept, as a new notebook has none."""
        self.cases.clear()
        self.known.clear()
        self.mistaken.clear()

    def _answer(self, case):
        if case.raises:
            return None
        args, kwargs = copy.deepcopy((case.args, case.kwargs))
        return self.due(*args, **kwargs) if self.due else self.result(self.reference, args, kwargs)

    def result(self, function, args, kwargs):
        """Return what an implementation gives for a case's arguments, or what is measured of it."""
        if self.measure is None:
            return function(*args, **kwargs)
        return self.measure(function, *args, **kwargs)
