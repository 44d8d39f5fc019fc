"""What travels to and from the clients of a stack: the same bytes as one client at a time, and the same refusals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.engines import REFUSED, Engine, Sequential, Stacked
from counterpoint.exchange import Package, Tensors, Weights, named, per_modality
from counterpoint.methods import METHODS, Client, FedAvg

Make = Callable[..., Any]
SIZES = (5, 9, 12, 7)
NAN = float("nan")


@dataclass(frozen=True)
class Mixed(Package):
    """A field of every kind."""

    values: Tensors = named()
    senses: Tensors = per_modality()
    one: Tensor | None = None


def spoiled(value: Tensor, size: Tensor, bad: tuple[int, ...], by: float) -> Tensor:
    """The value, spoiled for clients of these sizes."""
    return torch.where(sum(size == n for n in bad) > 0, torch.full_like(value, by), value)


class Spoiling(FedAvg):
    """Clients of some sizes send what must not be used."""

    how: str = "nan"
    bad: tuple[int, ...] = (9,)

    def local(self, client: Client, received: Weights) -> Weights:
        result = super().local(client, received)
        weights, samples = dict(result.weights), result.samples

        def spoil(value: Any, by: float) -> Any:
            return client.map(lambda v, n: spoiled(v, n, self.bad, by), value, client.sizes)

        if self.how == "samples":
            samples = spoil(samples, -5)
        elif self.how == "type":
            samples = client.map(lambda n: n.float(), samples)
        elif self.how == "shape":
            weights["head.weight"] = client.map(lambda v: v.T, weights["head.weight"])
        elif self.how == "part":
            del weights["head.weight"]
        else:
            name = {"nan": "head.weight", "infinity": "fusion.mix.bias"}[self.how]
            weights[name] = spoil(weights[name], NAN if self.how == "nan" else float("inf"))
        return Weights(weights, samples=samples)


@pytest.mark.parametrize("how", ["nan", "infinity", "samples"])
@pytest.mark.parametrize("bad", [(5,), (9,), (7,), (5, 9), (9, 12), SIZES], ids=str)
def test_who_sends_what_must_not_be_used_is_left_out(
    make_engine: Make, make_population: Make, play: Make, apart: Make, same: Make, how: str, bad: tuple[int, ...]
):
    engines = [make_engine(Spoiling(how=how, bad=bad), make_population(SIZES), kind=k) for k in (Sequential, Stacked)]
    before = dict(engines[0].method.weights)
    reference, found = (play(engine) for engine in engines)
    assert apart(found, reference) < 1e-6
    assert all(bool(torch.isfinite(v).all()) for v in found.values())
    assert same(found, before) == (bad == SIZES)
    expected, log = (engine.log for engine in engines)
    assert log.refused == expected.refused and {c for c, _ in log.refused} == {SIZES.index(n) for n in bad}
    assert log.traffic == expected.traffic, "a refused upload has its bytes too"
    assert {c for way, c, block in log.traffic if block == REFUSED} == {SIZES.index(n) for n in bad}


@pytest.mark.parametrize("how", ["type", "shape", "part"])
def test_a_form_that_must_not_be_used_is_refused_of_all(
    make_engine: Make, make_population: Make, play: Make, same: Make, how: str
):
    engines = [make_engine(Spoiling(how=how), make_population(SIZES), kind=k) for k in (Sequential, Stacked)]
    before = dict(engines[0].method.weights)
    assert all(same(play(engine), before) for engine in engines)
    assert engines[0].log.refused == engines[1].log.refused and len(engines[1].log.refused) == 4
    assert engines[0].log.traffic == engines[1].log.traffic


@pytest.mark.parametrize("missing", ["none", "client", "sample"])
@pytest.mark.parametrize("name", sorted(METHODS))
def test_bytes_are_those_of_the_reference_however_many_visits_a_round_has(
    make_engine: Make, make_population: Make, missing: str, name: str
):
    class Twice(METHODS[name]):
        def round(self, fed: Any) -> None:
            super().round(fed)
            super().round(fed)

    logs = []
    for kind in (Sequential, Stacked):
        engine: Engine = make_engine(Twice(), make_population(SIZES, missing=missing), kind=kind, participation=0.75)
        engine.begin(1)
        engine.method.round(engine)
        logs.append(engine.log)
    assert logs[0].traffic == logs[1].traffic and logs[0].refused == logs[1].refused == []
    assert bool(logs[0].traffic) == (name not in ("centralized", "mm-centralized", "clip-centralized", "server-only"))


KINDS: dict[str, Callable[[int], Tensor]] = {
    "numbers": lambda c: torch.tensor(float(c)),
    "bad numbers": lambda c: torch.tensor(NAN if c in (0, 2) else 1.0),
    "finite with an infinite sum": lambda c: torch.full((2,), 3e38),
    "empty": lambda c: torch.zeros(0, 3),
    "whole": lambda c: torch.arange(3) + c,
    "truth": lambda c: torch.tensor([c > 1, True]),
    "complex": lambda c: torch.complex(torch.ones(2), torch.full((2,), NAN if c == 2 else float(c))),
    "half": lambda c: torch.full((2,), float("inf") if c == 2 else c).half(),
    "eight bits": lambda c: torch.full((2,), NAN if c == 2 else float(c)).to(torch.float8_e5m2),
}


class Echo(FedAvg):
    """Clients send back what they get."""

    def answer(self, client: Client, received: Mixed) -> Mixed:
        return received

    def double(self, client: Client, received: Mixed) -> Mixed:
        return Mixed(client.map(lambda v: {n: t * 2 for n, t in v.items()}, received.values))


def visited(
    make_engine: Make, people: Any, kind: type[Engine], packages: Any, program: str = "answer"
) -> tuple[Any, ...]:
    engine: Engine = make_engine(Echo(), people, kind=kind)
    engine.begin(1)
    uploads = engine.visit(engine.clients, getattr(engine.method, program), packages)
    tensors = {u.client: {k: (t.dtype, t.shape, str(t.tolist())) for k, t in u.tensors().items()} for u in uploads}
    return tensors, engine.log.refused, engine.log.traffic


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", ["none", "client"])
def test_a_package_of_its_own_for_each_client(make_engine: Make, make_population: Make, kind: str, missing: str):
    packages = {
        c: Mixed({"of": KINDS[kind](c)}, {m: torch.full((2,), float(c)) for m in ("acc", "gyro")}, torch.tensor(c))
        for c in range(4)
    }
    expected, found = (
        visited(make_engine, make_population(SIZES, missing=missing), k, packages) for k in (Sequential, Stacked)
    )
    assert found == expected and found[0]


def test_one_package_for_all_and_packages_that_some_share(make_engine: Make, make_population: Make):
    people = make_population(SIZES)
    one, other = (Mixed({"of": torch.full((2,), v)}) for v in (1.0, 2.0))
    several = ({0: one, 1: other, 2: one, 3: one}, {0: other, 1: one, 2: one, 3: one})
    for packages in (one, dict.fromkeys(range(4), one), *several):
        for program in ("answer", "double"):
            expected, found = (visited(make_engine, people, k, packages, program) for k in (Sequential, Stacked))
            assert found == expected and len(found[0]) == 4


def test_packages_of_unequal_form(make_engine: Make, make_population: Make):
    """Clients whose packages differ in names, shapes or types run in stacks of their own."""
    values: list[Tensors] = [{"a": torch.ones(2)}, {"a": torch.ones(3)}, {"b": torch.ones(2)}, {"a": torch.zeros(2)}]
    packages = {c: Mixed(v, one=torch.tensor(1) if c == 3 else None) for c, v in enumerate(values)}
    people = make_population(SIZES)
    for program in ("answer", "double"):
        expected, found = (visited(make_engine, people, k, packages, program) for k in (Sequential, Stacked))
        assert found == expected and len(found[0]) == 4


def test_what_a_server_does_to_one_upload_reaches_no_other(make_engine: Make, make_population: Make):
    engine: Engine = make_engine(Echo(), make_population(SIZES), kind=Stacked)
    engine.begin(1)
    package = Mixed({"of": torch.ones(2)})
    for packages in (package, {c: Mixed({"of": torch.ones(2)}) for c in range(4)}):
        uploads = engine.visit(engine.clients, engine.method.answer, packages)
        uploads[1].values["of"].zero_()
        assert [u.values["of"].tolist() for u in uploads] == [[1, 1], [0, 0], [1, 1], [1, 1]]
    assert package.values["of"].tolist() == [1, 1]
