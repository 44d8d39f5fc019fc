"""Values of many clients at once, and functions of one client applied to all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from torch import Tensor

Dims = Any


@dataclass(frozen=True, eq=False)
class Stack:
    """One value of each client of a stack, [clients, *shape]. Methods hand it on without looking inside."""

    each: Tensor

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        _opaque()


def _opaque(*_: Any, **__: Any) -> NoReturn:
    raise TypeError("a client's value is opaque here, for it may stand for many clients: use client.map(fn, value)")


_LOOKS = (
    "bool int float index len iter getitem contains eq ne lt le gt ge neg abs invert add radd sub rsub mul rmul "
    "truediv rtruediv floordiv rfloordiv mod rmod pow rpow matmul rmatmul and rand or ror"
)
for _look in _LOOKS.split():
    setattr(Stack, f"__{_look}__", _opaque)
Stack.__torch_function__ = classmethod(_opaque)  # type: ignore[attr-defined]


def parted(value: Any) -> tuple[Any, Dims]:
    """A nested value with stacks opened, and in the same shape where `torch.vmap` finds clients: 0, or None."""
    if isinstance(value, Stack):
        return value.each, 0
    if isinstance(value, Mapping):
        pairs = {name: parted(part) for name, part in value.items()}
        return {n: p for n, (p, _) in pairs.items()}, {n: d for n, (_, d) in pairs.items()}
    if isinstance(value, list | tuple):
        parts = [parted(part) for part in value]
        return type(value)(p for p, _ in parts), type(value)(d for _, d in parts)
    return value, None


def has_stack(value: Any) -> bool:
    """Whether any part of a nested value differs between clients."""
    if isinstance(value, Mapping):
        return any(map(has_stack, value.values()))
    if isinstance(value, list | tuple):
        return any(map(has_stack, value))
    return isinstance(value, Stack)


def rebuilt(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """A nested value with every leaf replaced."""
    if isinstance(value, Mapping):
        return {name: rebuilt(part, leaf) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(rebuilt(part, leaf) for part in value)
    return leaf(value)


def stacked_of(value: Any) -> Any:
    """A nested value of tensors [clients, ...] as stacks."""
    return rebuilt(value, lambda part: Stack(part) if isinstance(part, Tensor) else part)


def rows_of(value: Any, rows: Tensor | slice) -> Any:
    """A nested value for some of the clients only."""
    return rebuilt(value, lambda part: Stack(part.each[rows]) if isinstance(part, Stack) else part)


def of_client(value: Any, place: int) -> Any:
    """A nested value as the client at a place in the stack has it."""
    return rebuilt(value, lambda part: part.each[place] if isinstance(part, Stack) else part)


def gathered(values: Sequence[Any]) -> Any:
    """Equal-shaped nested values, one a client, as one with stacks.

    Raises:
        TypeError: they have different names.
    """
    first = values[0]
    if isinstance(first, Mapping):
        if any(value.keys() != first.keys() for value in values):
            raise TypeError(f"clients of one stack have values of the same names, not {[sorted(v) for v in values]}")
        return {name: gathered([value[name] for value in values]) for name in first}
    if isinstance(first, list | tuple):
        return type(first)(gathered(parts) for parts in zip(*values, strict=True))
    return Stack(torch.stack(list(values)))


def for_each(fn: Callable[..., Any], *values: Any) -> Any:
    """fn of one client, applied to values; stacks in, stacks out. What is common to all is computed once."""
    if not has_stack(values):
        return fn(*values)
    given, dims = parted(values)
    return stacked_of(torch.vmap(fn, in_dims=tuple(dims))(*given))
