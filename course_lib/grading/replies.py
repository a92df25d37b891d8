"""What answers from the sandbox become: exceptions, descriptions, signatures. All of it is data."""

import inspect
from dataclasses import dataclass

from course_lib.grading.inside.codec import MalformedError

_RAISED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    FloatingPointError,
    ImportError,
    IndexError,
    KeyError,
    LookupError,
    MemoryError,
    ModuleNotFoundError,
    NameError,
    NotImplementedError,
    OSError,
    OverflowError,
    RecursionError,
    ReferenceError,
    RuntimeError,
    SyntaxError,
    TimeoutError,
    TypeError,
    UnboundLocalError,
    ValueError,
    ZeroDivisionError,
    FileNotFoundError,
    PermissionError,
)
RAISED = {kind.__name__: kind for kind in _RAISED}
_SAID = {
    "MemoryError": "the function asked for more memory than the sandbox has",
    "KeyboardInterrupt": "the function was interrupted",
    "StopIteration": "the function took from an iterator that was at its end",
}


class StudentError(Exception):
    """Something that the student's code is to blame for, whatever it was.

    Attributes:
        student_line: the line of the student's code that raised it, or "".
        student_found: forbidden functions that were called before.
    """

    student_line = ""
    student_found = ()


class BadReply(StudentError):  # noqa: N818  named for what came
    """What a call returned may not leave the sandbox, or is no value at all."""


class CallTimeout(StudentError):  # noqa: N818
    """A call took too long and was interrupted; others may follow."""


class ChannelClosed(StudentError):  # noqa: N818
    """The student's process cannot be asked any more; the text says why."""


@dataclass(frozen=True)
class Described:
    """What a name stands for in the student's process.

    Attributes:
        kind: "callable", "data", "missing" or "refused".
        signature: of a callable, an `inspect.Signature`, or None where there is none.
        value: of data, the value; of a callable, the function to call.
        reason: why it was refused.
        name: a callable's `__name__`.
        qualname: a callable's `__qualname__`.
        module: the module in which a callable says that it was made.
        doc: a callable's docstring, or None.
    """

    kind: str
    signature: inspect.Signature | None = None
    value: object = None
    reason: str = ""
    name: str = ""
    qualname: str = ""
    module: str = ""
    doc: str | None = None


class Text:
    """A default value that could not leave the sandbox; it shows as the student wrote it."""

    def __init__(self, text):
        self._text = text

    def __repr__(self):
        return self._text


def text(value, limit=2000):
    """Return a bounded text without half characters, whatever came.

    Example:
        >>> text("as it is"), text(["no text"])
        ('as it is', '')
    """
    if type(value) is not str:
        return ""
    return value[:limit].encode("utf-8", "replace").decode("utf-8")


def describe_function(facts):
    """Return what is known of a function, believing no more than that it is text.

    Args:
        facts: what came with the function's node.
    """
    if type(facts) is not dict:
        raise MalformedError("what came back holds a function without a description")
    said = {key: text(facts.get(key), 200) for key in ("name", "qualname", "module")}
    return Described("callable", doc=text(facts.get("doc"), 4000) or None, **said)


def read_signature(nodes, decode):
    """Return the signature that a list of parameters describes, or None where there is none.

    Args:
        nodes: a list of `[name, kind]`, or with a default `[name, kind, "value" or "text", it]`.
        decode: turns a default's node into a value.
    """
    if nodes is None:
        return None
    try:
        return inspect.Signature([_parameter(*node, decode=decode) for node in nodes[:100]])
    except MalformedError:
        raise
    except Exception as error:  # names that are none, parameters out of order
        raise MalformedError("what came back holds a signature that is none") from error


def _parameter(name, kind, form=None, default=None, *, decode):
    if form == "value":
        default = decode(default)
    elif form == "text":
        default = Text(text(default, 200))
    else:
        default = inspect.Parameter.empty
    return inspect.Parameter(text(name, 200), inspect._ParameterKind(kind), default=default)


def read_error(facts):
    """Return the exception that an answer tells of: one that is listed, or a `StudentError`.

    Args:
        facts: `{"name", "bases", "text", "line"}`, or `{"refused": text}`.

    Example:
        >>> read_error({"name": "OddError", "bases": ["ValueError"], "text": "an odd size"})
        ValueError('OddError: an odd size')
    """
    if type(facts) is not dict:
        return BadReply("the answer tells of an error, but not of which")
    if "refused" in facts:
        return BadReply(text(facts["refused"]) or "a value that cannot leave the sandbox")
    name, said = text(facts.get("name"), 100) or "Exception", text(facts.get("text"))
    bases = facts.get("bases") if type(facts.get("bases")) is list else []
    bases = [base for base in bases[:10] if type(base) is str]
    said = said or next((_SAID[base] for base in bases if base in _SAID), "")
    if name == "SystemExit":
        said = f"the function ended the program with exit({said})"
    kind = next((RAISED[base] for base in bases if base in RAISED), StudentError)
    if kind.__name__ != name and name not in ("SystemExit", "Exception"):
        said = f"{name}: {said}" if said else name
    error = kind(said) if said else kind()
    error.student_line = text(facts.get("line"), 300).strip()
    return error
