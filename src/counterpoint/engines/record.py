"""Recording a step of a stack once, so that it can be replayed without autograd and without `torch.vmap`.

A step of local training is the same list of tensor operations each time, but building it anew (batching rules, the
graph of autograd, Python in the layers) costs more than small models compute. So the step is carried out twice, at two
different numbers of clients and of rows, and its operations are written down; where the two differ, a size stands that
depends on clients or rows, and the pair of values tells how. What is left is a program for any number of both.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from counterpoint.engines.identity import NotRecordable
from counterpoint.engines.operations import Operation, Recording, Size
from counterpoint.engines.writer import Writer

PROBES = ((3, 17), (5, 7))
"""Clients and rows of the two probes. Rows fall as clients rise, so that no size that grows with the one looks like a
size that grows with the other; all are primes, so that a product tells its factors."""


def record(step: Callable[..., list[Tensor]], arguments: Callable[[int, int], Sequence[Tensor]]) -> Recording:
    """Record a step.

    Args:
        step: of tensors, to a list of tensors; pure.
        arguments: (clients, rows) -> tensors that it can be called with.

    Raises:
        NotRecordable: it has too many operations, draws, looks at numbers, fails, or depends on clients or rows
            otherwise than in sizes that are multiples of them.
    """
    first, second = (_written(step, list(arguments(*probe))) for probe in PROBES)
    if len(first.operations) != len(second.operations) or first.constants.keys() != second.constants.keys():
        raise NotRecordable("a step does other things with more clients or rows")
    for name, value in first.constants.items():
        if value.shape != second.constants[name].shape or not torch.equal(value, second.constants[name]):
            raise NotRecordable("a step makes a constant that depends on clients or rows")
    operations = [_merged(one, other) for one, other in zip(first.operations, second.operations, strict=True)]
    return Recording(first.inputs, operations, _both(first.outputs, second.outputs), first.constants)


def _written(step: Callable[..., list[Tensor]], tensors: Sequence[Tensor]) -> Recording:
    writer = Writer(tensors)
    try:
        with writer:
            results = step(*tensors)
    except NotRecordable:
        raise
    except Exception as error:  # a step runs code of users: whatever it raises, it is not recorded
        raise NotRecordable(f"a step cannot be recorded ({type(error).__name__}: {error})".splitlines()[0]) from error
    outputs = [writer.name(value) for value in results]
    return Recording(writer.inputs, writer.operations, outputs, writer.constants)


def _merged(one: Operation, other: Operation) -> Operation:
    """One operation as it stands for any number of clients and rows."""
    if one.function is not other.function or one.name != other.name or one.kwargs.keys() != other.kwargs.keys():
        raise NotRecordable("a step does other things with more clients or rows")
    if one.function is not operator.getitem and not isinstance(one.function, torch._ops.OpOverload):
        raise NotRecordable(f"a step calls {one.function}, which is no tensor operation")
    args = tuple(_both(list(one.args), list(other.args)))
    kwargs = {key: _both(value, other.kwargs[key]) for key, value in one.kwargs.items()}
    return Operation(one.name, one.function, args, kwargs, one.reshapes or other.reshapes, one.single)


def _both(a: Any, b: Any) -> Any:
    """One argument as it stands in both."""
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        if len(a) != len(b):
            raise NotRecordable("a step has lists whose length depends on clients or rows")
        return [_both(x, y) for x, y in zip(a, b, strict=True)]
    if type(a) is not type(b):
        raise NotRecordable("a step does other things with more clients or rows")
    if a == b:
        return a
    if isinstance(a, int | float) and not isinstance(a, bool):
        return _size(a, b)
    raise NotRecordable(f"a step has {a} with some numbers of clients and rows, and {b} with others")


def _size(a: float, b: float) -> Size:
    (c1, r1), (c2, r2) = PROBES
    for clients, rows in ((1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (1, 2), (2, 1)):
        x, y = c1**clients * r1**rows, c2**clients * r2**rows
        if a * y == b * x and (isinstance(a, float) or a % x == 0):
            return Size(a / x if isinstance(a, float) else a // x, clients, rows)
    raise NotRecordable(f"a step has the number {a} with {c1} clients and {r1} rows, but {b} with {c2} and {r2}")
