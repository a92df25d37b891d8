"""Messages over a socket: four bytes of length, then JSON in UTF-8, read against a deadline."""

import json
import select
import socket
import struct
import time

_HEADER = struct.Struct(">I")
_CHUNK = 2**20


class BrokenStreamError(Exception):
    """The stream has ended or cannot be followed any more; the text says why."""


class LateError(Exception):
    """The deadline came before the message."""


class Stream:
    """One end of a socket pair; what has arrived of a message survives a deadline.

    Args:
        sock: a connected stream socket.
        limits: the `WireLimits`; a message's length is checked before it is read.
    """

    def __init__(self, sock, limits):
        self.sock = sock
        self.limits = limits
        self.received = 0
        self._buffer = bytearray()

    def send(self, data, end=None):
        """Send one message.

        Args:
            data: its bytes.
            end: when to give up, in `time.monotonic()`'s seconds; by default never.

        Raises:
            BrokenStreamError: if the other side is gone, or took only a part in time.
        """
        view = memoryview(_HEADER.pack(len(data)) + data)
        while view:
            try:
                view = view[self.sock.send(view, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) :]
            except BlockingIOError:
                if not self._ready(select.POLLOUT, end):
                    raise BrokenStreamError("it does not read what it is sent") from None
            except OSError as error:
                raise BrokenStreamError("its process has ended") from error

    def receive(self, end=None):
        """Return the next message's bytes.

        Args:
            end: when to give up, in `time.monotonic()`'s seconds; by default never.

        Raises:
            LateError: if the message is not complete by then; bytes that drip in change nothing.
            BrokenStreamError: if the stream ended, or the message or all together is too large.
        """
        while True:
            need = self._missing()
            if need == 0:
                return self._take()
            if end is not None and time.monotonic() >= end:
                raise LateError
            self._fill(need, end)

    def _missing(self):
        if len(self._buffer) < _HEADER.size:
            return _HEADER.size - len(self._buffer)
        length = _HEADER.unpack_from(self._buffer)[0]
        if length > self.limits.frame_bytes:
            raise BrokenStreamError(
                f"it announced a message of {length} bytes; at most {self.limits.frame_bytes} fit"
            )
        return _HEADER.size + length - len(self._buffer)

    def _take(self):
        data = bytes(memoryview(self._buffer)[_HEADER.size :])
        self._buffer = bytearray()
        return data

    def _fill(self, need, end):
        try:
            data = self.sock.recv(min(need, _CHUNK), socket.MSG_DONTWAIT)
        except BlockingIOError:
            if not self._ready(select.POLLIN, end):
                raise LateError from None
            return
        except OSError as error:
            raise BrokenStreamError("its process has ended") from error
        if not data:
            raise BrokenStreamError("its process has ended")
        self.received += len(data)
        if self.received > self.limits.total_bytes:
            raise BrokenStreamError(f"it sent more than {self.limits.total_bytes} bytes in all")
        self._buffer += data

    def _ready(self, event, end):
        poll = select.poll()
        poll.register(self.sock, event)
        wait = None if end is None else max(0.0, end - time.monotonic()) * 1000
        return bool(poll.poll(wait))


def dump_frame(frame):
    """Return a message as bytes."""
    return json.dumps(frame, allow_nan=False, separators=(",", ":")).encode("ascii")


def load_frame(data, limits):
    """Return the message that bytes hold.

    Brackets and commas are counted first: a small text can be a very large object.

    Raises:
        ValueError: if it is no JSON object within the limits.

    Example:
        >>> from course_lib.grading.inside.limits import WireLimits
        >>> load_frame(b'{"op":"end"}', WireLimits())
        {'op': 'end'}
    """
    if sum(data.count(mark) for mark in (b"[", b"{", b",")) > 4 * limits.nodes:
        raise ValueError("a message of too many parts")
    try:
        frame = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("a message that is nested too deeply") from None
    except ValueError as error:
        raise ValueError("a message that is not JSON") from error
    if type(frame) is not dict:
        raise ValueError(f"a message that is a {type(frame).__name__}")
    return frame


def _no_constant(name):
    raise ValueError(f"the number {name}")
