"""A topology out of a file."""

from pathlib import Path
from typing import Self

from counterpoint.errors import UserError
from counterpoint.simulate.graph import Graph
from counterpoint.simulate.topology import Topology


class Edges(Topology):
    """The edges that a text file lists, one a line: two numbers of peers, from 0; what follows a # does not count.

    Args:
        path: of the file.
    """

    name = "edges"
    form = "edges:FILE"
    what = "the pairs of peers that a file lists, one a line"

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def read(cls, text: str) -> Self:
        """A path."""
        if not text:
            raise UserError("topology 'edges' needs a file: write edges:FILE")
        return cls(Path(text))

    def drawn(self, peers: int, *, seed: int, round: int) -> Graph:
        """As the file says."""
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise UserError(f"cannot read the edges in {self._path}: {why}") from error
        pairs = []
        for number, line in enumerate(lines, start=1):
            said = line.partition("#")[0].replace(",", " ").split()
            if said:
                pairs.append(self._pair(said, peers, f"{self._path}, line {number}"))
        return Graph.of(peers, pairs)

    def _pair(self, said: list[str], peers: int, where: str) -> tuple[int, int]:
        try:
            a, b = (int(word) for word in said)
        except ValueError:
            raise UserError(f"{where}: {' '.join(said)!r} are not two numbers of peers") from None
        if not (0 <= a < peers and 0 <= b < peers):
            raise UserError(f"{where}: there are {peers} peers, numbered 0 to {peers - 1}, not {a} and {b}")
        if a == b:
            raise UserError(f"{where}: peer {a} does not talk to itself")
        return a, b
