"""The student's end of the wire: answers the calls that the trusted side makes.

It runs in the same process as the student's code, which can do with it what it likes. The trusted
side believes nothing of what comes from here.
"""

import builtins
import contextlib
import inspect
import signal
import threading

from . import graphs, networks
from .changes import Before
from .codec import Memo, RefusedError
from .decode import Decoder
from .encode import Encoder
from .frames import BrokenStreamError, Stream, dump_frame, load_frame
from .limits import WireLimits
from .telling import Capture, error_facts, facts, reason, text
from .training import call_in_training
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

    def __init__(self, agent, number, name):
        self._agent, self._number = agent, number
        self.__name__ = self.__qualname__ = name

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
        depth, printed = len(self.calls), Capture(self.limits.printed)
        with printed.redirected():
            try:
                reply = self._student(answers[frame["op"]], frame)
            except BrokenStreamError:
                raise
            except BaseException as error:
                reply = {"op": "error", "error": error_facts(error, self.namespace)}
        # An interrupt may have come between any two lines above.
        self.interruptible = False
        del self.calls[depth:]
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
            if _is(node, "known"):  # a ready-made function is called here like any other
                node = self.encode(value)
        except Exception as error:
            return {"op": "described", "kind": "refused", "reason": reason(error)}
        kind = "callable" if _is(node, "function") else "data"
        return {"op": "described", "kind": kind, "value": node}

    def _call(self, frame):
        memo = Memo()
        decoder = Decoder(self.limits, memo, self, networks.tensor)
        args, kwargs = decoder.decode(frame["args"]), decoder.decode(frame["kwargs"])
        function = self.handed[frame["fn"]]
        before = Before(memo)
        watcher = CallWatcher(frame.get("watch", ()))

        def watched(*args, **kwargs):
            with watcher:
                return function(*args, **kwargs)

        self.calls.append(frame["id"])
        reply, value = {"op": "reply"}, None
        try:
            if frame.get("training") is None:
                value = watched(*args, **kwargs)
            else:
                value = call_in_training(watched, args, kwargs, **frame["training"])
        except BrokenStreamError:
            raise
        except BaseException as error:
            reply = {"op": "error", "error": error_facts(error, self.namespace, function)}
        self.calls.pop()
        reply["found"] = [text(name, 200) for name in watcher.found[:20]]
        encoder = Encoder(self.limits, memo, self, symbols="made")
        reply["changed"] = before.changed(encoder)
        if reply["op"] == "reply":
            reply["value"] = encoder.encode(value)
            if encoder.outputs:
                reply["graph"] = graphs.encode_graph(encoder, before.count)
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
                return ["function", "student", number, facts(function, self.limits)]
        if len(self.handed) >= self.limits.functions:
            raise RefusedError(f"more than {self.limits.functions} functions were handed out")
        self.handed.append(function)
        return ["function", "student", len(self.handed) - 1, facts(function, self.limits)]

    def decode(self, side, number, said):
        """Return the function of a node: the student's own, or one that calls the trusted side."""
        if side == "student":
            return self.handed[number]
        return RemoteFunction(self, number, said["name"])


def _exception(said):
    kind = getattr(builtins, said["name"], RuntimeError)
    return kind(said["text"])


def _is(node, tag):
    return isinstance(node, list) and node[0] == tag
