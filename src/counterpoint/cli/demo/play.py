"""What happens in the demonstration: peers start, one is killed and comes back, all finish."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from time import monotonic
from typing import Any

from counterpoint.cli.demo.process import PeerProcess

WAIT = 0.5


@dataclass
class Standing:
    """Where a peer stands.

    Attributes:
        round: the last that it finished.
        accuracy: after it, on its own test.
        heard: packages of neighbours that it used.
        not_heard: neighbours that it did not hear, over all rounds.
        refused: packages that it refused.
        lives: how often it was started.
        status: with which it ended; None while it runs.
    """

    round: int = 0
    accuracy: float | None = None
    heard: int = 0
    not_heard: int = 0
    refused: int = 0
    lives: int = 0
    status: int | None = None


@dataclass
class Play:
    """The demonstration.

    Args:
        configs: files of the peers.
        victim: which of them is killed; None for none.
        kill_after: the round after which it is.
        back_after: the round of the others after which it comes back.
        seconds: after which all of it is given up.
        say: gets what happens, as a line, with the seconds since the start.
        moved: gets where all stand, whenever that changes.

    Attributes:
        standing: of each peer.
    """

    configs: Sequence[Path]
    victim: int | None
    kill_after: int
    back_after: int
    seconds: float
    say: Callable[[float, str], None]
    moved: Callable[[Sequence[Standing]], None] = lambda _: None
    standing: list[Standing] = field(default_factory=list)

    def run(self) -> bool:
        """Play it; whether all peers finished. Nothing runs on after it."""
        told: Queue[tuple[int, Mapping[str, Any]]] = Queue()
        peers = [PeerProcess(n, path, lambda n, what: told.put((n, what))) for n, path in enumerate(self.configs)]
        self.standing = [Standing() for _ in peers]
        self._begun = monotonic()
        try:
            for peer in peers:
                self._start(peer)
            self.say(self._now, f"{len(peers)} peers were started")
            return self._look_on(peers, told)
        finally:
            for peer in peers:
                peer.end()

    @property
    def _now(self) -> float:
        return monotonic() - self._begun

    def _start(self, peer: PeerProcess) -> None:
        self.standing[peer.number].lives += 1
        self.standing[peer.number].status = None
        peer.start()

    def _look_on(self, peers: Sequence[PeerProcess], told: "Queue[tuple[int, Mapping[str, Any]]]") -> bool:
        killed = back = self.victim is None
        while any(standing.status is None for standing in self.standing) or not back:
            if self._now > self.seconds:
                self.say(self._now, f"given up after {self.seconds:.0f} s")
                return False
            try:
                number, what = told.get(timeout=WAIT)
            except Empty:
                continue
            self._heard(number, what)
            self.moved(self.standing)
            if self.victim is None:
                continue
            if not killed and self.standing[self.victim].round >= self.kill_after:
                killed = True
                peers[self.victim].kill()
                self.say(self._now, f"peer {self.victim} was killed (SIGKILL) after round {self.kill_after}")
            others = [s.round for n, s in enumerate(self.standing) if n != self.victim]
            if killed and not back and not peers[self.victim].runs and min(others) >= self.back_after:
                back = True
                self._start(peers[self.victim])
                self.say(self._now, f"peer {self.victim} was started again; the others are in round {min(others) + 1}")
        return all(standing.status == 0 for standing in self.standing)

    def _heard(self, number: int, what: Mapping[str, Any]) -> None:
        """A peer told something."""
        standing = self.standing[number]
        if what["event"] == "begins" and standing.lives > 1:
            self.say(self._now, f"peer {number} is back; on its disk are {what['round']} rounds")
        elif what["event"] == "round":
            if what["round"] > standing.round + 1 and standing.lives > 1:
                missed = f"{standing.round + 1} to {what['round'] - 1}"
                self.say(
                    self._now, f"peer {number} caught up: it missed rounds {missed} and goes on in {what['round']}"
                )
            if standing.round == 0:
                self.say(self._now, f"peer {number} finished its first round, accuracy {what['accuracy'] or 0:.3f}")
            standing.round, standing.accuracy = what["round"], what["accuracy"]
            standing.heard += int(what.get("heard", 0))
            standing.not_heard += int(what.get("not_heard", 0))
        elif what["event"] == "refused":
            standing.refused += 1
            self.say(self._now, f"peer {number} refused a package of peer {what['peer']}: {what['why']}")
        elif what["event"] == "exit":
            standing.status = int(what["status"])
            if standing.status == 0:
                self.say(self._now, f"peer {number} finished all rounds, accuracy {standing.accuracy or 0:.3f}")
        elif what["event"] == "says":
            self.say(self._now, f"peer {number}: {what['text']}")
