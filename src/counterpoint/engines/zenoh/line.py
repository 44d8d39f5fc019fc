"""The line of a peer to its neighbours: bytes there and back, in rounds that end."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from struct import Struct
from threading import Condition
from time import monotonic
from types import TracebackType
from typing import Any, Self

from counterpoint.engines.zenoh.extras import needed
from counterpoint.engines.zenoh.mailbox import Mailbox, written
from counterpoint.engines.zenoh.sender import Sender
from counterpoint.engines.zenoh.session import ROOT, key, open_session
from counterpoint.engines.zenoh.settings import LineSettings

LOG = logging.getLogger("counterpoint")
PACKAGE, ALIVE, STATUS, LETTER = "package", "alive", "status", "letter"
ROUND = Struct("!I")
GONE, AHEAD, SLOW = "it is not there", "it is in a later round", "it did not answer in time"
HANGS = "it has not answered for some rounds, and is not waited for until it is heard again"
PATIENT = 2
"""So many exchanges a neighbour may let pass that seems to be there. A link to one that hangs may stay up for long."""
FLUSH = 5.0
"""Seconds that a line waits at its end until all is sent."""
ASK = 1.0
"""Seconds after which a peer asks a neighbour that is there for a letter that has not come: perhaps it was sent before
their link was up."""
LOOK = 0.25
"""Seconds after which a waiting peer looks around, if nothing happens."""


@dataclass(frozen=True)
class Heard:
    """What came of an exchange.

    Attributes:
        packages: by neighbour.
        silent: neighbours that said that they are silent.
        missing: why others did not answer.
        seconds: that were waited.
    """

    packages: Mapping[int, bytes]
    silent: frozenset[int]
    missing: Mapping[int, str]
    seconds: float


class Line:
    """A peer's line; use it in a `with`.

    Args:
        settings: of the line.

    Attributes:
        refused: what came and was refused, by reason.
    """

    def __init__(self, settings: LineSettings) -> None:
        self._settings = settings
        self._session: Any = None
        self._change = Condition()
        others = [n for n in settings.peers if n != settings.id]
        self._mailbox = Mailbox(settings.max_bytes, others)
        self._alive: set[int] = set()
        self._ever: set[int] = set()
        self._status = (0, b"")
        self._letter = b""
        self._passed: Counter[int] = Counter()
        self._begun = monotonic()
        self._kept: list[Any] = []
        self._publisher: Any = None
        self._sender: Sender

    @property
    def refused(self) -> Counter[str]:
        """What came and was refused."""
        with self._change:
            return Counter(self._mailbox.refused)

    def __enter__(self) -> Self:
        """Open it."""
        zenoh = needed("zenoh")
        run, me = self._settings.run, self._settings.id
        self._session = open_session(self._settings)
        everyone = f"{ROOT}/{run}/*"
        self._kept = [
            self._session.declare_subscriber(f"{everyone}/{PACKAGE}", self._came),
            self._session.liveliness().declare_subscriber(f"{everyone}/{ALIVE}", self._life, history=True),
            self._session.declare_queryable(key(run, me, STATUS), self._asked),
            self._session.declare_queryable(key(run, me, LETTER), self._asked_again),
            self._session.liveliness().declare_token(key(run, me, ALIVE)),
        ]
        self._publisher = self._session.declare_publisher(
            key(run, me, PACKAGE),
            congestion_control=zenoh.CongestionControl.BLOCK,
            reliability=zenoh.Reliability.RELIABLE,
        )
        self._sender = Sender(self._publisher.put)
        self._begun = monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it; others see at once that it is gone."""
        self._sender.close(FLUSH)
        try:
            self._session.close()
        except needed("zenoh").ZError as trouble:
            LOG.warning("the line did not close in time, for a neighbour hangs: %s", trouble)

    def alive(self) -> set[int]:
        """The peers that are there."""
        with self._change:
            return set(self._alive)

    def latest(self) -> int:
        """The round in which at least half of the neighbours that are there were heard; 0 if none was."""
        with self._change:
            return middle(self._mailbox.latest.get(n, 0) for n in self._mailbox.neighbours if n in self._alive)

    def status(self, round: int, data: bytes) -> None:
        """What is answered to whoever asks where this peer is."""
        with self._change:
            self._status = round, data

    def ask(self, neighbours: Collection[int], timeout: float) -> dict[int, tuple[int, bytes]]:
        """Round and data of each neighbour that answers, once all that are there have, or the time is over."""
        found: dict[int, tuple[int, bytes]] = {}
        until = monotonic() + timeout
        while (left := until - monotonic()) > 0 and set(found) < set(neighbours):
            for reply in self._session.get(f"{ROOT}/{self._settings.run}/*/{STATUS}", timeout=min(left, 1.0)):
                if reply.ok is None:
                    continue
                sender, data = _sender(reply.ok.key_expr), reply.ok.payload.to_bytes()
                if sender in neighbours and ROUND.size <= len(data) <= self._settings.max_bytes + ROUND.size:
                    found[sender] = ROUND.unpack_from(data)[0], data[ROUND.size :]
            if monotonic() - self._begun > self._settings.patience and set(neighbours) & self.alive() <= set(found):
                break
        return found

    def exchange(self, round: int, number: int, data: bytes | None, neighbours: Collection[int]) -> Heard:
        """Send to all neighbours, and wait for what they send in the same exchange.

        It ends when each neighbour has answered, or has said that it is silent, or is not there, or is in a later
        round; and at the deadline in any case. In the first seconds after this peer has come (`patience`) it waits for
        neighbours that never were there, and the deadline begins when they have come, or did not.

        Args:
            round: from 1.
            number: of the exchange in the round, from 1.
            data: the package; None to be silent.
            neighbours: to whom it goes, and who is heard.
        """
        begun = monotonic()
        with self._change:
            self._mailbox.begin((round, number), frozenset(neighbours))
        letter = written(round, number, self._settings.id, data)
        with self._change:
            self._letter = letter
        self._sender.send(letter)
        until, ask = begun + self._settings.deadline, begun + ASK
        while waiting := self._waiting(neighbours, LOOK):
            if any(map(self._early, waiting)):
                until = monotonic() + self._settings.deadline
            if monotonic() > until:
                break
            if monotonic() > ask:
                ask = monotonic() + ASK
                for peer in waiting:
                    self._session.get(
                        key(self._settings.run, peer, LETTER), self._told, timeout=self._settings.deadline
                    )
        with self._change:
            told = {n: self._mailbox.of(n) for n in neighbours if self._mailbox.has(n)}
            missing = {n: self._reason(n) for n in neighbours if n not in told}
            for peer, why in missing.items():
                self._passed[peer] += why == SLOW
        for peer, why in missing.items():
            LOG.info("round %d: peer %d was not heard: %s", round, peer, why)
        return Heard(
            {n: package for n, package in told.items() if package is not None},
            frozenset(n for n, package in told.items() if package is None),
            missing,
            monotonic() - begun,
        )

    def _waiting(self, neighbours: Collection[int], seconds: float) -> list[int]:
        """Neighbours that may still answer, after so many seconds or as soon as anything happens."""
        with self._change:
            waiting = [n for n in neighbours if self._reason(n) == SLOW]
            if waiting and seconds > 0:
                self._change.wait(seconds)
                waiting = [n for n in neighbours if self._reason(n) == SLOW]
            return waiting

    def _reason(self, peer: int) -> str:
        """Why a neighbour has not answered; nothing if it has."""
        if self._mailbox.has(peer):
            return ""
        if self._mailbox.ahead(peer):
            return AHEAD
        if self._passed[peer] >= PATIENT:
            return HANGS
        return SLOW if peer in self._alive or self._early(peer) else GONE

    def _early(self, peer: int) -> bool:
        """Whether a neighbour that never was there may still come."""
        return peer not in self._ever and monotonic() - self._begun < self._settings.patience

    def _came(self, sample: Any) -> None:
        """A package came; called by a thread of Zenoh's."""
        sender, letter = _sender(sample.key_expr), sample.payload.to_bytes()
        if sender == self._settings.id:
            return
        with self._change:
            self._mailbox.put(sender, letter)
            self._passed.pop(sender, None)
            self._change.notify_all()

    def _told(self, reply: Any) -> None:
        """A neighbour's letter came that was asked for; called by a thread of Zenoh's."""
        if reply.ok is None:
            return
        sender, letter = _sender(reply.ok.key_expr), reply.ok.payload.to_bytes()
        with self._change:
            if sender in self._mailbox.neighbours:
                self._mailbox.put(sender, letter, asked=True)
                self._passed.pop(sender, None)
                self._change.notify_all()

    def _asked_again(self, query: Any) -> None:
        """A neighbour asks for the letter of the exchange that runs, or ran last; called by a thread of Zenoh's."""
        with self._change:
            letter = self._letter
        if letter:
            query.reply(key(self._settings.run, self._settings.id, LETTER), letter)

    def _life(self, sample: Any) -> None:
        """A peer came or went; called by a thread of Zenoh's."""
        zenoh = needed("zenoh")
        peer, came = _sender(sample.key_expr), sample.kind == zenoh.SampleKind.PUT
        if peer == self._settings.id or peer not in self._settings.peers:
            return
        with self._change:
            (self._alive.add if came else self._alive.discard)(peer)
            self._passed.pop(peer, None)
            self._ever.add(peer)
            self._change.notify_all()
        LOG.info("peer %d %s", peer, "is there" if came else "is gone")

    def _asked(self, query: Any) -> None:
        """Somebody asks where this peer is; called by a thread of Zenoh's."""
        with self._change:
            round, data = self._status
        query.reply(key(self._settings.run, self._settings.id, STATUS), ROUND.pack(round) + data)


def middle(rounds: Iterable[int]) -> int:
    """The lower median of rounds, 0 of none: no single peer can make another skip rounds that the others are in."""
    known = sorted(rounds)
    return known[(len(known) - 1) // 2] if known else 0


def _sender(expression: Any) -> int:
    """The peer of a key; -1 where it has none."""
    parts = str(expression).split("/")
    return int(parts[2]) if len(parts) == 4 and parts[2].isdecimal() else -1
