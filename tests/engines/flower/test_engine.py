"""The server's engine with its clients elsewhere: the same numbers as the reference, and whoever fails is left out."""

from collections.abc import Callable
from typing import Any

import numpy
import pytest
import torch
from flwr.app import Array, ArrayRecord, RecordDict

from counterpoint.engines import Sequential
from counterpoint.engines.flower.engine import UNANSWERED
from counterpoint.errors import UserError
from counterpoint.exchange import ExchangeSettings, Tensors, Weights
from counterpoint.methods import METHODS, Client, FedAvg, Method, TrainSettings, find_method
from counterpoint.methods.aligning import Aligning
from counterpoint.methods.local import Local

Make = Callable[..., Any]
ROUNDS = 3
TOLERANCE = 1e-5
WITH_SERVER = sorted(name for name, cls in METHODS.items() if cls.model_kind != "peer")


def calm(name: str) -> Method:
    """A method that makes no steps of rounding."""
    cls = METHODS[name]
    return cls(optimizer="sgd", depth=1) if issubclass(cls, Aligning) else cls()


def flat(values: Any, prefix: str = "") -> Tensors:
    if not isinstance(values, dict):
        return {prefix: values}
    return {path: t for name, v in values.items() for path, t in flat(v, f"{prefix}/{name}").items()}


@pytest.mark.parametrize("missing", ["client", "sample"])
@pytest.mark.parametrize("name", WITH_SERVER)
def test_every_method_is_as_on_the_sequential_engine(
    name: str,
    missing: str,
    far: Make,
    make_engine: Make,
    make_population: Make,
    play: Make,
    apart: Make,
    memories_of: Make,
):
    people = make_population([5, 1, 14], missing=missing)
    settings = {
        "train": TrainSettings(epochs=2, batch_size=4, lr=METHODS[name].usual_lr / 2),
        "participation": 0.67,
    }
    engine, sites = far(lambda: calm(name), people, **settings)
    reference = make_engine(calm(name), people, kind=Sequential, **settings)
    for _ in range(ROUNDS):
        play(engine)
        play(reference)
        assert engine.log.refused == []
        assert engine.log.traffic == reference.log.traffic
        assert engine.log.notes == pytest.approx(reference.log.notes, abs=1e-5)
    assert apart(engine.method.weights, reference.method.weights) < TOLERANCE
    expected = flat(reference.memories())
    found = flat({**memories_of(sites), **engine.memories()})
    assert found.keys() == expected.keys()
    assert all(torch.allclose(found[p].double(), v.double(), atol=TOLERANCE) for p, v in expected.items())
    told = engine.ask(engine.clients, engine.method.score_after, engine.method.offer())
    wanted = reference.ask(reference.clients, reference.method.score_after, reference.method.offer())
    assert told.keys() == wanted.keys(), engine.log.refused
    for client in wanted:
        for key, value in wanted[client].sums.items():
            assert torch.allclose(told[client].sums[key], value, atol=10 * TOLERANCE), (client, key)


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "int8"])
def test_packages_travel_in_the_agreed_precision(
    precision: str, far: Make, make_engine: Make, make_population: Make, play: Make, same: Make
):
    people = make_population([5, 9])
    settings = {"exchange": ExchangeSettings(up=precision, down=precision)}
    engine, _ = far(FedAvg, people, **settings)
    reference = make_engine(FedAvg(), people, kind=Sequential, **settings)
    assert same(play(engine, 2), play(reference, 2))
    assert engine.log.traffic == reference.log.traffic


@pytest.mark.parametrize("backwards", [True, False])
def test_the_order_of_answers_changes_nothing(
    backwards: bool, far: Make, make_engine: Make, make_population: Make, play: Make, same: Make
):
    people = make_population([5, 9, 3])
    engine, sites = far(FedAvg, people)
    sites.backwards = backwards
    assert same(play(engine, 2), play(make_engine(FedAvg(), people, kind=Sequential), 2))


def test_who_does_not_answer_is_left_out_and_named(far: Make, make_population: Make, play: Make):
    engine, sites = far(FedAvg, make_population([5, 9, 3]))
    sites.mute = {2}
    sites.gone = {0}
    play(engine)
    assert engine.log.refused == [(0, "its site is not there"), (2, "it did not answer before the deadline")]
    assert engine.log.notes[UNANSWERED] == 2
    assert {client for way, client, _ in engine.log.traffic if way == "down"} == {1, 2}, "the absent is not told"
    assert {client for way, client, _ in engine.log.traffic if way == "up"} == {1}
    sites.mute, sites.gone = set(), set()
    play(engine)
    assert engine.log.refused == []
    assert UNANSWERED not in engine.log.notes


def test_the_rest_is_averaged_as_if_the_absent_did_not_exist(
    far: Make, make_engine: Make, make_population: Make, play: Make, apart: Make
):
    people = make_population([5, 9, 3])
    engine, sites = far(FedAvg, people)
    sites.gone = {2}
    reference = make_engine(FedAvg(), people, kind=Sequential)
    reference.begin(1)
    weights = {"client": [0, 1]}
    reference.sample = lambda: weights["client"]
    reference.method.round(reference)
    assert apart(play(engine), reference.method.weights) < TOLERANCE


def test_a_round_without_any_answer_changes_nothing(far: Make, make_population: Make, play: Make, same: Make):
    engine, sites = far(FedAvg, make_population([5, 9]))
    before = {name: value.clone() for name, value in play(engine).items()}
    sites.mute = {0, 1}
    assert same(play(engine), before)
    assert engine.log.notes[UNANSWERED] == 2


class Failing(FedAvg):
    """Its clients fail."""

    def local(self, client: Client, received: Weights) -> Weights:
        raise UserError("no disk left")


def test_an_error_of_a_client_does_not_end_the_round(far: Make, make_population: Make, play: Make):
    engine, sites = far(FedAvg, make_population([5, 9, 3]))
    _, failing = far(Failing, make_population([5, 9, 3]))
    sites.nodes[1] = failing.nodes[1]
    play(engine)
    assert engine.log.refused == [(1, "no disk left")]
    assert len({client for way, client, _ in engine.log.traffic if way == "up"}) == 2


def broken(records: RecordDict, how: str) -> RecordDict:
    weights = records.array_records["package/weights"]
    first = next(iter(weights))
    if how == "shape":
        weights[first] = Array(numpy.zeros(7, dtype=numpy.float32))
    elif how == "type":
        weights[first] = Array(weights[first].numpy().astype(numpy.int64))
    elif how == "nan":
        weights[first] = Array(numpy.full_like(weights[first].numpy(), numpy.nan))
    elif how == "name":
        weights["somebody else's"] = weights[first]
    elif how == "bytes":
        weights[first] = Array("float32", weights[first].shape, "numpy.ndarray", b"nothing like it")
    elif how == "pickle":
        weights[first] = Array("object", (1,), "pickle", b"\x80\x04.")
    elif how == "field":
        records["package/other"] = ArrayRecord({"": Array(numpy.zeros(1))})
    elif how == "record":
        records["unknown"] = ArrayRecord({"": Array(numpy.zeros(1))})
    elif how == "no answer":
        return RecordDict()
    return records


@pytest.mark.parametrize("how", ["shape", "type", "nan", "name", "bytes", "pickle", "field", "record", "no answer"])
def test_what_is_wrong_is_refused_and_the_round_goes_on(how: str, far: Make, make_population: Make, play: Make):
    engine, sites = far(FedAvg, make_population([5, 9, 3]))
    sites.spoil = lambda client, records: broken(records, how) if client == 1 else records
    play(engine)
    assert [client for client, _ in engine.log.refused] == [1]
    assert len({client for way, client, block in engine.log.traffic if way == "up" and block != "refused"}) == 2


def test_too_much_is_refused_unread(far: Make, make_population: Make, play: Make):
    engine, sites = far(FedAvg, make_population([5, 9]))
    sites.spoil = lambda client, records: huge(records) if client == 1 else records
    play(engine)
    assert len(engine.log.refused) == 1
    assert "at most" in engine.log.refused[0][1]


def huge(records: RecordDict) -> RecordDict:
    records["package/weights"]["big"] = Array("float32", (1,), "numpy.ndarray", bytes(2**30 + 1))
    return records


def test_what_clients_remember_stays_with_them(far: Make, make_population: Make, play: Make):
    engine, sites = far(Local, make_population([5, 9]))
    play(engine, 2)
    assert engine.memories() == {}
    assert set(sites.memories) == {"a run/0", "a run/1"}


def test_a_question_is_neither_counted_nor_remembered(far: Make, make_population: Make, play: Make):
    engine, sites = far(FedAvg, make_population([5, 9]))
    play(engine)
    traffic, before = dict(engine.log.traffic), dict(sites.memories)
    answers = engine.ask([0, 1], engine.method.score_after, engine.method.offer())
    assert sorted(answers) == [0, 1]
    assert engine.log.traffic == traffic
    assert sites.memories == before


def test_methods_without_a_server_say_so(far: Make, make_population: Make):
    with pytest.raises(UserError, match=r"^d-psgd has no server, and Flower is made of one: run it with counterpoint"):
        far(find_method("d-psgd"), make_population([5, 9]))
