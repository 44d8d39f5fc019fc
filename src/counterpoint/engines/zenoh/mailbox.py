"""What neighbours said, sorted by round; and what is refused."""

import struct
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import blake2b
from struct import Struct

HEADER = Struct("!4sIHBI")
"""Mark, round, number of the exchange, whether it holds a package, sender."""
MARK = b"CPT1"
AGAIN = "it was here before"
"""Why a letter is refused that came twice."""
AHEAD = 4
"""Packages that are kept of a neighbour that is ahead."""
Place = tuple[int, int]
"""Round, and number of the exchange in it."""


def written(round: int, number: int, sender: int, data: bytes | None) -> bytes:
    """A letter: a package with its header; without one, that the sender is silent."""
    return HEADER.pack(MARK, round, number, data is not None, sender) + (data or b"")


@dataclass
class Mailbox:
    """The letters of neighbours. It does not know of threads: whoever calls it holds a lock.

    Attributes:
        max_bytes: of a package.
        neighbours: who may write.
        now: the exchange that runs, or ran last.
        refused: letters that were refused, by reason.
        late: letters of exchanges that were over.
        latest: the latest round that each neighbour was heard in.
    """

    max_bytes: int
    neighbours: Collection[int] = ()
    now: Place = (0, 0)
    refused: Counter[str] = field(default_factory=Counter)
    late: int = 0
    latest: dict[int, int] = field(default_factory=dict)
    _letters: dict[int, dict[Place, bytes | None]] = field(default_factory=dict)
    _seen: dict[int, dict[Place, bytes]] = field(default_factory=dict)
    _asked: set[tuple[int, Place]] = field(default_factory=set)

    def put(self, sender: int, letter: bytes, *, asked: bool = False) -> bool:
        """Take a letter that came under the key of a peer; False where it is refused or late.

        Nothing that it may hold raises, and no more than `AHEAD` packages are kept of one neighbour.

        Args:
            sender: by the key.
            letter: as it came.
            asked: whether it was asked for, since nothing had come: by then it may be here, or may come after all.
        """
        try:
            mark, round, number, full, said = HEADER.unpack_from(letter)
        except struct.error:
            mark, round, number, full, said = b"", 0, 0, 0, 0
        place = (round, number)
        if wrong := self._wrong(sender, letter, place, damaged=mark != MARK or full not in (0, 1), said=said):
            known = wrong == AGAIN and (asked or (sender, place) in self._asked)
            self._asked.discard((sender, place))
            if not known:
                self.refused[wrong] += 1
            return False
        if place < self.now:
            self.late += 1
            return False
        self.latest[sender] = max(self.latest.get(sender, 0), round)
        if asked:
            self._asked = {one for one in self._asked if one[1] >= self.now} | {(sender, place)}
        seen = self._seen.setdefault(sender, {})
        seen[place] = _digest(letter)
        for old in sorted(seen)[: -4 * AHEAD]:
            del seen[old]  # never one of a letter that is kept: there are fewer of those
        box = self._letters.setdefault(sender, {})
        box[place] = letter[HEADER.size :] if full else None
        for furthest in sorted(box)[AHEAD:]:
            del box[furthest], seen[furthest]
        return place in box

    def _wrong(self, sender: int, letter: bytes, place: Place, *, damaged: bool, said: int) -> str:
        """Why a letter is refused; nothing if it is not."""
        if damaged or not all(place):
            return "its header is damaged"
        if said != sender or sender not in self.neighbours:
            return "it is from nobody known here"
        if len(letter) - HEADER.size > self.max_bytes:
            return "it is too long"
        if self._seen.get(sender, {}).get(place) == _digest(letter) or place in self._letters.get(sender, {}):
            return AGAIN
        return ""

    def begin(self, place: Place, neighbours: Collection[int]) -> None:
        """An exchange begins: what is older is thrown away."""
        self.now = place
        self.neighbours = neighbours
        for box in self._letters.values():
            for old in [p for p in box if p < place]:
                del box[old]

    def has(self, sender: int) -> bool:
        """Whether a neighbour has answered in this exchange."""
        return self.now in self._letters.get(sender, {})

    def of(self, sender: int) -> bytes | None:
        """What a neighbour answered; None where it is silent, or did not."""
        return self._letters.get(sender, {}).get(self.now)

    def ahead(self, sender: int) -> bool:
        """Whether a neighbour is past this exchange, and will never answer in it."""
        return self.latest.get(sender, 0) > self.now[0] and not self.has(sender)


def _digest(letter: bytes) -> bytes:
    return blake2b(letter, digest_size=16).digest()
