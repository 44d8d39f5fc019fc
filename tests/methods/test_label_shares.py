"""What fewer labels would teach, learnt beside."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from counterpoint.data.samples import Batch
from counterpoint.engines import ENGINES
from counterpoint.errors import UserError
from counterpoint.methods import METHODS, TrainSettings
from counterpoint.methods.label_shares import chosen_rows, of_chosen
from counterpoint.runs.evaluation import evaluate

Make = Callable[..., Any]
ADAM = TrainSettings(epochs=2, batch_size=4, lr=0.01)


@pytest.fixture
def started(make_engine: Make, make_population: Make) -> Make:
    def start(method: str, engine: str = "sequential", **options: Any) -> Any:
        return make_engine(METHODS[method](**options), make_population([5, 3, 9]), kind=ENGINES[engine], train=ADAM)

    return start


def test_rows_are_chosen_by_label_in_proportion(started: Make) -> None:
    made = started("fedmekt")
    label = made.population.server.label
    draws = torch.Generator().manual_seed(0)
    found = chosen_rows(made.server, made.method.weights, (0.34, 0.67), draws)
    assert {name: int(rows.sum()) for name, rows in found.items()} == {
        "0.34": max(1, round(0.34 * len(label))),
        "0.67": round(0.67 * len(label)),
    }
    for rows in found.values():
        counts = torch.bincount(label[rows], minlength=3) - torch.bincount(label, minlength=3) * rows.float().mean()
        assert float(counts.abs().max()) < 1
    assert chosen_rows(made.server, made.method.weights, (), draws) == {}


def test_the_mean_is_over_chosen_rows() -> None:
    batch = Batch({}, {}, torch.zeros(4), torch.tensor([3, 0, 1, 2]), torch.tensor([True, True, True, False]))
    values = torch.tensor([1.0, 2.0, 4.0, 8.0])
    mean = of_chosen(lambda params, batch, using: values)
    assert float(mean({}, batch, {"chosen": torch.tensor([True, False, True, True])})) == 1.5
    assert float(mean({}, batch, {"chosen": torch.tensor([False, False, True, False])})) == 0


@pytest.mark.parametrize("method", ["fedmekt", "server-only", "mm-fedavg"])
def test_what_all_labels_teach_stays_the_same(started: Make, play: Make, same: Make, method: str) -> None:
    plain, more = started(method), started(method, label_shares="0.5, 0.9")
    assert same(play(plain, 2), play(more, 2))
    others = more.method.others()
    assert list(others) == ["labels 0.5", "labels 0.9"]
    moved = {n.partition(".")[0] for n, v in others["labels 0.5"].items() if not torch.equal(v, more.method.weights[n])}
    assert moved == ({"head", "encoder"} if method == "server-only" else {"head"})
    told = {m.name.measure for m in evaluate(more, last=False, after=False)}
    assert {"accuracy[labels 0.5]", "macro_f1[labels 0.9]"} <= told


def test_rows_that_are_not_chosen_teach_nothing(started: Make, play: Make, same: Make) -> None:
    """Where other rows' labels are scrambled, the model of a share is the same, the one of all labels is not."""
    first, second = started("server-only", label_shares=(0.5,)), started("server-only", label_shares=(0.5,))
    play(first, 1)
    rows = second.population.server
    keep = first.method.chosen["0.5"]
    rows.label[~keep] = (rows.label[~keep] + 1) % 3
    second.begin(0)
    second.method.start(second)
    second.method.chosen = {"0.5": keep}
    second.begin(1)
    second.method.round(second)
    again, before = second.method, first.method
    assert same(again.with_fewer["0.5"], before.with_fewer["0.5"])
    assert not same(again.weights, before.weights)


def test_what_no_server_scores_is_refused(started: Make) -> None:
    with pytest.raises(UserError, match="mm-local has no model of the server's to score: leave out label_shares"):
        METHODS["mm-local"](label_shares=(0.5,)).check(ADAM)
    with pytest.raises(UserError, match="label_shares"):
        METHODS["fedmekt"](label_shares="0.5,1.5")
