"""Tensors in fewer bits while they travel: what narrows, to what, and how far off it comes back.

Which tensors narrow depends on their form alone, so that sender and receiver agree without a word, and packages of one
form have one length. Floating tensors of 32 bits or fewer do, if they have more bits than the precision and more than
one value. Whole numbers, truth values, complex numbers and doubles travel as they are: what a method sends in double
precision is a statistic that it wants exact.

`float16`, `bfloat16`: each value is rounded to the nearest, ties to even.

    |x - x'| <= 2^-11 |x| (float16, from |x| = 2^-14 up; below that <= 2^-25), <= 2^-8 |x| (bfloat16)

`int8`: a row has one scale, a float32 that travels too; q is rounded to the nearest, ties to even.

    scale = max |x| / 127,   q = round(x / scale) in -127..127,   x' = q scale,   |x - x'| <= scale / 2

up to the rounding of float32. Rows are those of the first dimension where a tensor has two or more and its rows have
more than one value; every other tensor is one row. A row of zeros stays one; so does, near enough, one whose scale
would be below the smallest normal number (max |x| < 1.5e-36). A row that holds NaN or infinity arrives as NaN.
"""

from collections.abc import Sequence
from math import prod
from typing import Literal

import torch
from torch import Tensor

from counterpoint.errors import PackageError

Precision = Literal["float32", "float16", "bfloat16", "int8"]
"""`float32`: everything travels as it is."""
STEPS = 127
SCALE = torch.float32
TYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "int8": torch.int8}
WIDE: dict[str, tuple[torch.dtype, ...]] = {
    "float16": (torch.float32,),
    "bfloat16": (torch.float32,),
    "int8": (torch.float32, torch.float16, torch.bfloat16),
}
"""The types that narrow, by precision."""


def narrows(shape: Sequence[int], dtype: torch.dtype, precision: Precision) -> bool:
    """Whether a tensor of this shape and type travels in another type."""
    return dtype in WIDE.get(precision, ()) and prod(shape) > 1


def type_of(shape: Sequence[int], dtype: torch.dtype, precision: Precision) -> torch.dtype:
    """The type that a tensor of this shape and type travels in."""
    return TYPES[precision] if narrows(shape, dtype, precision) else dtype


def scales_of(shape: Sequence[int], dtype: torch.dtype, precision: Precision) -> int:
    """How many scales travel with a tensor of this shape and type."""
    if precision != "int8" or not narrows(shape, dtype, precision):
        return 0
    return shape[0] if len(shape) > 1 and prod(shape) > shape[0] else 1


def size_of(shape: Sequence[int], dtype: torch.dtype, precision: Precision) -> int:
    """Bytes of a tensor of this shape and type on its way, its scales among them."""
    values = prod(shape) * type_of(shape, dtype, precision).itemsize
    return values + scales_of(shape, dtype, precision) * SCALE.itemsize


def narrow(x: Tensor, precision: Precision, shape: Sequence[int]) -> tuple[Tensor, Tensor | None]:
    """A tensor that narrows as it travels, and the scales of its rows, one after another, if it has any.

    Args:
        x: of this shape; or several of them, [tensors, *shape].
        precision: see above. Values that float16 or bfloat16 cannot hold become infinite, see `in_range`.
        shape: of one tensor.
    """
    if precision != "int8":
        return x.to(TYPES[precision]), None
    rows = x.reshape(-1, prod(shape) // scales_of(shape, x.dtype, precision)).to(SCALE)
    scale = rows.abs().amax(1) / STEPS
    scale = torch.where(scale < torch.finfo(SCALE).tiny, 0.0, scale)
    steps = rows / torch.where(scale == 0, 1.0, scale)[:, None]
    values = steps.nan_to_num(nan=0.0).round_().clamp_(-STEPS, STEPS)
    return values.to(torch.int8).reshape(x.shape), scale


def widen(values: Tensor, scale: Tensor | None, dtype: torch.dtype) -> Tensor:
    """What came of `narrow`, in the type that it had before."""
    if scale is None:
        return values.to(dtype)
    rows = values.reshape(len(scale), -1).to(SCALE) * scale[:, None]
    return rows.reshape(values.shape).to(dtype)


def arriving(x: Tensor, precision: Precision, shape: Sequence[int]) -> Tensor:
    """A tensor as it arrives: x itself where it travels as it is. For the arguments see `narrow`."""
    if not narrows(shape, x.dtype, precision):
        return x
    values, scale = narrow(x, precision, shape)
    return widen(values, scale, x.dtype)


def in_range(name: str, x: Tensor, arrives: Tensor, precision: Precision) -> None:
    """Refuse to send finite values that would become infinite.

    Raises:
        PackageError: the tensor has such a value.
    """
    if precision in ("float16", "bfloat16") and bool((lost := arrives.isinf() & x.isfinite()).any()):
        worst, most = float(x[lost].abs().max()), torch.finfo(TYPES[precision]).max
        raise PackageError(f"{name!r} holds {worst:g}, and {precision} carries at most {most:g}")
