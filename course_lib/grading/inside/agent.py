"""The student's end of the wire: answers the calls that the trusted side makes.

It runs in the same process as the student's code, which can do with it what it likes. The trusted
side believes nothing of what comes from here.
"""

import contextlib
import hashlib
import inspect
import io
import json
import linecache
import signal
import sys
import threading

import numpy as np

from . import graphs, networks
from .codec import MalformedError, Memo, RefusedError
from .decode import Decoder
from .encode import Encoder
from .frames import BrokenStreamError, Stream, dump_frame, load_frame
from .limits import WireLimits
from .watch import CallWatcher

_agents = {}


def serve(sock, namespace, limits=None):
    """Answer the trusted side until it says that it is done, or is gone.

    It can be called again on the same socket: functions that were handed out stay known.

    Returns:
        Whether it was told to end; else nobody is there any more.

    Args:
        sock: one end of a socket pair, whose other end a `Channel` has.
        namespace: where the student's names are looked up.
        limits: the `WireLimits`; both sides' should agree.
    """
    agent = _agents.get(sock.fileno())
    if agent is None or agent.stream.sock is not sock:
        agent = _agents[sock.fileno()] = Agent(sock, limits or WireLimits())
    return agent.serve(namespace)


class RemoteFunction:
    """A function of the trusted side, as the student's code has it during one call."""

    def __init__(self, agent, number, facts):
        self._agent, self._number = agent, number
        self.__name__ = self.__qualname__ = facts.get("name", "function")
        self.__doc__ = facts.get("doc")

    def __call__(self, *args, **kwargs):
        return self._agent.call_back(self._number, args, kwargs)


class Agent:
    """Serves one socket; `interruptible` while the student's code runs."""

    def __init__(self, sock, limits):
        self.stream = Stream(sock, limits)
        self.limits = limits
        self.namespace = {}
        self.handed = []
        self.calls = []
        self.interruptible = self.pending = False

    def serve(self, namespace):
        """Answer frames until "end" or the end of the stream."""
        self.namespace = namespace
        with self._signals(), contextlib.suppress(BrokenStreamError):
            while True:
                frame = self._next()
                if frame["op"] == "end":
                    self._send({"op": "ended", "id": frame["id"]})
                    return True
                self._answer(frame)
        return False

    @contextlib.contextmanager
    def _signals(self):
        """An interrupt ends the student's code and never a message that is half sent."""

        def handle(number, frame):
            if self.interruptible:
                raise KeyboardInterrupt
            self.pending = True

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _next(self):
        # What the trusted side sends needs no bound, and its total none either.
        self.stream.received = 0
        return load_frame(self.stream.receive(), self.limits)

    def _send(self, frame):
        data = dump_frame(frame)
        if len(data) > self.limits.frame_bytes:
            error = {
                "refused": f"a result of {len(data):,} bytes is too large to leave the sandbox"
            }
            data = dump_frame({"id": frame["id"], "op": "error", "error": error})
        self.stream.send(data)

    def _answer(self, frame):
        answers = {"describe": self._describe, "call": self._call}
        self.pending = False
        printed = _Capture(self.limits.printed)
        with printed.redirected():
            try:
                reply = self._student(answers[frame["op"]], frame)
            except BrokenStreamError:
                raise
            except BaseException as error:
                reply = {"op": "error", "error": self._error(error)}
        self._send({"id": frame["id"], "printed": printed.text(), **reply})

    def _student(self, function, *args):
        """Run what may run the student's code."""
        outer, self.interruptible = self.interruptible, True
        try:
            if self.pending:
                self.pending = False
                raise KeyboardInterrupt
            return function(*args)
        finally:
            self.interruptible = outer

    def _describe(self, frame):
        name = frame["name"]
        if name not in self.namespace:
            return {"op": "described", "kind": "missing"}
        value = self.namespace[name]
        try:
            node = Encoder(self.limits, functions=self).encode(value)
            if node_is(node, "known"):  # a ready-made function is called here like any other
                node = self.encode(value)
        except Exception as error:
            return {"op": "described", "kind": "refused", "reason": _reason(error)}
        kind = "callable" if node_is(node, "function") else "data"
        return {"op": "described", "kind": kind, "value": node}

    def _call(self, frame):
        memo = Memo()
        decoder = Decoder(self.limits, memo, self, networks.tensor)
        args, kwargs = decoder.decode(frame["args"]), decoder.decode(frame["kwargs"])
        function = self.handed[frame["fn"]]
        given = len(memo.objects)
        before = [_snapshot(value) for value in memo.objects]
        structures = {n: networks.structure(v) for n, v in _networks(memo)}
        watcher = CallWatcher(frame.get("watch", ()))
        self.calls.append(frame["id"])
        reply, value = {}, None
        try:
            with watcher:
                value = function(*args, **kwargs)
            reply["op"] = "reply"
        except BrokenStreamError:
            raise
        except BaseException as error:
            reply |= {"op": "error", "error": self._error(error, function)}
        finally:
            self.calls.pop()
        reply["found"] = [_text(name, 200) for name in watcher.found[:20]]
        for number, value_given in _networks(memo)[: len(structures)]:
            if networks.structure(value_given) != structures[number]:
                memo.forget(number)  # another network now, which crosses as a new one
                before[number] = _snapshot(value_given)
        encoder = Encoder(self.limits, memo, self, symbols="made")
        reply["changed"] = [
            [number, _content(memo.objects[number], encoder)]
            for number in range(given)
            if _snapshot(memo.objects[number]) != before[number]
        ]
        if reply["op"] == "reply":
            reply["value"] = encoder.encode(value)
            if encoder.outputs:
                reply["graph"] = graphs.encode_graph(encoder, given)
        return reply

    def call_back(self, number, args, kwargs):
        """Call a function of the trusted side, and answer what it asks meanwhile."""
        if not self.calls:
            raise RuntimeError("this function could be called only while it was handed over")
        encoder = Encoder(self.limits, functions=self)
        frame = {"op": "callback", "id": self.calls[-1], "fn": number}
        frame["args"], frame["kwargs"] = encoder.encode(tuple(args)), encoder.encode(dict(kwargs))
        outer, self.interruptible = self.interruptible, False
        try:
            self._send(frame)
            while (answer := self._next())["op"] != "answer":
                self._answer(answer)
        finally:
            self.interruptible = outer
        if self.pending:
            self.pending = False
            raise KeyboardInterrupt
        if "error" in answer:
            raise _exception(answer["error"])
        return Decoder(self.limits, functions=self, tensors=networks.tensor).decode(answer["value"])

    def encode(self, function):
        """Return the node of a function: its number, and what can be said of it."""
        if isinstance(function, RemoteFunction):
            return ["function", "trusted", function._number, {}]
        for number, known in enumerate(self.handed):
            if known is function or (inspect.ismethod(known) and known == function):
                return ["function", "student", number, self._facts(function)]
        if len(self.handed) >= self.limits.functions:
            raise RefusedError(f"more than {self.limits.functions} functions were handed out")
        self.handed.append(function)
        return ["function", "student", len(self.handed) - 1, self._facts(function)]

    def decode(self, side, number, facts):
        """Return the function of a node: the student's own, or one that calls the trusted side."""
        return self.handed[number] if side == "student" else RemoteFunction(self, number, facts)

    def _facts(self, function):
        kind = type(function)
        facts = {
            "name": _text(getattr(function, "__name__", kind.__name__), 200),
            "qualname": _text(getattr(function, "__qualname__", kind.__qualname__), 200),
            "module": _text(getattr(function, "__module__", kind.__module__), 200),
            "doc": _text(getattr(function, "__doc__", None) or "", 4000),
        }
        try:
            parameters = list(inspect.signature(function).parameters.values())
            facts["signature"] = [self._parameter(parameter) for parameter in parameters[:100]]
        except Exception:  # not every callable has one
            facts["signature"] = None
        return facts

    def _parameter(self, parameter):
        node = [_text(parameter.name, 200), int(parameter.kind)]
        if parameter.default is parameter.empty:
            return node
        try:
            return [*node, "value", Encoder(self.limits).encode(parameter.default)]
        except Exception:
            return [*node, "text", _text(repr(parameter.default), 200)]

    def _error(self, error, function=None):
        """What can be told of an exception: names, text, and the student's line."""
        if isinstance(error, (RefusedError, MalformedError)):
            return {"refused": _reason(error)}
        bases = [c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins"]
        facts = {"name": _text(type(error).__name__, 100), "bases": bases[:10]}
        facts["text"] = _reason(error)
        facts["line"] = self._line(error, function)
        return facts

    def _line(self, error, function):
        file = getattr(getattr(function, "__code__", None), "co_filename", None)
        frame, found = error.__traceback__, ""
        while frame is not None:
            code, names = frame.tb_frame.f_code, frame.tb_frame.f_globals
            if names is self.namespace or code.co_filename == file:
                found = linecache.getline(code.co_filename, frame.tb_lineno, names) or found
            frame = frame.tb_next
        return _text(found.strip(), 300)


class _Capture(io.TextIOBase):
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
        before = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = self
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before

    def text(self):
        return _text("".join(self.parts), self.limit)


def node_is(node, tag):
    """Whether a node has this tag."""
    return isinstance(node, list) and node[0] == tag


def _networks(memo):
    return [(n, value) for n, value in enumerate(memo.objects) if networks.is_numbered(value)]


def _snapshot(value):
    """Something that differs when an object has changed."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, hashlib.blake2b(value.tobytes()).digest()
    if networks.is_numbered(value):
        return networks.snapshot(value)
    return json.dumps(_shallow(value))


def _shallow(value):
    """An object's own content; other objects in it count by identity."""
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if isinstance(value, dict):
        return [[_part(key), _part(one)] for key, one in value.items()]
    return [_part(one) for one in value]


def _part(value):
    if isinstance(value, tuple):
        return [_part(one) for one in value]
    if isinstance(value, (str, int, float, complex, bytes, np.generic, type(None))):
        return f"{type(value).__name__} {value!r}"
    return id(value)


def _content(value, encoder):
    if networks.is_numbered(value):
        return networks.encode_state(value, encoder)
    return encoder.content(value)


def _text(value, limit):
    """A plain text of bounded length, whatever the student's class makes of `str`."""
    text = str.__getitem__(value, slice(limit)) if isinstance(value, str) else "?"
    return text.encode("utf-8", "replace").decode("utf-8")


def _reason(error):
    try:
        return _text(str(error), 2000)
    except Exception:  # a student's exception may raise when it is shown
        return ""


def _exception(facts):
    kind = getattr(sys.modules["builtins"], facts["name"], RuntimeError)
    return kind(facts["text"])
