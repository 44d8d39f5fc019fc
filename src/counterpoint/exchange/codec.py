"""Packages as bytes: safetensors, and nothing that could run code."""

from typing import TypeVar

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from counterpoint.errors import PackageError
from counterpoint.exchange.package import Package

SEPARATOR = "/"
P = TypeVar("P", bound=Package)


def encode(package: Package) -> bytes:
    """The package as safetensors bytes, each tensor under `field` or `field/name`."""
    named: dict[str, Tensor] = {}
    held: set[int] = set()
    for (field, name), tensor in package.tensors().items():
        value = tensor.detach().cpu().contiguous()
        if (memory := value.untyped_storage().data_ptr()) in held:
            value = value.clone()  # safetensors takes no two tensors of one memory
        held.add(memory)
        named[field + SEPARATOR + name if name else field] = value
    return save(named)


def decode(data: bytes, kind: type[P], max_bytes: int) -> P:
    """The package that `encode` wrote, its tensors in order of name, so that sums over them are the same every time.

    Args:
        data: as received.
        kind: the class of package that is expected.
        max_bytes: what is longer is not even looked at.

    Raises:
        PackageError: too long, damaged, or not of this kind.
    """
    if len(data) > max_bytes:
        raise PackageError(f"it has {len(data)} bytes, at most {max_bytes} are taken")
    try:
        named = load(data)
    except (SafetensorError, ValueError, KeyError, OverflowError, TypeError, RuntimeError) as error:
        raise PackageError(f"its bytes are damaged ({error})") from error
    fields = {f.name for f in kind.payload()}
    found: dict[tuple[str, str], Tensor] = {}
    for key, tensor in sorted(named.items()):
        field, _, name = key.partition(SEPARATOR)
        if field not in fields:
            raise PackageError(f"it has an unknown entry {key!r}")
        found[field, name] = tensor
    return kind.of_tensors(found)
