"""Packages on their way between server and clients, as bytes."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TypeVar

from counterpoint.errors import PackageError, UserError
from counterpoint.exchange import (
    ExchangeSettings,
    Package,
    Precision,
    arriving,
    bytes_by_block,
    check,
    decode,
    encode,
    received,
)
from counterpoint.models.model import Model

MIB = 2**20
P = TypeVar("P", bound=Package)


class Wire:
    """Encodes, counts, decodes and checks packages for one model.

    A package may be as long as 16 models and 64 MiB; what is longer is refused unread.

    Args:
        model: of the run.
        exchange: in which precision packages travel.

    Attributes:
        max_bytes: how long a package may be.
    """

    def __init__(self, model: Model, exchange: ExchangeSettings) -> None:
        self._model = model
        self._exchange = exchange
        self.max_bytes = 64 * MIB + 16 * model.layout.size()

    def addressed(self, package: P, modalities: Collection[str]) -> P:
        """What of a package concerns a client with these modalities and may go down to it, as the server has it."""
        layout = self._model.layout
        owned = set(layout.owned(modalities))
        return package.addressed(
            lambda name: name not in layout or (name in owned and self._model.travels(name, "down")),
            lambda modality: modality in modalities,
        )

    def down(self, package: P, modalities: Collection[str]) -> tuple[P, dict[str, int]]:
        """The package as a client receives it, and its bytes by block.

        Raises:
            UserError: it holds a value that the precision cannot carry.
        """
        data, by_block = self.packed(package, modalities)
        return self.unpacked(data, type(package)), by_block

    def packed(self, package: Package, modalities: Collection[str]) -> tuple[bytes, dict[str, int]]:
        """What goes to a client with these modalities, and its bytes by block.

        Raises:
            UserError: it holds a value that the precision cannot carry.
        """
        mine, precision = self.addressed(package, modalities), self._exchange.down
        with _carried():
            data = encode(mine, precision)
        return data, self._size(mine, data, precision)

    def unpacked(self, data: bytes, kind: type[P]) -> P:
        """The package that a client got.

        Raises:
            PackageError: its bytes are damaged, or it is of another kind.
        """
        return decode(data, kind, self.max_bytes, self._exchange.down)

    def received(self, package: P, modalities: Collection[str]) -> P:
        """What `down` gives, to the bit, without the bytes.

        Raises:
            UserError: it holds a value that the precision cannot carry.
        """
        with _carried():
            return received(self.addressed(package, modalities), self._exchange.down)

    def travelling(self, package: P) -> P:
        """The package of a client without tensors that may not go up."""
        model = self._model
        return package.addressed(lambda n: n not in model.layout or model.travels(n, "up"), lambda _: True)

    def seal(self, package: Package) -> bytes:
        """What a client sends.

        Raises:
            PackageError: it holds a value that the precision cannot carry.
        """
        return encode(self.travelling(package), self._exchange.up)

    def open(self, data: bytes, kind: type[P], modalities: Collection[str]) -> P:
        """The package that a client with these modalities sent.

        Raises:
            PackageError: it must not be used.
        """
        package = decode(data, kind, self.max_bytes, self._exchange.up)
        check(package, self._model.layout, modalities)
        return package

    def opened(self, together: P) -> P:
        """What `open` gives of `seal`, to the bit, for packages of several clients, tensors [clients, *shape].

        Nothing is checked. A value that the precision cannot carry, for which `seal` raises, arrives as infinity.
        """
        tensors = together.tensors()
        up = self._exchange.up
        return type(together).of_tensors({key: arriving(v, up, v.shape[1:]) for key, v in tensors.items()})

    def size(self, package: Package, data: bytes) -> dict[str, int]:
        """The bytes of an encoded upload by block."""
        return self._size(package, data, self._exchange.up)

    def _size(self, package: Package, data: bytes, precision: Precision) -> dict[str, int]:
        return bytes_by_block(package, len(data), self._model.layout, precision)


@contextmanager
def _carried() -> Iterator[None]:
    """What the server cannot send is told to the user, for no round can go on."""
    try:
        yield
    except PackageError as error:
        raise UserError(f"the server's package cannot go down: {error}; set exchange.down to float32") from error
