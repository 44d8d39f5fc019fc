"""Training and tests may lose in different ways; every combination makes sense or is refused."""

from collections.abc import Callable
from itertools import product

import pytest

from counterpoint.data import Dataset, populate
from counterpoint.data.missing import parse_gaps
from counterpoint.errors import UserError

TYPES = "client:m0:1,m0+m1+m2:2,m1:1"
WAYS = ["none", "client:0.3", TYPES, "sample:0.2", "sample:0.2:label", "sample:0.2:m1"]


def lost(samples: object) -> int:
    return sum(int((~there).sum()) for there in samples.present.values())


@pytest.mark.parametrize(("train", "test"), list(product(WAYS, WAYS)))
def test_every_combination(toy: Callable[..., Dataset], train: str, test: str) -> None:
    if train.startswith("client") and test == TYPES and train != test:
        with pytest.raises(UserError, match=r"who owns what is settled by missing .* use client:RATE, sample:RATE"):
            populate(toy(), missing=train, missing_test=test)
        return
    people = populate(toy(), missing=train, missing_test=test)
    plain = populate(toy(), missing=train)
    for client, alone in zip(people.clients, plain.clients, strict=True):
        assert client.modalities == client.test.modalities == alone.modalities
        assert client.train.patterns() == alone.train.patterns(), "training does not know of the tests"
        assert len(client.test) and "" not in client.test.patterns()
    shifted = "missing in tests" in people.drawn
    assert shifted == (train != test)
    assert people.drawn["missing"]["spec"] == train
    if shifted:
        assert people.drawn["missing in tests"]["spec"] == test


def test_the_same_text_twice_is_no_shift(watch: Dataset) -> None:
    for spec in ("client:0.3", "sample:0.3"):
        once, twice = populate(watch, missing=spec), populate(watch, missing=spec, missing_test=spec)
        assert once.drawn == twice.drawn
        assert [c.test.patterns() for c in once.clients] == [c.test.patterns() for c in twice.clients]


def test_complete_training_and_incomplete_tests(watch: Dataset) -> None:
    people = populate(watch, missing_test="sample:0.3")
    assert all(client.train.patterns() == {"acc+gyro": len(client.train)} for client in people.clients)
    for split in [*(client.test for client in people.clients), people.test]:
        assert lost(split) == round(0.3 * 2 * len(split))
    assert people.drawn["missing"] == {"spec": "none", "realised rate": 0}
    assert people.drawn["missing in tests"]["realised rate"] == pytest.approx(0.3, abs=0.002)
    assert people.drawn["test"]["realised missing rate"] == pytest.approx(0.3, abs=0.001)
    rates = people.drawn["missing rate by modality"]
    assert rates["training"] == {"acc": 0, "gyro": 0}
    for where in ("client tests", "global test"):
        assert sum(rates[where].values()) == pytest.approx(0.6, abs=0.004)


def test_incomplete_training_and_complete_tests(watch: Dataset) -> None:
    people = populate(watch, missing="sample:0.3", missing_test="none")
    assert all(lost(client.train) == round(0.6 * len(client.train)) for client in people.clients)
    assert not any(lost(split) for split in [*(client.test for client in people.clients), people.test])


def test_a_client_is_not_tested_on_what_it_does_not_own(watch: Dataset) -> None:
    spec = "client:acc:2,gyro:2,acc+gyro:3"
    people = populate(watch, missing=spec, missing_test="none")
    for client in people.clients:
        assert client.test.patterns() == {"+".join(client.modalities): len(client.test)}
    people = populate(watch, missing=spec, missing_test="sample:0.4")
    for client in people.clients:
        both = len(client.modalities) == 2
        assert lost(client.test) == (round(0.4 * 2 * len(client.test)) if both else 0), "one that is left stays"
    assert lost(people.test) == round(0.4 * 2 * len(people.test))


def test_whole_modalities_lost_between_training_and_test(watch: Dataset) -> None:
    people = populate(watch, missing_test="client:0.4")
    assert all(client.modalities == ("acc", "gyro") for client in people.clients)
    patterns = [list(client.test.patterns()) for client in people.clients]
    assert all(len(found) == 1 for found in patterns)
    assert sum(found != ["acc+gyro"] for found in patterns) == round(0.4 * 14)
    assert [client["type in tests"] for client in people.drawn["clients"]] == [found[0] for found in patterns]
    assert people.drawn["missing in tests"]["realised rate"] == pytest.approx(6 / 14)


def test_types_for_tests_alone(watch: Dataset) -> None:
    people = populate(watch, missing="sample:0.2", missing_test="client:acc:4,gyro:3")
    assert all(client.modalities == ("acc", "gyro") for client in people.clients)
    patterns = sorted(client["type in tests"] for client in people.drawn["clients"])
    assert patterns == ["acc"] * 4 + ["gyro"] * 3
    for client, told in zip(people.clients, people.drawn["clients"], strict=True):
        assert client.test.patterns() == {told["type in tests"]: len(client.test)}
    assert people.test.patterns() == {"acc+gyro": len(people.test)}
    with pytest.raises(UserError, match="missing_test 'client:acc:4,gyro:4' is for 8 clients, but there are 7"):
        populate(watch, missing_test="client:acc:4,gyro:4")


def test_on_top_of_what_clients_lack(toy: Callable[..., Dataset]) -> None:
    people = populate(toy(), missing="client:0.25", missing_test="client:0.5")
    owned = sum(len(client.modalities) for client in people.clients)
    tested = sum(len(next(iter(client.test.patterns())).split("+")) for client in people.clients)
    assert (owned, tested) == (9, 9 - round(0.5 * 9))


def test_bursts_in_tests_alone(watch: Dataset) -> None:
    people = populate(watch, missing="client:0.3", missing_test="time:0.25")
    for client in people.clients:
        for m in client.modalities:
            assert not (client.train.x[m] == 0).all(dim=1).any()
            assert ((client.test.x[m] == 0).all(dim=1).sum(dim=1) == 32).all()
    assert people.drawn["missing in tests"]["realised rate"] == 0.25


def test_the_text_is_read_before_anything_happens() -> None:
    with pytest.raises(UserError, match="missing_test 'sample:2': write sample:RATE"):
        parse_gaps("none", "sample:2")


def test_the_test_must_suit_the_data_too(toy: Callable[..., Dataset]) -> None:
    with pytest.raises(UserError, match="no modality of kind sequence"):
        populate(toy(), missing_test="time:0.3")
    with pytest.raises(UserError, match=r"at most 0.6666 can be lost"):
        populate(toy(), missing_test="sample:0.7")
