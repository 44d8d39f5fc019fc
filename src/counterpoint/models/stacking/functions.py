"""What functions with a batching rule of their own have in common."""

from typing import Any

from torch import Tensor
from torch.autograd import Function


def first(value: Tensor, dim: int | None, clients: int) -> Tensor:
    """A value with clients first."""
    return value.expand(clients, *value.shape) if dim is None else value.movedim(dim, 0)


def apply(function: type[Function], *values: Any) -> Any:
    """What a function answers."""
    return function.apply(*values)  # type: ignore[no-untyped-call]
