"""What was aimed at, and whether it was reached."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.speed.figures import Figures, Spread

Key = tuple[str, str]


@dataclass(frozen=True)
class Goal:
    """One goal.

    Attributes:
        key: names it in `performance-words.md`.
        text: what was aimed at.
        figure: what was measured, None where it was not.
        least: the least that reaches it, or None.
        most: the most that reaches it, or None.
    """

    key: str
    text: str
    figure: Callable[[Figures], Spread | None]
    least: float | None = None
    most: float | None = None

    def met(self, figures: Figures) -> bool | None:
        """Whether the median reaches it; None where nothing was measured."""
        found = self.figure(figures)
        if found is None:
            return None
        return (self.least is None or found.middle >= self.least) and (self.most is None or found.middle <= self.most)


def over(above: Key, below: Key) -> Callable[[Figures], Spread | None]:
    """The ratio of two times of a round."""
    return lambda figures: figures.ratio(above, below)


def faster(key: str, text: str, case: str, than: str, least: float, ours: str = "stacked") -> Goal:
    """So many times as fast as another contestant on a case."""
    return Goal(key, f"{text}: at least {least:g} times as fast", over((case, than), (case, ours)), least=least)


def growth(figures: Figures) -> Spread | None:
    """Time of a client-round with most clients over that with fewest."""
    sizes = figures.section("scale")
    if len(sizes) < 2:
        return None
    few, many = sizes[0], sizes[-1]
    ratio = figures.ratio((many["key"], "stacked"), (few["key"], "stacked"))
    return ratio and ratio.times(few["clients"] / many["clients"])


GOALS = (
    faster("mlp-pfl", "MLP, one local epoch, against pfl", "mlp/1", "pfl", 8),
    faster("mlp-fluke", "MLP, one local epoch, against fluke", "mlp/1", "fluke", 15),
    faster("mlp-flower", "MLP, one local epoch, against Flower on two cores", "mlp/1", "flower", 40),
    faster("mlp-pfl-5", "MLP, five local epochs, against pfl", "mlp/5", "pfl", 5),
    Goal(
        "mlp-floor",
        "MLP, one local epoch: at most 1.5 times the time of the fused floor",
        over(("mlp/1", "stacked"), ("mlp/1", "fused")),
        most=1.5,
    ),
    faster("cnn", "CNN on watch, one thread, against the loop", "cnn/watch", "loop", 1.25),
    faster("cnn-2", "CNN on watch, two workers, against the loop on one core", "cnn/watch", "loop", 2.2, "stacked-2"),
    faster("gru", "GRU on watch, one thread, against the loop", "gru/watch", "loop", 2.2),
    faster("ragged", "clients of very different sizes, against the loop", "ragged/digits", "loop", 2.5),
    Goal(
        "missing-half",
        "half the clients own one of two sensors: less time than if all own both",
        over(("missing/half", "stacked"), ("missing/both", "stacked")),
        most=0.999,
    ),
    Goal(
        "missing-one",
        "all clients own one sensor: less time than if half of them do",
        over(("missing/one", "stacked"), ("missing/half", "stacked")),
        most=0.999,
    ),
    Goal("scale", "10,000 clients: time of a client-round at most 1.2 times that with 100", growth, most=1.2),
)
