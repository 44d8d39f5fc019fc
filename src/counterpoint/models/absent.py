"""What stands for a tensor that a call of a model was not handed."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class Absent(Tensor):
    """Any use of it is an error that names it.

    A tensor on the device `meta` would not do: some of PyTorch's CPU kernels (linear, convolution) take one as a weight
    and compute with whatever happens to lie in memory.
    """

    label: str

    @staticmethod
    def named(label: str) -> "Absent":
        """The stand-in for the tensor of this name."""
        made: Absent = torch.Tensor._make_subclass(Absent, torch.empty(0))
        made.label = label
        return made

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Refuse."""
        raise RuntimeError(f"the model needs {_first([*args, *(kwargs or {}).values()])!r}, which it was not handed")


def _first(values: Iterable[Any]) -> str:
    """The label of the first stand-in among values and lists of values."""
    found = ""
    for value in values:
        if isinstance(value, Absent):
            return value.label
        if isinstance(value, list | tuple):
            found = found or _first(value)
    return found
