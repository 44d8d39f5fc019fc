"""Packages on their way between server and clients, as bytes."""

from collections.abc import Collection
from typing import TypeVar

from counterpoint.exchange import Package, bytes_by_block, check, decode, encode
from counterpoint.models.model import Model

MIB = 2**20
P = TypeVar("P", bound=Package)


class Wire:
    """Encodes, counts, decodes and checks packages for one model.

    A package may be as long as 16 models and 64 MiB; what is longer is refused unread.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._max_bytes = 64 * MIB + 16 * model.layout.size()

    def addressed(self, package: P, modalities: Collection[str]) -> P:
        """What of a package concerns a client with these modalities and may go down to it."""
        layout = self._model.layout
        owned = set(layout.owned(modalities))
        return package.addressed(
            lambda name: name not in layout or (name in owned and self._model.travels(name, "down")),
            lambda modality: modality in modalities,
        )

    def down(self, package: P, modalities: Collection[str]) -> tuple[P, dict[str, int]]:
        """The package as a client receives it, and its bytes by block."""
        mine = self.addressed(package, modalities)
        data = encode(mine)
        return decode(data, type(package), self._max_bytes), self.size(mine, data)

    def travelling(self, package: P) -> P:
        """The package of a client without tensors that may not go up."""
        model = self._model
        return package.addressed(lambda n: n not in model.layout or model.travels(n, "up"), lambda _: True)

    def seal(self, package: Package) -> bytes:
        """What a client sends."""
        return encode(self.travelling(package))

    def open(self, data: bytes, kind: type[P], modalities: Collection[str]) -> P:
        """The package that a client with these modalities sent.

        Raises:
            PackageError: it must not be used.
        """
        package = decode(data, kind, self._max_bytes)
        check(package, self._model.layout, modalities)
        return package

    def size(self, package: Package, data: bytes) -> dict[str, int]:
        """The bytes of an encoded package by block."""
        return bytes_by_block(package, len(data), self._model.layout)
