"""Packages as bytes: safetensors, and nothing that could run code.

A tensor lies under `field` or `field/name`. One that travels in another type (`quantise`) says which type it had, in
the manner of safetensors: `field:F32/name`. All scales of a package are one tensor, `:scales`, in order of field, name
and row.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from counterpoint.errors import PackageError
from counterpoint.exchange.package import Package
from counterpoint.exchange.quantise import (
    SCALE,
    Precision,
    arriving,
    in_range,
    narrow,
    narrows,
    scales_of,
    type_of,
    widen,
)

SEPARATOR = "/"
MARK = ":"
SCALES = f"{MARK}scales"
HAD = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
P = TypeVar("P", bound=Package)
Key = tuple[str, str]


def encode(package: Package, precision: Precision = "float32") -> bytes:
    """The package as safetensors bytes.

    Raises:
        PackageError: it holds a value that the precision cannot carry.
    """
    entries: dict[str, Tensor] = {}
    scales: list[Tensor] = []
    held: set[int] = set()
    for (field, name), tensor in sorted(package.tensors().items()):
        value, mark = tensor.detach().cpu().contiguous(), ""
        if narrows(value.shape, value.dtype, precision):
            mark, given = MARK + HAD[value.dtype], value
            value, scale = narrow(given, precision, given.shape)
            in_range(name or field, given, value, precision)
            scales += [] if scale is None else [scale]
        if (memory := value.untyped_storage().data_ptr()) in held:
            value = value.clone()  # safetensors takes no two tensors of one memory
        held.add(memory)
        entries[field + mark + SEPARATOR + name if name else field + mark] = value
    return save(entries | ({SCALES: torch.cat(scales)} if scales else {}))


def decode(data: bytes, kind: type[P], max_bytes: int, precision: Precision = "float32") -> P:
    """The package that `encode` wrote, its tensors in order of name, so that sums over them are the same every time.

    Args:
        data: as received.
        kind: the class of package that is expected.
        max_bytes: what is longer is not even looked at.
        precision: that it was to be sent in.

    Raises:
        PackageError: too long, damaged, not of this kind, or not as `encode` writes in this precision.
    """
    if len(data) > max_bytes:
        raise PackageError(f"it has {len(data)} bytes, at most {max_bytes} are taken")
    try:
        named = load(data)
    except (SafetensorError, ValueError, KeyError, OverflowError, TypeError, RuntimeError) as error:
        raise PackageError(f"its bytes are damaged ({error})") from error
    fields = {f.name for f in kind.payload()}
    scales = named.pop(SCALES, None)
    found: dict[Key, tuple[Tensor, torch.dtype]] = {}
    for entry, tensor in sorted(named.items()):
        head, _, name = entry.partition(SEPARATOR)
        field, mark, had = head.partition(MARK)
        dtype = next((d for d, word in HAD.items() if word == had), None) if mark else tensor.dtype
        if field not in fields or dtype is None or (mark and not narrows(tensor.shape, dtype, precision)):
            raise PackageError(f"it has an unknown entry {entry!r}")
        if tensor.dtype != (agreed := type_of(tensor.shape, dtype, precision)):
            raise PackageError(f"{name or field!r} came as {tensor.dtype} instead of {agreed}")
        if (field, name) in found:
            raise PackageError(f"it has {name or field!r} twice")
        found[field, name] = tensor, dtype
    return kind.of_tensors(_widened(dict(sorted(found.items())), scales, precision))


def received(package: P, precision: Precision) -> P:
    """What `decode` makes of `encode`, to the bit, without the bytes; its tensors share no memory with the package's.

    Raises:
        PackageError: it holds a value that the precision cannot carry.
    """
    found: dict[Key, Tensor] = {}
    for key, tensor in sorted(package.tensors().items()):
        given = tensor.detach()
        value = arriving(given, precision, given.shape)
        if value is given:
            found[key] = value.clone()
        else:
            in_range(key[1] or key[0], given, value, precision)
            found[key] = value
    return type(package).of_tensors(found)


def _widened(
    found: Mapping[Key, tuple[Tensor, torch.dtype]], scales: Tensor | None, precision: Precision
) -> dict[Key, Tensor]:
    """The tensors in the types they had, with the scales dealt out to them.

    Raises:
        PackageError: scales are missing, too many or too few, of another type, or negative.
    """
    counts = {key: scales_of(value.shape, dtype, precision) for key, (value, dtype) in found.items()}
    parts = _parts(list(counts.values()), scales)
    wide: dict[Key, Tensor] = {}
    for key, (value, dtype) in found.items():
        scale = next(parts) if counts[key] else None
        wide[key] = value if value.dtype == dtype else widen(value, scale, dtype)
    return wide


def _parts(counts: list[int], scales: Tensor | None) -> Iterator[Tensor]:
    if (scales is None) == any(counts):
        raise PackageError("its scales are missing" if scales is None else f"it has an unknown entry {SCALES!r}")
    if scales is None:
        return iter(())
    if scales.dtype != SCALE or tuple(scales.shape) != (sum(counts),):
        told = f"{tuple(scales.shape)} and type {scales.dtype}"
        raise PackageError(f"its scales have shape {told} instead of {(sum(counts),)} and {SCALE}")
    if bool((scales < 0).any()):
        raise PackageError("one of its scales is negative")
    return iter(torch.split(scales, [count for count in counts if count]))
