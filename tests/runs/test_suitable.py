"""A method that learns from labels and clients that have none do not go together."""

from collections.abc import Callable
from pathlib import Path

import pytest

import counterpoint
from counterpoint import FedAvg, Population, UserError, populate
from counterpoint.data import sources
from counterpoint.methods import METHODS
from counterpoint.methods.federation import Federation


class Idle(FedAvg):
    """Learns nothing, and needs no labels for it."""

    needs_labels = False

    def round(self, fed: Federation) -> None:
        fed.visit(fed.sample(), self.local, self.offer())


@pytest.fixture(scope="module")
def people() -> Callable[..., Population]:
    watch = sources.load("watch")
    return lambda **options: populate(watch, clients=3, **options)


@pytest.mark.parametrize("method", sorted(name for name, cls in METHODS.items() if cls.needs_labels))
def test_refused_before_anything_starts(method: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    sentence = (
        f"{method} learns from labels, but 3 of 3 clients \\(the first is client 0\\) have no labelled training rows: "
        "use --labels rate:0.1 or all, or another method"
    )
    with pytest.raises(UserError, match=sentence):
        counterpoint.run(method, "watch", clients=3, labels="server", rounds=1, out=out)
    assert not out.exists()


@pytest.mark.parametrize("engine", [{"engine": "sequential"}, {"stack": 1}, {"stack": 3}])
def test_a_method_that_needs_none_visits_scores_and_trains_on_nothing(
    engine: dict[str, object], people: Callable[..., Population], tmp_path: Path
) -> None:
    """Training on no rows takes no step, so that scores after it are those before."""
    held = people(labels="server:0.3", proxy=0.1, missing="client:0.3")
    done = counterpoint.run(Idle, held, rounds=1, workers=1, out=tmp_path / "run", **engine)
    found = [m for m in done.metrics if m.name.split == "test"]
    before, after = (
        {(m.name.measure, m.name.scope, m.name.pattern): m.value for m in found if m.name.moment == when}
        for when in ("before", "after")
    )
    assert len(before) > 6 and before == after
    assert all(bool(value.isfinite().all()) for value in done.weights().values())


@pytest.mark.parametrize("engine", [{"engine": "sequential"}, {"stack": 3}])
def test_few_labels_are_enough(engine: dict[str, object], people: Callable[..., Population], tmp_path: Path) -> None:
    """Clients train on their labelled rows, and count with as many."""
    done = counterpoint.run(
        "fedavg", people(labels="rate:0.01"), rounds=1, epochs=1, workers=1, out=tmp_path / "run", **engine
    )
    assert done.value("accuracy", scope="server", pattern="observed") > 0
    told = done.out / "population.json"
    assert '"unlabelled": ' in told.read_text()
