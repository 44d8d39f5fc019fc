"""Recording a step of a stack once, so that it can be replayed without autograd and without `torch.vmap`.

A step of local training is the same list of tensor operations each time, but building it anew (batching rules, the
graph of autograd, Python in the layers) costs more than small models compute. So the step is traced twice, at two
different numbers of clients and of rows; where the two traces differ, a size stands that depends on clients or rows,
and the pair of values tells how. What is left is a program for any number of clients and rows.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._python_dispatch import TorchDispatchMode

from counterpoint.engines.identity import NotRecordable

PROBES = ((3, 17), (5, 7))
"""Clients and rows of the two traces. Rows fall as clients rise, so that no size that grows with the one looks like a
size that grows with the other; both are primes, so that a product tells its factors."""
MOST_OPERATIONS = 3000
"""A longer step is not recorded: tracing costs about a millisecond an operation."""


@dataclass(frozen=True)
class Size:
    """A number in a step that depends on how many clients and rows there are: factor * clients^c * rows^r."""

    factor: int | float
    clients: int
    rows: int

    def __str__(self) -> str:
        return "*".join([repr(self.factor), *["clients"] * self.clients, *["rows"] * self.rows])


@dataclass(frozen=True)
class Name:
    """The result of an operation, or an input."""

    name: str


@dataclass(frozen=True)
class Operation:
    """One operation of a recorded step.

    Attributes:
        name: of its result.
        function: what is called.
        args: what it is given; in them `Name` and `Size`.
        kwargs: likewise.
        reshapes: whether its result has another shape than its first argument.
        single: of a result that is one number, its type and device.
    """

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    reshapes: bool = True
    single: tuple[torch.dtype, torch.device] | None = None


@dataclass(frozen=True)
class Recording:
    """A step as a list of operations.

    Attributes:
        inputs: names of the inputs, in order.
        operations: in order.
        outputs: what the step returns.
        constants: tensors that are part of the step, by name.
    """

    inputs: list[str]
    operations: list[Operation]
    outputs: list[Any]
    constants: dict[str, Tensor]


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations of a step, and stops where they are too many."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen += 1
        if self.seen > MOST_OPERATIONS:
            raise NotRecordable(f"a step has more than {MOST_OPERATIONS} operations")
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise NotRecordable(f"a step draws random numbers ({func})")
        return func(*args, **(kwargs or {}))


def record(step: Callable[..., list[Tensor]], arguments: Callable[[int, int], Sequence[Tensor]]) -> Recording:
    """Record a step.

    Args:
        step: of tensors, to a list of tensors; pure.
        arguments: (clients, rows) -> tensors that it can be called with.

    Raises:
        NotRecordable: it has too many operations, draws, cannot be traced, or depends on clients or rows otherwise than
            in sizes that are multiples of them.
    """
    given = [list(arguments(*probe)) for probe in PROBES]
    with _Counter():
        step(*given[0])
    try:
        first, second = ([*_traced(step, tensors).graph.nodes] for tensors in given)
    except NotRecordable:
        raise
    except (
        Exception
    ) as error:  # tracing runs code of users and of PyTorch: whatever it raises, the step is not recorded
        raise NotRecordable(f"a step cannot be traced ({type(error).__name__}: {error})".splitlines()[0]) from error
    return _merged(first, second)


def _traced(step: Callable[..., list[Tensor]], tensors: Sequence[Tensor]) -> fx.GraphModule:
    traced: fx.GraphModule = make_fx(step)(*tensors)
    traced.graph.eliminate_dead_code()
    return traced


def _merged(first: Sequence[fx.Node], second: Sequence[fx.Node]) -> Recording:
    """One recording out of two traces."""
    if [(n.op, n.target) for n in first if n.op != "placeholder"] != [
        (n.op, n.target) for n in second if n.op != "placeholder"
    ]:
        raise NotRecordable("a step does other things with more clients or rows")
    names = {other: Name(one.name) for one, other in zip(first, second, strict=True)}
    names |= {one: Name(one.name) for one in first}
    recording = Recording([], [], [], {})
    for one, other in zip(first, second, strict=True):
        if one.op == "placeholder":
            recording.inputs.append(one.name)
        elif one.op == "get_attr":
            recording.constants[one.name] = _same_constant(one, other)
        elif one.op == "output":
            recording.outputs.extend(_both(one.args[0], other.args[0], names))
        else:
            _check(one)
            args = tuple(_both(a, b, names) for a, b in zip(one.args, other.args, strict=True))
            kwargs = {key: _both(value, other.kwargs[key], names) for key, value in one.kwargs.items()}
            operation = Operation(one.name, one.target, args, kwargs, _reshapes(one) or _reshapes(other), _single(one))  # type: ignore[arg-type]
            recording.operations.append(operation)
    return recording


def _reshapes(node: fx.Node) -> bool:
    source = node.args[0] if node.args else None
    shapes = [getattr(n.meta.get("val"), "shape", None) for n in (node, source) if isinstance(n, fx.Node)]
    return len(shapes) < 2 or shapes[0] is None or shapes[0] != shapes[1]


def _single(node: fx.Node) -> tuple[torch.dtype, torch.device] | None:
    value = node.meta.get("val")
    return (value.dtype, value.device) if isinstance(value, Tensor) and not value.dim() else None


def _check(node: fx.Node) -> None:
    if node.target is operator.getitem:
        return
    if not isinstance(node.target, torch._ops.OpOverload):
        raise NotRecordable(f"a step calls {node.target}, which is no tensor operation")


def _same_constant(one: fx.Node, other: fx.Node) -> Tensor:
    values = [operator.attrgetter(str(n.target))(n.graph.owning_module) for n in (one, other)]
    if values[0].shape != values[1].shape or not torch.equal(values[0], values[1]):
        raise NotRecordable("a step makes a constant that depends on clients or rows")
    constant: Tensor = values[0]
    return constant


def _both(a: Any, b: Any, names: dict[fx.Node, Name]) -> Any:
    """One argument as it stands in both traces."""
    if isinstance(a, fx.Node):
        if names[a] != names[b]:
            raise NotRecordable("a step does other things with more clients or rows")
        return names[a]
    if isinstance(a, list | tuple):
        if len(a) != len(b):
            raise NotRecordable("a step has lists whose length depends on clients or rows")
        return [_both(x, y, names) for x, y in zip(a, b, strict=True)]
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
