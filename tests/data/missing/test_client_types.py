"""Clients by type: so many own exactly these modalities."""

from collections import Counter
from collections.abc import Callable

import pytest
import torch

from counterpoint.data import Dataset, Side, populate
from counterpoint.data.missing import parse
from counterpoint.errors import UserError

TYPES = "client:m0:2,m0+m1+m2:1,m1+m2:3"


def types(people: object) -> list[str]:
    return ["+".join(client.modalities) for client in people.clients]


def test_so_many_clients_own_exactly_these(toy: Callable[..., Dataset]) -> None:
    people = populate(toy(), partition="dirichlet:10", missing=TYPES)
    assert Counter(types(people)) == {"m0": 2, "m1+m2": 3, "m0+m1+m2": 1}
    for client in people.clients:
        for split in (client.train, client.test):
            assert split.modalities == client.modalities
            assert split.patterns() == {"+".join(client.modalities): len(split)}
            assert len(split)


def test_the_seed_draws_who_is_what_and_the_order_of_the_text_does_not_matter(toy: Callable[..., Dataset]) -> None:
    def drawn(spec: str, seed: int) -> list[str]:
        return types(populate(toy(), partition="dirichlet:10", missing=spec, seed=seed))

    assert drawn(TYPES, 1) == drawn("client:m2+m1:3,m0:2,m0+m1+m2:1", 1)
    assert len({tuple(drawn(TYPES, seed)) for seed in range(12)}) > 6


def test_the_global_test_stays_complete(toy: Callable[..., Dataset]) -> None:
    people = populate(toy(), missing="client:m0:2,m1+m2:2")
    assert people.test.patterns() == {"m0+m1+m2": len(people.test)}
    assert people.drawn["test"]["realised missing rate"] == 0


def test_what_was_drawn_is_told(toy: Callable[..., Dataset]) -> None:
    people = populate(toy(), partition="dirichlet:10", missing=TYPES)
    told = people.drawn["missing"]
    assert told["spec"] == TYPES
    assert told["types"] == {"m0": 2, "m1+m2": 3, "m0+m1+m2": 1}
    assert told["realised rate"] == pytest.approx((2 * 2 + 3 * 1) / 18)
    assert [client["type"] for client in people.drawn["clients"]] == types(people)


def test_the_sum_is_the_number_of_clients_unless_they_are_natural(toy: Callable[..., Dataset]) -> None:
    assert len(populate(toy(), partition="dirichlet:10", missing="client:m0:2,m1:3").clients) == 5
    sentence = r"missing 'client:m0:2,m1:3' is for 5 clients, but there are 4: .* or ask for 5 clients"
    for options in ({}, {"clients": 4}, {"partition": "dirichlet:10", "clients": 4}):
        with pytest.raises(UserError, match=sentence):
            populate(toy(), missing="client:m0:2,m1:3", **options)
    assert len(populate(toy(), missing="client:m0:2,m1:1", clients=3).clients) == 3


def test_a_client_must_have_what_its_type_says(toy: Callable[..., Dataset]) -> None:
    dataset = toy(owners=2)
    dataset.samples.present["m1"][(dataset.owner == 1) & (dataset.side == Side.TRAIN)] = False
    with pytest.raises(UserError, match=r"client 1 cannot be of type m1\+m2: it has no m1 to begin with; use another"):
        populate(dataset, missing="client:m1+m2:2")
    assert types(populate(dataset, missing="client:m0+m2:2")) == ["m0+m2", "m0+m2"]


def test_a_modality_that_is_not_there(watch: Dataset) -> None:
    with pytest.raises(UserError, match="unknown modality of watch 'gyr': did you mean 'gyro'"):
        populate(watch, missing="client:acc:3,acc+gyr:4")


def test_types_are_laid_out_before_they_are_dealt() -> None:
    there = torch.ones(3, 2, dtype=torch.bool)
    kept = parse("client:a:1,a+b:1,b:1").of_clients(there, ("a", "b"), torch.Generator().manual_seed(0))
    assert sorted(kept.tolist()) == [[False, True], [True, False], [True, True]]
