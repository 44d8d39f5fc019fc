"""Missing depending on the label: exact, and more in some classes than in others, everywhere in the same ones."""

from collections.abc import Callable
from itertools import combinations

import pytest
import torch

from counterpoint.data import Dataset, Population, Samples, populate
from counterpoint.data.missing.sample_label import propensities


def splits(people: Population) -> list[Samples]:
    return [*(split for client in people.clients for split in (client.train, client.test)), people.test]


def lost_by_class(samples: Samples, classes: int) -> torch.Tensor:
    """The share of rows that lost something, by class."""
    lost = ~torch.stack(list(samples.present.values())).all(dim=0)
    return torch.stack([lost[samples.label == c].double().mean() for c in range(classes)])


@pytest.mark.parametrize("classes", [2, 3, 7, 12])
def test_two_classes_differ_by_two_on_average_under_every_seed(classes: int) -> None:
    for seed in range(5):
        found = propensities(classes, seed).tolist()
        pairs = [abs(a - b) for a, b in combinations(found, 2)]
        assert sum(pairs) / len(pairs) == pytest.approx(2)
    assert len({tuple(propensities(classes, seed).tolist()) for seed in range(20)}) > 1


def test_the_rate_is_exact_in_every_split(watch: Dataset) -> None:
    people = populate(watch, missing="sample:0.3:label")
    for split in splits(people):
        assert sum(int((~there).sum()) for there in split.present.values()) == round(0.3 * 2 * len(split))
        assert "" not in split.patterns()
    assert people.drawn["missing"]["realised rate"] == pytest.approx(0.3, abs=0.002)


def test_the_same_classes_lose_more_in_every_split(watch: Dataset) -> None:
    people = populate(watch, partition="dirichlet:100", clients=3, missing="sample:0.2:label", seed=1)
    expected = propensities(7, 1)
    low, high = int(expected.argmin()), int(expected.argmax())
    for split in splits(people):
        shares = lost_by_class(split, 7)
        assert shares[high] > 2 * shares[low]
    train = torch.stack([lost_by_class(client.train, 7) for client in people.clients]).mean(dim=0)
    assert torch.corrcoef(torch.stack([train, expected]))[0, 1] > 0.9


def test_another_seed_chooses_other_classes(toy: Callable[..., Dataset]) -> None:
    told = [populate(toy(), missing="sample:0.2:label", seed=s).drawn["missing"] for s in range(8)]
    found = {tuple(one["log-odds by class"].items()) for one in told}
    assert len(found) > 1
    assert {tuple(sorted(dict(one).values())) for one in found} == {(0.0, 1.5, 3.0)}
    assert list(told[0]["log-odds by class"]) == ["a", "b", "c"]
