"""What is run."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.speed import contestants as who
from benchmarks.speed import data
from benchmarks.speed.contestants import Contestant


@dataclass(frozen=True)
class Case:
    """One workload in one size, and who runs it.

    Attributes:
        section: of the page.
        variant: within the section.
        make: makes the rows.
        model: mlp, linear, cnn, gru, lstm or fedmekt.
        contestants: who runs it, in the order of their turns.
        rounds: how many.
        warm: how many of the first rounds the median leaves out.
        epochs: local ones.
        batch: rows a step.
    """

    section: str
    variant: str
    make: Callable[[], data.Arrays]
    model: str
    contestants: tuple[Contestant, ...]
    rounds: int
    warm: int = 2
    epochs: int = 1
    batch: int = 20

    @property
    def key(self) -> str:
        """Names it."""
        return f"{self.section}/{self.variant}"


OURS = (who.STACKED, who.STACKED_2, who.SEQUENTIAL, who.LOOP)
SIZES = (100, 1_000, 10_000)


def same_sizes(clients: int, rows: int) -> Callable[[], data.Arrays]:
    """Digits, equally many a client."""
    return partial(data.digits, [rows] * clients)


def cases() -> list[Case]:
    """All of the benchmark."""
    everyone = (*OURS, *who.RIVALS, who.FUSED, who.WRITTEN)
    overhead = (who.STACKED, who.SEQUENTIAL, who.LOOP, *who.RIVALS)
    return [
        *(Case("mlp", str(e), same_sizes(100, 60), "mlp", everyone, 20, epochs=e) for e in (1, 5)),
        Case("cnn", "watch", partial(data.watch_dealt, 24), "cnn", OURS, 6, batch=16),
        Case("gru", "watch", partial(data.watch_drawn, 30, 48, 30), "gru", OURS, 3, warm=1, batch=16),
        Case("lstm", "mm-fedavg", partial(data.watch_drawn, 12, 48, 12), "lstm", OURS, 3, warm=1, batch=16),
        Case("lstm", "fedmekt", partial(data.watch_drawn, 12, 48, 12), "fedmekt", OURS[:-1], 3, warm=1, batch=16),
        Case("ragged", "digits", partial(data.digits, data.heavy_tailed(100)), "mlp", OURS, 10, epochs=2),
        *(
            Case("missing", name, partial(data.watch_drawn, 24, 48, both), "cnn", (who.STACKED,), 6, batch=16)
            for name, both in {"both": 24, "half": 12, "one": 0}.items()
        ),
        *(Case("scale", str(n), same_sizes(n, 60), "mlp", (who.STACKED, who.BARE), 3, warm=1) for n in SIZES),
        Case("overhead", "100", same_sizes(100, 1), "linear", overhead, 8),
        Case("overhead", "1000", same_sizes(1_000, 1), "linear", overhead[:-1], 5),
    ]


def quick(case: Case) -> Case:
    """The same with few clients and rounds, to see whether it runs."""
    small: dict[str, Callable[[], data.Arrays]] = {
        "mlp/1": same_sizes(6, 60),
        "mlp/5": same_sizes(6, 60),
        "ragged/digits": partial(data.digits, data.heavy_tailed(8)),
        "scale/1000": same_sizes(200, 60),
        "scale/10000": same_sizes(400, 60),
        "overhead/100": same_sizes(4, 1),
        "overhead/1000": same_sizes(40, 1),
    }
    return replace(case, rounds=min(case.rounds, 4), make=small.get(case.key, case.make))
