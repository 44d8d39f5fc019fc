"""What a recorded step is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


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
