"""Writing down the tensor operations that a function carries out, below autograd and `torch.vmap`."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from counterpoint.engines.identity import NotRecordable
from counterpoint.engines.operations import Name, Operation

MOST_OPERATIONS = 3000
"""A longer step is not recorded: replaying it would gain little, and writing it down takes a while."""
_ATEN = torch.ops.aten
_LOOKS = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)


class Writer(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down each operation while it is the active mode. Tensors are told apart by identity.

    A tensor that no operation made and that is no input is a constant.

    Args:
        inputs: tensors that the operations start from.
    """

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.inputs = [f"in{place}" for place in range(len(inputs))]
        self.operations: list[Operation] = []
        self.constants: dict[str, Tensor] = {}
        self._seen: list[Tensor] = [*inputs]  # a tensor that is kept alive keeps its identity
        self._names = {id(value): name for name, value in zip(self.inputs, inputs, strict=True)}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: PyTorch would load its compiler at the first operation, which takes a second, only to keep out of it."""
        return False

    def name(self, value: Tensor) -> Name:
        """What a tensor is called; a new constant, if it was not seen before."""
        if id(value) not in self._names:
            name = f"outside{len(self.constants)}"
            self.constants[name] = value.detach().clone()  # as it was before anything wrote to it
            self._call(value, name)
        return Name(self._names[id(value)])

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if len(self.operations) >= MOST_OPERATIONS:
            raise NotRecordable(f"a step has more than {MOST_OPERATIONS} operations")
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise NotRecordable(f"a step draws random numbers ({func})")
        if any(tag in func.tags for tag in _LOOKS) and not _by_places(func, args):
            raise NotRecordable(f"what a step does depends on numbers in tensors ({func})")
        if func is _ATEN.lift_fresh.default:  # makes a tensor of a constant, which the step may write to
            func = _ATEN.lift_fresh_copy.default
        given, named = self._written(args), {key: self._written(value) for key, value in kwargs.items()}
        result = func(*args, **kwargs)
        first = args[0] if args and isinstance(args[0], Tensor) else None
        if isinstance(result, Tensor):
            self._add(func, given, named, first, result)
        else:
            self._add_parts(func, given, named, result)
        return result

    def _written(self, value: Any) -> Any:
        """An argument with names in place of tensors."""
        if isinstance(value, Tensor):
            return self.name(value)
        return [self._written(part) for part in value] if isinstance(value, list | tuple) else value

    def _add(self, function: Callable[..., Any], args: Any, kwargs: Any, first: Tensor | None, result: Tensor) -> None:
        name = f"v{len(self.operations)}"
        reshapes = first is None or first.shape != result.shape
        single = None if result.dim() else (result.dtype, result.device)
        self.operations.append(Operation(name, function, tuple(args), kwargs, reshapes, single))
        self._call(result, name)

    def _add_parts(self, function: Callable[..., Any], args: Any, kwargs: Any, result: Any) -> None:
        """An operation with several results, and one that takes out each."""
        if not isinstance(result, list | tuple):
            raise NotRecordable(f"a step calls {function}, whose result is no tensor")
        whole = Name(f"v{len(self.operations)}")
        self.operations.append(Operation(whole.name, function, tuple(args), kwargs))
        for place, part in enumerate(result):
            if isinstance(part, Tensor):
                self._add(operator.getitem, [whole, place], {}, None, part)

    def _call(self, value: Tensor, name: str) -> None:
        self._names[id(value)] = name
        self._seen.append(value)


def _by_places(function: Callable[..., Any], args: Sequence[Any]) -> bool:
    """Whether it takes rows by their places: as many as there are places, where a mask would take those it marks."""
    if function is not _ATEN.index.Tensor:
        return False
    return all(places is None or places.dtype not in (torch.bool, torch.uint8) for places in args[1])
