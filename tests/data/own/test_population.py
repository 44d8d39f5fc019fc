"""From data of one's own to clients in one call."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import TensorDataset

from counterpoint.data import Population, own, populate
from counterpoint.data.own.options import Reading
from counterpoint.errors import UserError


def test_arrays(given: dict[str, Any]) -> None:
    people = Population.from_arrays(**given, partition="natural", missing="client:0.3", seed=3)
    dataset = own.from_arrays(**given)
    same = populate(dataset, partition="natural", missing="client:0.3", seed=3)
    assert people.drawn == same.drawn
    assert [client.name for client in people.clients] == ["ward 0", "ward 1", "ward 2"]
    assert torch.equal(people.test.label, same.test.label)
    assert sum(len(client.modalities) for client in people.clients) == 6, "of 9, round(2.7) are lost"


def test_a_folder(folder: Path) -> None:
    people = Population.from_folder(folder, partition="dirichlet:5", clients=2)
    assert len(people.clients) == 2
    assert people.card.origin.startswith("read from a folder: data.csv")


def test_torch() -> None:
    label = torch.arange(40) % 2
    dataset = TensorDataset(torch.randn(40, 2, 6, generator=torch.Generator().manual_seed(0)), label)
    people = Population.from_torch(dataset, ("motion",), client=["a", "b"] * 20, labels="server")
    assert people.server is not None
    assert set(people.modalities) == {"motion"}


def test_mistakes(given: dict[str, Any], folder: Path) -> None:
    with pytest.raises(UserError, match="unknown option 'partion': did you mean 'partition'"):
        Population.from_arrays(**given, partion="natural")
    with pytest.raises(UserError, match="unknown option 'kinds'"):
        Population.from_folder(folder, kinds={"scan": "image"})
    with pytest.raises(UserError, match="labels says who has labels"):
        Population.from_arrays(**given, labels=given["label"])
    del given["client"]
    with pytest.raises(UserError, match=r"own has only one natural client \(everyone\): use partition dirichlet:0.5"):
        Population.from_arrays(**given)


@pytest.mark.parametrize("read", [own.from_huggingface, own.from_torch])
def test_options_are_those_of_arrays(read: Any) -> None:
    named = set(inspect.signature(own.from_arrays).parameters)
    assert set(Reading.__annotations__) == named - {"x", "label", "client", "unit", "split", "id"}
    assert {"client", "unit", "split", "id", "label"} <= set(inspect.signature(read).parameters)
