"""What the student's end tells of functions and exceptions, in plain and bounded text."""

import contextlib
import inspect
import io
import linecache
import sys

from .codec import MalformedError, RefusedError
from .encode import Encoder


def facts(function, limits):
    """Return what can be said of a function: names, docstring, parameters."""
    kind = type(function)
    said = {
        "name": text(getattr(function, "__name__", kind.__name__), 200),
        "qualname": text(getattr(function, "__qualname__", kind.__qualname__), 200),
        "module": text(getattr(function, "__module__", kind.__module__), 200),
        "doc": text(getattr(function, "__doc__", None) or "", 4000),
    }
    try:
        parameters = list(inspect.signature(function).parameters.values())
        said["signature"] = [_parameter(parameter, limits) for parameter in parameters[:100]]
    except Exception:  # not every callable has one
        said["signature"] = None
    return said


def _parameter(parameter, limits):
    node = [text(parameter.name, 200), int(parameter.kind)]
    if parameter.default is parameter.empty:
        return node
    try:
        return [*node, "value", Encoder(limits).encode(parameter.default)]
    except Exception:
        return [*node, "text", text(repr(parameter.default), 200)]


def error_facts(error, namespace, function=None):
    """Return what can be said of an exception: names, text, and the student's line.

    Args:
        error: the exception.
        namespace: the student's names; a frame that has them is the student's.
        function: the function that was called.
    """
    if isinstance(error, (RefusedError, MalformedError)):
        return {"refused": reason(error)}
    bases = [c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins"]
    said = {"name": text(type(error).__name__, 100), "bases": bases[:10]}
    said["text"] = reason(error)
    said["line"] = _line(error, namespace, function)
    return said


def _line(error, namespace, function):
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    frame, found = error.__traceback__, ""
    while frame is not None:
        code, names = frame.tb_frame.f_code, frame.tb_frame.f_globals
        if names is namespace or code.co_filename == file:
            found = linecache.getline(code.co_filename, frame.tb_lineno, names) or found
        frame = frame.tb_next
    return text(found.strip(), 300)


class Capture(io.TextIOBase):
    """Keeps the beginning of what is printed."""

    def __init__(self, limit):
        self.limit, self.parts, self.size = limit, [], 0

    def writable(self):
        return True

    def write(self, text):
        kept = text[: max(0, self.limit - self.size)]
        self.size += len(text)
        if kept:
            self.parts.append(kept)
        return len(text)

    @contextlib.contextmanager
    def redirected(self):
        """Have all that is printed written here while the block runs."""
        before = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = self
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before

    def text(self):
        """Return what was kept."""
        return text("".join(self.parts), self.limit)


def text(value, limit):
    """A plain text of bounded length, whatever the student's class makes of `str`."""
    text = str.__getitem__(value, slice(limit)) if isinstance(value, str) else "?"
    return text.encode("utf-8", "replace").decode("utf-8")


def reason(error):
    """Return an exception's text, or "" where it has none that can be shown."""
    try:
        single = isinstance(error, KeyError) and len(error.args) == 1  # str() would quote the key
        return text(str(error.args[0] if single else error), 2000)
    except Exception:  # a student's exception may raise when it is shown
        return ""
