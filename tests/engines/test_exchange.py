"""Packages in fewer bits on every engine: the same bits, the same bytes, the same refusals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from counterpoint.engines import REFUSED, Engine, Sequential, Stacked
from counterpoint.errors import UserError
from counterpoint.exchange import (
    ExchangeSettings,
    Package,
    Precision,
    Tensors,
    Weights,
    arriving,
    named,
    per_modality,
    received,
)
from counterpoint.methods import METHODS, Client, FedAvg

Make = Callable[..., Any]
SIZES = (5, 9, 12, 7)
LOSSY: tuple[Precision, ...] = ("float16", "bfloat16", "int8")
ENGINES = (Sequential, Stacked)
NAN, INF = float("nan"), float("inf")
lossy = pytest.mark.parametrize("precision", LOSSY)


def both_ways(precision: Precision) -> ExchangeSettings:
    return ExchangeSettings(precision, precision)


def drawn(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@dataclass(frozen=True)
class Mixed(Package):
    values: Tensors = named()
    senses: Tensors = per_modality()
    one: Tensor | None = None


def mixed(seed: int) -> Mixed:
    values = {
        "matrix": drawn(4, 3, seed=seed),
        "cube": drawn(3, 2, 5, seed=seed + 1),
        "column": drawn(6, 1, seed=seed + 2),
        "vector": drawn(7, seed=seed + 3),
        "half": drawn(3, 3, seed=seed + 4).half(),
        "double": drawn(3, seed=seed + 5).double(),
        "number": drawn(seed=seed + 6),
        "zeros": torch.zeros(2, 4),
        "whole": torch.tensor([seed, 3]),
        "truth": torch.tensor([True, False]),
    }
    return Mixed(values, {m: drawn(2, 2, seed=seed + 7) for m in ("acc", "gyro")}, torch.tensor(seed / 3))


class Echo(FedAvg):
    def answer(self, client: Client, received: Mixed) -> Mixed:
        return received

    def change(self, client: Client, received: Mixed) -> Mixed:
        def changed(values: Tensors, size: Tensor) -> Tensors:
            return {n: v * 1.37 + size if v.dtype == torch.float32 else v for n, v in values.items()}

        return Mixed(client.map(changed, received.values, client.sizes), received.senses)


def visited(make_engine: Make, people: Any, kind: type[Engine], packages: Any, program: str, **how: Any) -> Any:
    """Uploads of two visits in a round, what was refused, and bytes."""
    engine: Engine = make_engine(Echo(), people, kind=kind, **how)
    engine.begin(1)
    found = []
    for _ in range(2):  # in the second one every form is known
        uploads = engine.visit(engine.clients, getattr(engine.method, program), packages)
        found.append({u.client: {k: (t.dtype, t.shape, t.tolist()) for k, t in u.tensors().items()} for u in uploads})
    return found, engine.log.refused, engine.log.traffic


@lossy
@pytest.mark.parametrize("program", ["answer", "change"])
@pytest.mark.parametrize("missing", ["none", "client"])
@pytest.mark.parametrize("told", ["all the same", "each its own", "some the same"])
def test_the_wire_of_stacks_is_that_of_the_reference_to_the_bit(
    make_engine: Make, make_population: Make, precision: Precision, program: str, missing: str, told: str
):
    one, other = mixed(1), mixed(100)
    packages = {
        "all the same": one,
        "each its own": {c: mixed(10 * c) for c in range(4)},
        "some the same": {0: one, 1: other, 2: one, 3: one},
    }[told]
    people, how = make_population(SIZES, missing=missing), {"exchange": both_ways(precision)}
    expected, found = (visited(make_engine, people, k, packages, program, **how) for k in ENGINES)
    assert found == expected and len(found[0][0]) == 4 and not found[1]
    assert found[0][0] == found[0][1]


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("up", ["float32", *LOSSY])
@pytest.mark.parametrize("down", ["float32", *LOSSY])
def test_each_way_has_its_own_precision(
    make_engine: Make, make_population: Make, kind: type[Engine], up: Precision, down: Precision
):
    engine: Engine = make_engine(Echo(), make_population(SIZES), kind=kind, exchange=ExchangeSettings(up, down))
    engine.begin(1)
    sent = mixed(1)
    for upload in engine.visit(engine.clients, engine.method.answer, sent):
        for key, value in received(received(sent, down), up).tensors().items():
            assert torch.equal(upload.tensors()[key], value) and upload.tensors()[key].dtype == value.dtype


@pytest.mark.parametrize("kind", ENGINES)
def test_what_is_asked_for_evaluation_goes_as_the_server_has_it(
    make_engine: Make, make_population: Make, kind: type[Engine]
):
    engine: Engine = make_engine(Echo(), make_population(SIZES), kind=kind, exchange=both_ways("int8"))
    engine.begin(1)
    sent = mixed(1)
    for answer in engine.ask(engine.clients, engine.method.answer, sent).values():
        assert all(torch.equal(value, sent.tensors()[key]) for key, value in answer.tensors().items())
    assert engine.log.traffic == {}


class Spoiling(FedAvg):
    """Clients of some sizes have one value that is no use."""

    by: float = NAN
    bad: tuple[int, ...] = (9,)

    def local(self, client: Client, received: Weights) -> Weights:
        result = super().local(client, received)

        def spoiled(value: Tensor, size: Tensor) -> Tensor:
            guilty = torch.stack([size == n for n in self.bad]).any()
            return value.where(~guilty | (torch.arange(value.numel()) > 0).reshape(value.shape), self.by)

        weight = client.map(spoiled, result.weights["head.weight"], client.sizes)
        return Weights({**result.weights, "head.weight": weight}, samples=result.samples)


@lossy
@pytest.mark.parametrize("by", [NAN, INF, -INF])
@pytest.mark.parametrize("bad", [(5,), (5, 9), SIZES], ids=str)
def test_who_sends_nan_is_refused_whatever_it_travels_in(
    make_engine: Make, make_population: Make, play: Make, apart: Make, precision: Precision, by: float, bad: Any
):
    engines = [
        make_engine(Spoiling(by=by, bad=bad), make_population(SIZES), kind=k, exchange=ExchangeSettings(up=precision))
        for k in ENGINES
    ]
    reference, found = (play(engine) for engine in engines)
    assert apart(found, reference) < (0.02 if precision == "int8" else 0.002)
    expected, log = (engine.log for engine in engines)
    assert log.refused == expected.refused and log.traffic == expected.traffic
    assert log.refused == [(c, "'head.weight' holds NaN or infinity") for c, n in enumerate(SIZES) if n in bad]
    assert all(log.traffic["up", c, REFUSED] > 100 for c, n in enumerate(SIZES) if n in bad)


@pytest.mark.parametrize("bad", [(5,), (5, 9), SIZES], ids=str)
def test_who_has_a_value_that_float16_cannot_carry_sends_nothing(
    make_engine: Make, make_population: Make, play: Make, same: Make, bad: tuple[int, ...]
):
    for precision, fits in (("float16", False), ("bfloat16", True), ("int8", True)):
        engines = [
            make_engine(Spoiling(by=7e4, bad=bad), make_population(SIZES), kind=k, exchange=ExchangeSettings(precision))
            for k in ENGINES
        ]
        before = dict(engines[0].method.weights)
        for engine in engines:
            assert same(play(engine), before) == (bad == SIZES and not fits)
        expected, log = (engine.log for engine in engines)
        why = "'head.weight' holds 70000, and float16 carries at most 65504"
        assert expected.refused == log.refused == ([] if fits else [(SIZES.index(n), why) for n in bad])
        assert log.traffic == expected.traffic
        assert not any(log.traffic.get(("up", SIZES.index(n), REFUSED)) for n in bad)


@pytest.mark.parametrize("kind", ENGINES)
def test_what_float16_cannot_carry_down_is_told_to_the_user(make_engine: Make, make_population: Make, kind: Any):
    engine: Engine = make_engine(Echo(), make_population(SIZES), kind=kind, exchange=both_ways("float16"))
    engine.begin(1)
    fits = Mixed({"of": torch.ones(2)})
    for known in (False, True):
        if known:
            engine.visit(engine.clients, engine.method.answer, fits)
        with pytest.raises(
            UserError, match=r"cannot go down: 'of' holds 1e\+06, and float16 carries at most 65504; set"
        ):
            engine.visit(engine.clients, engine.method.answer, Mixed({"of": torch.tensor([1.0, 1e6])}))


class Scaled(Sequential):
    """The scales of client 1 are changed on the wire."""

    change: Callable[[Tensor], Tensor]

    def _received(self, client: int, data: bytes) -> bytes:
        if client != 1:
            return data
        entries = load(data)
        return save({**entries, ":scales": type(self).change(entries[":scales"])})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda s: -s - 1, "one of its scales is negative"),
        (lambda s: s * NAN, "holds NaN or infinity"),
        (lambda s: s + INF, "holds NaN or infinity"),
        (lambda s: s[1:].clone(), "its scales have shape"),
        (lambda s: s.half(), "its scales have shape"),
    ],
)
def test_scales_damaged_on_the_wire_are_refused_and_counted(
    make_engine: Make, play: Make, change: Callable[[Tensor], Tensor], why: str
):
    kind = type("Damaged", (Scaled,), {"change": staticmethod(change)})
    engine: Engine = make_engine(kind=kind, exchange=ExchangeSettings(up="int8"))
    before = dict(engine.method.weights)
    after = play(engine)
    assert all(bool(v.isfinite().all()) for v in after.values()) and not torch.equal(
        after["head.weight"], before["head.weight"]
    )
    ((client, told),) = engine.log.refused
    assert client == 1 and why in told and engine.log.traffic["up", 1, REFUSED] > 100


@lossy
@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_can_send_in_fewer_bits(
    make_engine: Make, make_population: Make, play: Make, apart: Make, calm: Make, precision: Precision, name: str
):
    """The same bytes; values that differ in the last bit may land a step apart, which later rounds amplify."""
    logs, first = [], []
    for kind in ENGINES:
        engine: Engine = make_engine(
            calm(name), make_population(SIZES, missing="client"), kind=kind, exchange=both_ways(precision)
        )
        first.append({n: v.clone() for n, v in play(engine).items()})
        play(engine)
        logs.append(engine.log)
    assert logs[0].refused == logs[1].refused == [] and logs[0].traffic == logs[1].traffic
    largest = max(float(v.abs().max()) for v in first[0].values())
    step = {"float16": 2**-10, "bfloat16": 2**-7, "int8": 1 / 127}[precision] * largest
    assert apart(first[1], first[0]) <= 1.01 * step
    if name == "fedavg":
        full: Engine = make_engine(people=make_population(SIZES, missing="client"))
        assert 0 < apart(play(full), first[0]) <= 2 * step
        assert sum(logs[0].traffic.values()) < sum(full.log.traffic.values())


def test_a_batch_of_one_form_keeps_its_rows_apart():
    """A scale belongs to one client's row; a client with large values does not coarsen the others."""
    together = torch.stack([drawn(4, 3, seed=0), 1e6 * drawn(4, 3, seed=1)])
    found = arriving(together, "int8", (4, 3))
    assert float((found[0] - together[0]).abs().max()) < 0.02
