"""Functions and types that both sides have, and that cross by name."""

import builtins
import importlib
import sys

import numpy as np

_BUILTINS = "abs all any bool bytes complex dict divmod enumerate float frozenset int len list map"
_BUILTINS += " max min pow range reversed round set slice sorted str sum tuple zip"
_NUMPY = "all any argmax argmin argsort array asarray average clip concatenate convolve cumsum diag"
_NUMPY += " dot einsum expand_dims flip full_like mean median moveaxis ones_like outer pad prod"
_NUMPY += " ravel reshape roll round sort squeeze stack std sum swapaxes tensordot transpose var"
_NUMPY += " where zeros_like max min ptp trace rot90 fliplr flipud"
_MODULES = ("keras.activations", "keras.losses", "keras.metrics", "keras.ops")


def _table():
    named = {f"builtins.{name}": getattr(builtins, name) for name in _BUILTINS.split()}
    named |= {f"numpy.{name}": getattr(np, name) for name in _NUMPY.split()}
    for name in np.__all__:
        value = getattr(np, name, None)
        if isinstance(value, np.ufunc) or _is_number_type(value):
            named[f"numpy.{name}"] = value
    return named


def _is_number_type(value):
    return isinstance(value, type) and issubclass(value, (np.number, np.bool_))


_NAMED = _table()
_NAMES = {id(value): name for name, value in reversed(_NAMED.items())}


def name_of(value):
    """Return the name under which the other side knows a function or a type, or "".

    Example:
        >>> name_of(np.sin), name_of(len), name_of(print)
        ('numpy.sin', 'builtins.len', '')
    """
    name = _NAMES.get(id(value), "")
    if name or not callable(value):
        return name
    name = getattr(value, "__name__", None)
    for module in _MODULES if isinstance(name, str) and "keras" in sys.modules else ():
        if _attribute(module, name) is value:
            return f"{module}.{name}"
    return ""


def find(name):
    """Return what a name stands for, or None; only listed names are looked up.

    Example:
        >>> find("numpy.sin") is np.sin, find("os.system")
        (True, None)
    """
    if not isinstance(name, str):
        return None
    if name in _NAMED:
        return _NAMED[name]
    module, _, attribute = name.rpartition(".")
    return _attribute(module, attribute) if module in _MODULES else None


def _attribute(module, name):
    """A public function of one of Keras's modules; importing it costs seconds the first time."""
    if not name.isidentifier() or name.startswith("_"):
        return None
    value = getattr(importlib.import_module(module), name, None)
    return value if callable(value) and not isinstance(value, type) else None
