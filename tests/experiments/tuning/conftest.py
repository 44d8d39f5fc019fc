"""Searches whose trials nobody runs: what would happen to them is said."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("optuna")

from counterpoint.experiments import Condition, Variant
from counterpoint.experiments.tuning import Attempt, Study, Sweep
from counterpoint.experiments.worker import Event


def sweep_of(
    trials: int = 6, method: str = "fedavg", *, rounds: int = 6, measure: str = "accuracy", **more: Any
) -> Sweep:
    condition = Condition("mfeat", {"partition": "iid", "rounds": rounds, **more.pop("options", {})}, measure)
    return Sweep.of(Variant.parse(method), condition, trials, **more)


@pytest.fixture
def make_sweep() -> Callable[..., Sweep]:
    return sweep_of


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Study]]:
    """Opens a search in a folder, closing the one that was open before."""
    with ExitStack() as last:

        def make(*args: Any, name: str = "sweep", **options: Any) -> Study:
            last.close()
            study = Study(sweep_of(*args, **options), tmp_path / name)
            last.enter_context(study.alone())
            return study

        yield make


class Player:
    """Plays runs whose accuracy is a function of settings and round."""

    def __init__(self, score: Callable[[Attempt, int], float]) -> None:
        self.score = score
        self.given_up: dict[int, int] = {}

    def play(self, study: Study, attempt: Attempt, rounds: int | None = None) -> None:
        """Its rounds, or some of them; after that it is over unless it was cut off."""
        name, last = str(study.sweep.objective.name), attempt.case.config.rounds
        for number in range(1, (rounds or last) + 1):
            if study.hear(attempt, Event("round", "x", number, 1.0, {name: self.score(attempt, number)})):
                self.given_up[attempt.number] = number
                study.hear(attempt, Event("cancelled", "x"))
                return
        if rounds is None:
            study.hear(attempt, Event("done", "x"))

    def finish(self, study: Study) -> None:
        """All batches, the trials of each in another order than theirs."""
        while batch := study.begin():
            for attempt in reversed(batch):
                self.play(study, attempt)
            assert study.settle()


@pytest.fixture
def player() -> Callable[[Callable[[Attempt, int], float]], Player]:
    return Player
