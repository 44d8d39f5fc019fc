"""Whether two functions do the same, as far as that can be told without calling them."""

import dis
from collections.abc import Hashable
from functools import cache, partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any


class NotRecordable(Exception):  # noqa: N818  # it is an answer, not a mistake
    """A step cannot be replayed; its text says why."""


def identity(function: Any) -> Hashable:
    """What tells whether two functions do the same: their code and what it refers to.

    Raises:
        NotRecordable: it refers to something that may change, so that a recording of it could be stale.
    """
    if isinstance(function, MethodType):
        if not getattr(function.__self__, "_sealed", False):
            raise NotRecordable(f"its objective belongs to a {type(function.__self__).__name__}, which may change")
        return identity(function.__func__), id(function.__self__)
    if isinstance(function, partial):
        named = tuple((k, _constant(v)) for k, v in sorted(function.keywords.items()))
        return identity(function.func), tuple(map(_constant, function.args)), named
    if isinstance(function, FunctionType):
        cells = tuple(_constant(cell.cell_contents) for cell in function.__closure__ or ())
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        names = _globals_of(function.__code__)
        known = {name: function.__globals__[name] for name in names if name in function.__globals__}
        outside = tuple((name, _global(value)) for name, value in known.items() if value is not function)
        return function.__code__, cells, tuple(map(_constant, defaults)), outside
    raise NotRecordable(f"its objective is a {type(function).__name__}, not a function")


@cache
def _globals_of(code: CodeType) -> list[str]:
    """Names of what a function reads from its module."""
    return sorted({i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"})


def _global(value: Any) -> Hashable:
    """As `_constant`; modules, and functions of PyTorch and Counterpoint, do not change."""
    home = str(getattr(value, "__module__", None) or "").partition(".")[0]
    if isinstance(value, ModuleType) or (callable(value) and home in {"torch", "counterpoint", "builtins", "math"}):
        return id(value)
    return _constant(value)


def _constant(value: Any) -> Hashable:
    if value is None or isinstance(value, bool | int | float | str):
        return type(value).__name__, value
    if isinstance(value, MethodType | FunctionType | partial):
        return identity(value)
    if isinstance(value, type):  # `super()` refers to its class
        return value.__qualname__, id(value)
    if isinstance(value, tuple | frozenset):
        return tuple(map(_constant, value))
    raise NotRecordable(f"its objective refers to a {type(value).__name__} from outside: hand it over in `using`")
