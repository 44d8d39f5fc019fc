"""Packages of several clients together."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor

from counterpoint.errors import PackageError
from counterpoint.exchange.package import Package, Weights

P = TypeVar("P", bound=Package)


@dataclass(frozen=True)
class Many(Generic[P]):
    """What some clients sent, in packages of one form: the same tensors, of the same shapes and types.

    Attributes:
        clients: who sent it.
        together: one package whose tensors are [clients, *shape].
    """

    clients: tuple[int, ...]
    together: P

    @classmethod
    def of_one(cls, package: P) -> "Many[P]":
        """One client's package."""
        tensors = {key: value.unsqueeze(0) for key, value in package.tensors().items()}
        return cls((package.client,), type(package).of_tensors(tensors))

    def __len__(self) -> int:
        return len(self.clients)

    def each(self) -> Iterator[P]:
        """The packages one by one, each with its sender; their tensors are views."""
        kind = type(self.together)
        tensors = self.together.tensors()
        columns = [value.unbind(0) for value in tensors.values()]
        rows: Sequence[tuple[Tensor, ...]] = list(zip(*columns, strict=True)) if columns else [()] * len(self)
        for client, row in zip(self.clients, rows, strict=True):
            package = kind.of_tensors(dict(zip(tensors, row, strict=True)))
            object.__setattr__(package, "client", client)
            yield package

    def rows(self, keep: Sequence[int]) -> "Many[P]":
        """What the clients at these places sent."""
        index = torch.tensor(list(keep), dtype=torch.long)
        tensors = {key: value[index.to(value.device)] for key, value in self.together.tensors().items()}
        return Many(tuple(self.clients[i] for i in keep), type(self.together).of_tensors(tensors))


def verified(many: Many[Package]) -> list[str | None]:
    """For each client why its package cannot be used, by the package's own `verify`; None where it can."""
    if _by_form(many):
        return [None] * len(many)
    return [_complaint(package) for package in many.each()]


def _by_form(many: Many[Package]) -> bool:
    """Whether all may be used, as far as that can be said without looking at one after another."""
    package = many.together
    if type(package).verify is Package.verify:
        return True
    if type(package).verify is not Weights.verify or not isinstance(package, Weights):
        return False
    counts = package.samples
    return counts is not None and counts.dim() == 1 and counts.dtype == torch.int64 and bool((counts >= 0).all())


def _complaint(package: Package) -> str | None:
    try:
        package.verify()
    except PackageError as error:
        return str(error)
    return None


def finite(many: Many[Package]) -> list[bool]:
    """For each client whether all that it sent is finite."""
    good = torch.ones(len(many), dtype=torch.bool)
    for value in many.together.tensors().values():
        real = torch.view_as_real(value) if value.is_complex() else value
        if not real.is_floating_point():
            continue
        if real.dtype.itemsize == 1:
            real = real.float()  # isfinite does not know the 8-bit types
        if not math.isfinite(real.sum().item()):  # one pass; a sum that overflows is looked at more closely
            good &= torch.isfinite(real).reshape(len(many), -1).all(1).cpu()
    found: list[bool] = good.tolist()
    return found
