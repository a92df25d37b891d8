"""Watch which ready-made functions an answer calls.

A profile hook sees every call, whatever name it was imported under. It is a heuristic all the
same: who wants to hide a call from code in the same process can.
"""

import builtins
import importlib.util
import inspect
import sys
import threading
import types

_EMPTY = types.CellType()
_IMPORT = "importlib."
# Who calls the answer: in the notebook the check, in the sandbox the agent.
_CALLERS = ("course_lib.checks.run", f"{__package__}.agent")


class CallWatcher:
    """Collect the calls that lead from a student's code into forbidden modules.

    A context manager that watches this thread and those that it starts.

    Args:
        modules: prefixes of module names, such as `("keras", "scipy.signal")`.

    Attributes:
        found: the calls' names, in the order in which they were first seen.
    """

    def __init__(self, modules):
        self.modules = tuple(modules)
        self.found = []
        self._importing = 0
        self._covered = {}  # by module: it is asked at every call

    def __enter__(self):
        self._before = sys.getprofile(), threading.getprofile()
        self._import = builtins.__import__
        if self.modules:  # a hook slows every call down
            builtins.__import__ = self._import_unwatched
            hook = self._hook()
            threading.setprofile(hook)
            sys.setprofile(hook)
        return self

    def __exit__(self, *error):
        builtins.__import__ = self._import
        sys.setprofile(self._before[0])
        threading.setprofile(self._before[1])

    def covers(self, module):
        """Whether a module's name falls under the forbidden ones."""
        if type(module) is not str:  # of its own equality an answer could make a false memory
            return isinstance(module, str) and self._falls_under(str.__str__(module))
        known = self._covered.get(module)
        if known is None:
            known = self._covered[module] = self._falls_under(module)
        return known

    def _falls_under(self, module):
        return any(module == prefix or module.startswith(prefix + ".") for prefix in self.modules)

    def add(self, module, name):
        """Note a call by the public name of what was called."""
        parts = [
            p for p in module.split(".") if p not in ("src", "python") and not p.startswith("_")
        ]
        public = ".".join([*parts, name])
        if public not in self.found:
            self.found.append(public)

    def _import_unwatched(self, *args, **kwargs):
        """Import without the hook, which would make TensorFlow's import take half a minute."""
        hook = sys.getprofile()
        sys.setprofile(None)
        try:
            return self._import(*args, **kwargs)
        finally:
            sys.setprofile(hook)

    def _hook(self):
        """Return the hook. It runs at every call and return: what it needs most lies nearest."""
        covered, covers, setprofile = self._covered, self.covers, sys.setprofile

        def hook(frame, event, argument):
            if event == "c_call":
                module = getattr(argument, "__module__", None)
                if argument is setprofile and frame.f_globals.get("__name__") != __name__:
                    self.add("sys", "setprofile")  # it would end this watch
                elif module is None or (type(module) is str and covered.get(module) is False):
                    return
                elif covers(module) and not self._importing:
                    self._note(module, argument.__name__, frame)
            elif event == "call":
                module = frame.f_globals.get("__name__", "")
                if frame.f_code.co_name == "<module>" and module not in ("__main__", __name__):
                    # While a library imports itself, it calls its own functions through others.
                    self._importing += 1
                elif type(module) is str and covered.get(module) is False:
                    return
                elif not self._importing and module != __name__ and covers(module):
                    self._note(*self._wrapped(frame), frame.f_back)
            elif event == "return" and frame.f_code.co_name == "<module>":
                module = frame.f_globals.get("__name__", "")
                self._importing -= module not in ("__main__", __name__)

        return hook

    def _wrapped(self, frame):
        """Return module and name of what runs; of a decorator's wrapper, those of what it wraps."""
        code, module = frame.f_code, frame.f_globals["__name__"]
        inside = [frame.f_locals.get(name) for name in code.co_freevars]
        for _ in range(5):
            if "<locals>" not in code.co_qualname:
                break
            wrapped = [f for f in inside if inspect.isfunction(f) and self.covers(f.__module__)]
            wrapped = [f for f in wrapped if f.__code__ is not code]
            if not wrapped:
                break
            code, module = wrapped[0].__code__, wrapped[0].__module__
            cells = wrapped[0].__closure__ or ()
            inside = [cell.cell_contents for cell in cells if cell != _EMPTY]
        return module, code.co_qualname

    def _note(self, module, name, caller):
        # A library's inner functions, called back by others, say little beside a public one.
        if not self._inside(caller) and not (self.found and "<locals>" in name):
            self.add(module, name)

    def _inside(self, caller):
        """Whether a call comes from forbidden code itself, or from the import system."""
        name = caller.f_globals.get("__name__", "") if caller else ""
        if name in _CALLERS:
            return False
        if name.startswith((_IMPORT, f"{__package__}.")):  # the import system, the wire
            return True
        return self.covers(name) or name == importlib.util.__name__
