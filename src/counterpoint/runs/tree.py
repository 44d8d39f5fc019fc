"""Nested Python values with tensors in them, as tensors by name and a JSON value."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from counterpoint.errors import CounterpointError

TENSOR = "tensor"
ITEMS = "items"
ENTRIES = "entries"


def flatten(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """A JSON value that describes `value`; its tensors go to `tensors` under unique paths that begin with `path`.

    Numbers, texts, None, tensors, lists, tuples, and mappings with texts or integers as keys are understood.

    Raises:
        CounterpointError: anything else, by its path.
    """
    if isinstance(value, Tensor):
        while path in tensors:
            path += "'"
        tensors[path] = value.detach().cpu().contiguous()
        return {TENSOR: path}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        parts = [flatten(part, f"{path}/{i}", tensors) for i, part in enumerate(value)]
        return {ITEMS: parts, "type": type(value).__name__}
    if isinstance(value, Mapping) and all(isinstance(key, str | int) for key in value):
        return {ENTRIES: [[key, flatten(part, f"{path}/{key}", tensors)] for key, part in value.items()]}
    raise CounterpointError(f"{path} cannot be saved: it is a {type(value).__name__}, not tensors, numbers or texts")


def unflatten(described: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The value that `flatten` described."""
    if not isinstance(described, dict):
        return described
    if TENSOR in described:
        return tensors[described[TENSOR]]
    if ITEMS in described:
        parts = [unflatten(part, tensors) for part in described[ITEMS]]
        return tuple(parts) if described["type"] == "tuple" else parts
    return {key: unflatten(part, tensors) for key, part in described[ENTRIES]}
