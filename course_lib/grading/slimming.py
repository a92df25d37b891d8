"""Takes what a notebook printed out of its file, without parsing it.

A notebook of 100 MB is nearly all outputs and widgets' state, which grading does not read. Parsing
it would cost its size many times over, and a hostile one thousands of times. Here the bytes are
walked from bracket to bracket in one pass, in memory of about the file's own size.
"""

import re

# A key deeper than worksheets[].cells[].outputs is not the notebook's own.
DEEPEST_KEY = 5
MAX_STEPS = 3_000_000
MAX_BRACKETS = 300_000

# What `*+` repeats is atomic itself: before Python 3.11.5 it else goes wrong where that backtracks.
_STRING = rb'"(?>[^"\\]++|\\.)*+"'
_PLAIN = rb'[^"\[\]{}]++'


def _flat(depth):
    """Return a pattern for what lies between brackets and nests at most so deep itself."""
    inner = [] if depth == 0 else [rb"\[" + _flat(depth - 1) + rb"\]"]
    inner += [] if depth == 0 else [rb"\{" + _flat(depth - 1) + rb"\}"]
    return rb"(?>" + rb"|".join([_PLAIN, _STRING, *inner]) + rb")*+"


# What nests little, such as a table's rows, is swallowed at once; a step in Python is dear.
_SWALLOW = re.compile(_flat(3), re.DOTALL)
_VALUE = re.compile(rb"\s*+(?>" + _STRING + rb"|[^\s\[\]{},\"]++)?+", re.DOTALL)
_OPEN, _CLOSE = b"[{", b"]}"


class TooComplicatedError(ValueError):
    """A file that is not JSON, or that nests more than any notebook does."""


class _Walk:
    """The keys to drop, and how far the work may go."""

    def __init__(self, data, keys):
        self.data, self.steps, self.brackets = data, 0, 0
        names = b"|".join(re.escape(key.encode()) for key in keys)
        self.key = re.compile(rb'"(' + names + rb')"\s*+:')
        not_key = rb'(?!"(?:' + names + rb')"\s*+:)' + _STRING
        self.to_bracket_or_key = re.compile(rb"(?>" + _PLAIN + rb"|" + not_key + rb")*+", re.DOTALL)

    def step(self):
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TooComplicatedError("it nests more than any notebook does")

    def end_of_value(self, position):
        """Return where the value that starts here ends."""
        data, depth = self.data, 0
        position = _VALUE.match(data, position).end()
        while position < len(data):
            self.step()
            if data[position] in _OPEN:
                depth += 1
            elif data[position] in _CLOSE:
                depth -= 1
            elif depth:
                raise TooComplicatedError("a text in it has no end")
            if depth <= 0:
                # The closing bracket is the value's own only if it opened here.
                return position + 1 if depth == 0 and data[position] in _CLOSE else position
            position = _SWALLOW.match(data, position + 1).end()
        raise TooComplicatedError("it ends in the middle")

    def kept(self):
        """Yield the pieces that stay."""
        data, position, start, depth = self.data, 0, 0, 0
        while True:
            position = self.to_bracket_or_key.match(data, position).end()
            if position >= len(data):
                break
            self.step()
            found = self.key.match(data, position)
            if found and depth <= DEEPEST_KEY:
                yield data[start : found.end()]
                yield b"[]" if found[1] == b"outputs" else b"{}"
                position = start = self.end_of_value(found.end())
                continue
            if found:
                position = found.end()
                continue
            if data[position] == ord('"'):
                raise TooComplicatedError("a text in it has no end")
            depth += 1 if data[position] in _OPEN else -1
            self.brackets += 1
            if self.brackets > MAX_BRACKETS:
                raise TooComplicatedError("it nests more than any notebook does")
            position += 1
        yield data[start:]


def slim(data, keys=("outputs", "widgets")):
    r"""Return a notebook's bytes with empty values for some keys of its cells and metadata.

    Args:
        data: the file's bytes, in an encoding that extends ASCII.
        keys: the keys whose values go.

    Raises:
        TooComplicatedError: if it is not JSON at the places that were looked at, or nests without
            measure; in a clause that continues "because".

    Example:
        >>> slim(b'{"cells": [{"source": "1", "outputs": [{"data": ["much"]}]}]}')
        b'{"cells": [{"source": "1", "outputs":[]}]}'
    """
    return b"".join(_Walk(data, keys).kept())
