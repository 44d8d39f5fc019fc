"""Whether a package that arrived may be used."""

from collections.abc import Collection

import torch
from torch import Tensor

from counterpoint.errors import PackageError
from counterpoint.exchange.layout import Layout
from counterpoint.exchange.package import Package, address


def check(package: Package, layout: Layout, modalities: Collection[str]) -> None:
    """Refuse what a client with these modalities cannot have sent.

    A tensor of the model must have the model's shape and type and belong to a block that the client owns; of a block
    that is sent at all, every parameter is sent. No tensor may hold NaN or infinity. What else a class of packages
    demands is in its `verify`.

    Raises:
        PackageError: naming the first entry that is wrong.
    """
    for f in package.payload():
        value = getattr(package, f.name)
        if address(f) == "block":
            _check_blocks(value, layout, modalities)
        elif address(f) == "modality" and (alien := sorted(set(value) - set(modalities))):
            raise PackageError(f"its {f.name!r} has the modality {alien[0]!r}, which the client does not own")
    for (name, key), tensor in package.tensors().items():
        if not _finite(tensor):
            raise PackageError(f"{key or name!r} holds NaN or infinity")
    package.verify()


def _finite(tensor: Tensor) -> bool:
    values = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    if not values.is_floating_point():
        return True
    if values.dtype.itemsize == 1:
        values = values.float()  # isfinite does not know the 8-bit types
    return bool(torch.isfinite(values).all())


def _check_blocks(tensors: dict[str, Tensor], layout: Layout, modalities: Collection[str]) -> None:
    owned = set(layout.owned(modalities))
    for name, tensor in tensors.items():
        if name not in layout:
            raise PackageError(f"it has a tensor {name!r}, which the model does not have")
        if name not in owned:
            raise PackageError(f"it has {name!r} of a modality that the client does not own")
        spec = layout[name]
        if tuple(tensor.shape) != spec.shape:
            raise PackageError(f"{name!r} has shape {tuple(tensor.shape)} instead of {spec.shape}")
        if tensor.dtype != spec.dtype:
            raise PackageError(f"{name!r} has type {tensor.dtype} instead of {spec.dtype}")
    for block in {layout[name].block for name in tensors}:
        needed = {n for n in layout.of_block(block) if not layout[n].fixed}
        if lacking := sorted(needed - set(tensors)):
            raise PackageError(f"it has only a part of block {block!r}: {lacking[0]!r} is missing")
