"""What travels between parties: a frozen dataclass a method, of named tensors."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from typing import Any, Literal, Self

import torch
from torch import Tensor

from counterpoint.errors import PackageError
from counterpoint.exchange.layout import Tensors

Address = Literal["block", "modality", "all"]


def _named(to: Address) -> Any:
    return field(default_factory=dict, metadata={"named": True, "address": to})


def per_block() -> Any:
    """A field {tensor name: tensor} of a model's tensors: a client sends and gets only those of blocks it owns."""
    return _named("block")


def per_modality() -> Any:
    """A field {modality: tensor}: a client sends and gets only those of modalities it owns."""
    return _named("modality")


def named() -> Any:
    """A field {name: tensor} that goes to everyone whole."""
    return _named("all")


def address(of: Field[Any]) -> Address:
    """To whom the entries of a field go."""
    value: Address = of.metadata.get("address", "all")
    return value


@dataclass(frozen=True)
class Package:
    """Base of all packages.

    A field is one tensor (None where that is its default: nothing is sent), or named tensors, then declared with
    `per_block()`, `per_modality()` or `named()`. Subclasses are frozen dataclasses.

    Attributes:
        client: who sent it, filled in by the engine; -1 for the server. It is not part of what is encoded.
    """

    client: int = field(default=-1, init=False, compare=False, metadata={"local": True})

    @classmethod
    def payload(cls) -> tuple[Field[Any], ...]:
        """The fields that travel."""
        return tuple(f for f in fields(cls) if not f.metadata.get("local"))

    def sent_by(self, client: int) -> Self:
        """The same package with its sender's id."""
        copy = replace(self)
        object.__setattr__(copy, "client", client)
        return copy

    def addressed(self, blocks: Callable[[str], bool], modalities: Callable[[str], bool]) -> Self:
        """What of this package concerns one client.

        Args:
            blocks: whether a tensor of the model concerns it.
            modalities: whether a modality concerns it.
        """
        keep = {"block": blocks, "modality": modalities}
        changed: dict[str, Any] = {}
        for f in self.payload():
            if mine := keep.get(address(f)):
                changed[f.name] = {name: tensor for name, tensor in getattr(self, f.name).items() if mine(name)}
        return replace(self, **changed)

    def tensors(self) -> dict[tuple[str, str], Tensor]:
        """All tensors by (field, name); the name is empty for a field that is one tensor."""
        found: dict[tuple[str, str], Tensor] = {}
        for f in self.payload():
            value = getattr(self, f.name)
            if f.metadata.get("named"):
                found |= {(f.name, name): tensor for name, tensor in value.items()}
            elif value is not None:
                found[f.name, ""] = value
        return found

    def verify(self) -> None:
        """Raise a `PackageError` for an upload that the server's program could not use; called by `check`."""

    @classmethod
    def of_tensors(cls, tensors: Mapping[tuple[str, str], Tensor]) -> Self:
        """The package whose `tensors()` these are.

        Raises:
            PackageError: a field is missing, or got one tensor where it needs named ones, or the other way round.
        """
        values: dict[str, Any] = {}
        for f in cls.payload():
            mine = {key: tensor for (name, key), tensor in tensors.items() if name == f.name}
            many = bool(f.metadata.get("named"))
            if mine and ("" in mine) == many:
                raise PackageError(f"its field {f.name!r} must be {'named tensors' if many else 'one tensor'}")
            if many:
                values[f.name] = mine
            elif mine:
                values[f.name] = mine[""]
            elif f.default is MISSING:
                raise PackageError(f"its field {f.name!r} is missing")
        return cls(**values)


@dataclass(frozen=True)
class Weights(Package):
    """Tensors of a model, by block.

    Attributes:
        weights: what is sent of the model.
        samples: how many samples trained them, int64 scalar; None on the way down.
    """

    weights: Tensors = per_block()
    samples: Tensor | None = None

    def verify(self) -> None:
        """An upload says how many samples it stands for: one whole number, not negative."""
        if self.samples is None:
            raise PackageError("it does not say how many samples it stands for")
        if self.samples.dim() or self.samples.dtype != torch.int64 or int(self.samples) < 0:
            raise PackageError("its 'samples' is not one whole number from 0 up")


@dataclass(frozen=True)
class Blocks(Package):
    """Tensors of a model, by block, as peers send them to each other.

    Attributes:
        weights: what is sent of the model.
    """

    weights: Tensors = per_block()
