"""Calls into the student's process, from the side that judges.

A `Channel` is the trusted end of the wire, a `Proxy` a function of the student's that can be called
like any other. What comes back is data from a stranger: it is bounded, checked and plain before
anything sees it, and whatever is wrong with it ends in a `StudentError`.
"""

import contextlib
import secrets
import time
from collections import Counter
from dataclasses import replace

from course_lib.grading.inside import graphs
from course_lib.grading.inside.codec import MalformedError, Memo, RefusedError
from course_lib.grading.inside.decode import Decoder
from course_lib.grading.inside.encode import Encoder
from course_lib.grading.inside.frames import (
    BrokenStreamError,
    LateError,
    Stream,
    dump_frame,
    load_frame,
)
from course_lib.grading.inside.limits import WireLimits
from course_lib.grading.proxies import Handed, Proxy
from course_lib.grading.replies import (
    RAISED,
    BadReply,
    CallTimeout,
    ChannelClosed,
    Described,
    StudentError,
    describe_function,
    read_error,
    read_signature,
    text,
)
from course_lib.grading.writeback import apply_changes

__all__ = [
    "BadReply",
    "CallTimeout",
    "Channel",
    "ChannelClosed",
    "Described",
    "Proxy",
    "StudentError",
    "WireLimits",
]
GRACE = 2.0  # seconds for an interrupted call to say so
LATE_CALLS = 2  # of one function; an endless loop shall not use up the other functions' time
_STUCK = "a call took too long and could not be interrupted; no further call is made"
_SUSPICIONS = 20
_PRINTED = 100_000


class Channel:
    """The trusted end of the wire to one student's process.

    Args:
        sock: one end of a socket pair; `serve` answers at the other.
        limits: the `WireLimits`.
        call_seconds: how long one call may take, calls back included.
        deadline: when the whole submission's time is over, in `time.monotonic()`'s seconds.
        interrupt: called to interrupt the student's code, by SIGINT.

    Attributes:
        dead: why no further call is possible, or "".
        suspicious: sentences on what no honest process sends.
        late: how often each function, by number, did not answer in time.
        seconds: how long answers were waited for, in all.
    """

    def __init__(self, sock, limits=None, call_seconds=20.0, deadline=None, interrupt=None):
        self.limits = limits or WireLimits()
        self.call_seconds, self.deadline, self.interrupt = call_seconds, deadline, interrupt
        self.dead = ""
        self.suspicious = []
        self.late = Counter()
        self.seconds = 0.0
        self._stream = Stream(sock, self.limits)
        self._printed = ""
        self._proxies = {}
        self._calls = []
        self._past = set()
        self._strays = self._called_back = self._handed_over = 0
        self._end = None
        self._ended = False

    @property
    def printed(self):
        """What the student's code printed during calls since it was last taken."""
        return self._printed

    def take_printed(self):
        """Return what was printed, and forget it."""
        taken, self._printed = self._printed, ""
        return taken

    def describe(self, names):
        """Return what names stand for in the student's process, each a `Described`.

        A name whose value cannot be had is "refused", with the reason; the others are not harmed.
        """
        return {name: self._describe(name) for name in names}

    def proxy(self, name, described):
        """Return the function that a name was described as.

        Raises:
            ValueError: if it is no callable.
        """
        if described.kind != "callable":
            why = f" ({described.reason})" if described.reason else ""
            raise ValueError(
                f"{name!r} is {described.kind}{why}; only what is described as callable is called."
            )
        return described.value

    def call(self, number, args, kwargs, modules=(), training=None):
        """Call a function by its number; `Proxy.call_watched` says the rest."""
        if self.late[number] >= LATE_CALLS and not self.dead:
            raise CallTimeout(f"not tried: {LATE_CALLS} calls of it took too long before")
        if len(self._calls) >= self.limits.nesting:
            raise BadReply(f"calls that call back more than {self.limits.nesting} deep")
        memo, handed = Memo(), Handed(self)
        encoder = Encoder(self.limits, memo, handed, symbols="given")
        frame = {"op": "call", "fn": number, "watch": list(modules)}
        frame["training"] = training
        frame["args"], frame["kwargs"] = encoder.encode(tuple(args)), encoder.encode(dict(kwargs))
        given = len(memo.objects)
        self._calls.append(handed)
        try:
            return self._finish(self._ask(frame), memo, given, handed)
        except (CallTimeout, ChannelClosed) as error:
            self.late[number] += isinstance(error, CallTimeout) or str(error) == _STUCK
            raise
        finally:
            self._calls.pop()

    def begin(self):
        """Say that `serve` was started again, so that `end` has something to end."""
        self._ended = False

    def end(self):
        """End `serve` on the other side and wait until it says so; calling it again does nothing.

        The next call or description needs a new `serve`.
        """
        if self._ended or self.dead:
            return
        try:
            self._ask({"op": "end"}, seconds=GRACE)
        except StudentError as error:
            self._die(str(error))
        self._ended = True

    def _describe(self, name):
        try:
            reply = self._ask({"op": "describe", "name": name})
            if reply.get("op") == "error":
                return Described("refused", reason=str(self._guard(read_error, reply.get("error"))))
            kind = reply.get("kind")
            if kind in ("callable", "data"):
                return self._read_described(reply.get("value"))
            reason = text(reply.get("reason")) if kind == "refused" else ""
            return Described("refused" if reason else "missing", reason=reason)
        except (StudentError, MalformedError) as error:
            return Described("refused", reason=str(error))

    def _read_described(self, node):
        value = self._decode(Decoder(self.limits, functions=Handed(self)), node)
        if not isinstance(value, Proxy):
            return Described("data", value=value)
        return Described(
            "callable",
            getattr(value, "__signature__", None),
            value,
            "",
            value.__name__,
            value.__qualname__,
            value.student_module,
            value.__doc__,
        )

    def _finish(self, reply, memo, given, handed):
        """Write changes back, and return the value and what was found, or raise the error."""
        found = reply.get("found")
        found = [text(name, 200) for name in found[:20]] if type(found) is list else []
        try:
            decoder = Decoder(self.limits, memo, handed)
            if reply.get("changed"):
                self._guard(apply_changes, reply["changed"], memo, given, decoder)
            if reply.get("op") == "error":
                raise self._guard(read_error, reply.get("error"))
            if "graph" in reply:
                decoder.outputs = self._guard(graphs.decode_graph, decoder, reply["graph"], given)
            return self._decode(decoder, reply.get("value")), found
        except Exception as error:
            error.student_found = found
            raise

    def proxy_of(self, number, facts):
        """Return the proxy of one of the student's functions, the same one each time."""
        if number not in self._proxies:
            if len(self._proxies) >= self.limits.functions:
                raise MalformedError(f"it handed out more than {self.limits.functions} functions")
            described = describe_function(facts)
            signature = read_signature(
                facts.get("signature"), lambda node: Decoder(self.limits).decode(node)
            )
            self._proxies[number] = Proxy(self, number, replace(described, signature=signature))
        return self._proxies[number]

    def next_function(self):
        """Return a new number for a function that is handed over."""
        self._handed_over += 1
        return self._handed_over

    def function(self, number):
        """Return a function that was handed over with a call that is not over, or None."""
        found = (handed.find(number) for handed in self._calls)
        return next((function for function in found if function is not None), None)

    def _decode(self, decoder, node):
        return self._guard(decoder.decode, node)

    def _guard(self, function, *args):
        """Run what reads a stranger's data; whatever goes wrong is the data's fault."""
        try:
            return function(*args)
        except RecursionError:
            error = "the answer is nested too deeply"
        except RefusedError as refused:
            raise BadReply(str(refused)) from None
        except MalformedError as malformed:
            error = str(malformed)
        except MemoryError:
            error = "the answer needs more memory than there is"
        except Exception as other:
            error = f"the answer cannot be read ({type(other).__name__}: {str(other)[:300]})"
        self._suspect(error)
        raise BadReply(error) from None

    def _suspect(self, sentence):
        if len(self.suspicious) < _SUSPICIONS and sentence not in self.suspicious:
            self.suspicious.append(sentence)

    def _die(self, reason):
        self.dead = self.dead or reason
        return ChannelClosed(self.dead)

    def _ask(self, frame, seconds=None):
        """Send a request and return the answer to it; one deadline covers all that is nested."""
        if self.dead:
            raise ChannelClosed(self.dead)
        now = time.monotonic()
        if self.deadline is not None and now >= self.deadline:
            raise self._die("the submission's time is over")
        outer = self._end
        ends = [now + (seconds or self.call_seconds), self.deadline, outer]
        self._end = min(end for end in ends if end is not None)
        if outer is None:
            self._called_back = 0
        self._ended = False
        number = secrets.randbits(62)  # a reply cannot be written before its call is made
        try:
            data = dump_frame({"id": number, **frame})
            if len(data) > self.limits.frame_bytes:
                raise RefusedError(f"arguments of {len(data):,} bytes are too large for one call")
            self._stream.send(data, self._end)
            return self._wait(number)
        except BrokenStreamError as error:
            raise self._die(f"the student's process cannot be asked any more: {error}") from None
        finally:
            self._end = outer
            self._past.add(number)
            self.seconds += 0.0 if outer else time.monotonic() - now

    def _wait(self, number):
        try:
            while True:
                frame = self._receive(number, self._end)
                if frame.get("op") != "callback":
                    return frame
                self._call_back(number, frame)
        except LateError:
            return self._too_late(number)

    def _too_late(self, number):
        """Interrupt the call; without a sign of life in time, the channel is dead."""
        if self.interrupt is not None:
            with contextlib.suppress(Exception):  # there may be nobody to interrupt any more
                self.interrupt()
        end = time.monotonic() + GRACE
        stop = {"id": number, "op": "answer", "error": {"name": "TimeoutError", "text": "too late"}}
        try:
            while self._receive(number, end).get("op") == "callback":
                self._stream.send(dump_frame(stop), end)
        except LateError:
            raise self._die(_STUCK) from None
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise CallTimeout("the call was stopped: the submission's time is over")
        raise CallTimeout(
            f"the call took longer than {self.call_seconds:g} seconds and was stopped"
        )

    def _receive(self, number, end):
        """Return the next message of a call; those of other calls are dropped and counted."""
        while True:
            try:
                frame = load_frame(self._stream.receive(end), self.limits)
            except ValueError as error:
                self._suspect(f"the student's process sent {error}")
                raise BadReply(f"the student's process sent {error}") from None
            self._note_printed(frame)
            if type(frame.get("id")) is int and frame["id"] == number:
                return frame
            self._stray(frame)

    def _stray(self, frame):
        late = type(frame.get("id")) is int and frame["id"] in self._past
        kind = "an answer to a call that was over" if late else "an answer to no call"
        self._suspect(f"the student's process sent {kind}")
        self._strays += 1
        if self._strays > self.limits.strays:
            raise BrokenStreamError("it sent too many answers that nobody asked for")

    def _note_printed(self, frame):
        printed = text(frame.get("printed"), self.limits.printed)
        self._printed = (self._printed + printed)[:_PRINTED]

    def _call_back(self, number, frame):
        """Run a function that was handed over, for the student's code, and send what it returns."""
        self._called_back += 1
        if self._called_back > self.limits.callbacks:
            raise BrokenStreamError(f"it called back more than {self.limits.callbacks} times")
        answer = {"id": number, "op": "answer"}
        handed = self._calls[-1] if self._calls else None
        try:
            function = self.function(frame.get("fn"))
            if function is None:
                self._suspect("the student's process called a function that it was not given")
                raise RuntimeError("no such function was handed over")
            decoder = Decoder(self.limits, functions=Handed(self))
            args = self._decode(decoder, frame.get("args"))
            kwargs = self._decode(decoder, frame.get("kwargs"))
            if type(args) is not tuple or type(kwargs) is not dict:
                raise BadReply("a call back without arguments")
            value = function(*args, **kwargs)
            answer["value"] = Encoder(self.limits, functions=handed).encode(value)
        except ChannelClosed:
            raise
        except Exception as error:
            name = next((c.__name__ for c in type(error).__mro__ if c.__name__ in RAISED), "")
            answer["error"] = {"name": name or "RuntimeError", "text": str(error)[:2000]}
        self._stream.send(dump_frame(answer), self._end)
