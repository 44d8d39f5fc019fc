"""Which layers stack as they are, which are replaced by an equal one that does, and which do not."""

import copy
from collections.abc import Callable
from typing import TypeVar

from torch import nn

AS_THEY_ARE: tuple[type[nn.Module], ...] = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.Embedding,
    nn.MaxPool1d,
    nn.MaxPool2d,
    nn.AvgPool1d,
    nn.AvgPool2d,
    nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool2d,
    nn.Flatten,
    nn.Identity,
    nn.ReLU,
    nn.LeakyReLU,
    nn.GELU,
    nn.SiLU,
    nn.ELU,
    nn.Tanh,
    nn.Sigmoid,
    nn.Softmax,
    nn.LogSoftmax,
)
"""Leaf layers of `torch.nn` that PyTorch itself batches over clients, at a price worth paying."""

M = TypeVar("M", bound=nn.Module)
_REPLACEMENTS: dict[type[nn.Module], Callable[[nn.Module], nn.Module | None]] = {}


def stacks(kind: type[nn.Module]) -> Callable[[Callable[[M], nn.Module | None]], Callable[[M], nn.Module | None]]:
    """Register what stands for a kind of layer in a stack.

    The decorated function takes a layer and returns a module that holds the same parameters under the same names and
    computes the same in plain operations, or None for a variant that it does not know.
    """

    def register(make: Callable[[M], nn.Module | None]) -> Callable[[M], nn.Module | None]:
        _REPLACEMENTS[kind] = make  # type: ignore[assignment]  # the key says which kind it takes
        return make

    return register


def _stands_for(layer: nn.Module) -> nn.Module | None:
    make = _REPLACEMENTS.get(type(layer))
    return make(layer) if make else None


def unstackable(module: nn.Module) -> list[str]:
    """The layers of a module that cannot be batched over clients, as `name (kind)`.

    A layer of `torch.nn`, or one's own kind of it, must be known; a module with buffers that training moves (running
    statistics) is not; other modules of one's own are taken to consist of plain operations.
    """
    found = []
    for name, layer in module.named_modules():
        of_torch = any(kind.__module__.startswith("torch.nn.") for kind in type(layer).__mro__ if kind is not nn.Module)
        moves = any(True for _ in layer.buffers(recurse=False))
        known = isinstance(layer, (*AS_THEY_ARE, *_CONTAINERS)) or _stands_for(layer) is not None
        if moves or (of_torch and not known):
            found.append(f"{name or 'the model'} ({type(layer).__name__})")
    return found


_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)


def stackable_copy(module: nn.Module) -> nn.Module:
    """A copy of a module in which every layer that needs it is replaced by one that stacks; parameters keep names."""
    twin = copy.deepcopy(module)
    for name, layer in list(twin.named_modules()):
        if (other := _stands_for(layer)) is not None:
            holder, _, last = name.rpartition(".")
            setattr(twin.get_submodule(holder), last, other)
    return twin
