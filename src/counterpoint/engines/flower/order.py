"""What the server asks a client to do, and what comes back, whoever carries it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, get_type_hints

from counterpoint.errors import CounterpointError, PackageError
from counterpoint.exchange.package import Package
from counterpoint.methods.method import Method


@dataclass(frozen=True)
class Order:
    """One client runs one local program with one package.

    Attributes:
        client: who.
        program: name of the local program.
        round: number of the round.
        visit: which visit of the round it is, from 1; 0 where the client is only asked: nothing is counted then, and
            the client remembers nothing of it.
        modalities: of the client that are on.
        kind: name of the package's class.
        data: the package, encoded.
    """

    client: int
    program: str
    round: int
    visit: int
    modalities: tuple[str, ...]
    kind: str
    data: bytes

    @property
    def occasion(self) -> str:
        """Distinguishes visits of a round in keys of randomness, as on every engine."""
        return f"visit {self.visit}" if self.visit else f"ask {self.program}"


@dataclass(frozen=True)
class Answer:
    """What one client sent back.

    Attributes:
        client: who.
        data: the package, encoded; nothing where it failed.
        failed: why there is no package.
    """

    client: int
    data: bytes = b""
    failed: str | None = None


class Sites(Protocol):
    """Whoever carries orders to clients and answers back."""

    def there(self) -> Collection[int]:
        """The clients that can be reached now."""
        ...

    def testable(self) -> Collection[int]:
        """The clients that have a test of their own, as far as is known."""
        ...

    def send(self, orders: Sequence[Order]) -> Iterator[Answer]:
        """Send orders, one a client, and yield answers as they come, until all are there or the deadline has passed."""
        ...


def of_kind(base: type[Package], name: str) -> type[Package]:
    """The class of packages of this name: the one that a program takes, or one that is made of it.

    Args:
        base: what the program takes.
        name: of the class.

    Raises:
        PackageError: there is none here.
    """
    kinds = [base]
    for kind in kinds:
        if kind.__name__ == name:
            return kind
        kinds += kind.__subclasses__()
    raise PackageError(f"a {name} is no {base.__name__}")


def kinds(method: type[Method], program: str) -> tuple[type[Package], type[Package]]:
    """What a local program gets and what it sends, as its annotations say.

    Nothing that comes over the network names a class: what is expected is known.

    Args:
        method: whose program it is.
        program: its name.

    Raises:
        CounterpointError: it is no program, or is not annotated with packages.
    """
    found = getattr(method, program, None)
    hints = get_type_hints(found) if callable(found) else {}
    sent = hints.pop("return", None)
    got = list(hints.values())
    if len(got) != 2 or not all(isinstance(kind, type) and issubclass(kind, Package) for kind in (got[1], sent)):
        raise CounterpointError(
            f"{method.name}.{program} cannot run at a site: annotate it as (self, client: Client, received: PACKAGE) ->"
            " PACKAGE, with classes of packages"
        )
    return got[1], sent
