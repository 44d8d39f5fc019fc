"""DMML-KD: what its decisions promise."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.engines import ENGINES, Engine, Sequential
from counterpoint.engines.memory import ClientMemory
from counterpoint.exchange import Tensors
from counterpoint.methods import METHODS, TrainSettings
from counterpoint.methods.dmml_kd import DMMLKD
from counterpoint.simulate.network import NetworkSettings
from counterpoint.simulate.settings import DeviceSettings

Make = Callable[..., Any]
everywhere = pytest.mark.parametrize("engine", sorted(ENGINES))


def start(make_engine: Make, method: Any = None, topology: str = "complete", **options: Any) -> Engine:
    return make_engine(method or DMMLKD(most=4), network=NetworkSettings(topology=topology), **options)


def memory(engine: Engine, what: str) -> list[Any]:
    found = engine.memories()
    return [found[str(c)][what] for c in engine.clients]


def test_only_blocks_travel(make_engine: Make, make_population: Make, play: Make):
    made = start(make_engine, people=make_population(missing="client"))
    play(made, 2)
    sent: dict[int, set[str]] = {}
    for direction, client, block in made.log.traffic:
        if direction == "up":
            sent.setdefault(client, set()).add(block)
    shared = {"common", "fused_common", "generator", "envelope"}
    own = {m: {f"{part}.{m}" for part in ("encoder", "split", "fused")} for m in ("acc", "gyro")}
    assert sent == {0: shared | own["gyro"], 1: shared | own["acc"], 2: shared | own["acc"] | own["gyro"]}


def test_without_distillation_no_generator_travels_or_trains(make_engine: Make, play: Make, same: Make):
    made = start(make_engine, DMMLKD(most=4, distils=False))
    play(made, 2)
    assert not any(block == "generator" for _, _, block in made.log.traffic)
    for model in memory(made, "model"):
        for name in model:
            if name.startswith("generator."):
                assert torch.equal(model[name], made.model.initial[name])
    assert "heard" not in made.memories()["0"]


@everywhere
def test_without_its_parts_it_is_d_psgd(make_engine: Make, play: Make, same: Make, engine: str):
    bare = DMMLKD(most=5, balanced=False, distils=False, common=0, orthogonality=0)
    made = start(make_engine, bare, kind=ENGINES[engine])
    plain = METHODS["d-psgd"](steps=5)
    reference = make_engine(plain, kind=ENGINES[engine], model=made.model, network=NetworkSettings(topology="complete"))
    play(made, 3)
    play(reference, 3)
    for found, expected in zip(memory(made, "model"), memory(reference, "model"), strict=True):
        trained = {n: v for n, v in expected.items() if not n.startswith(("generator.", "common."))}
        assert same({n: found[n] for n in trained}, trained)


class Uneven(DMMLKD):
    """acc is said to be four times as fast as gyro."""

    name = "uneven"

    def peer(self, peer: Any) -> None:
        told = {"acc": 0.4, "gyro": 0.1}
        peer.memory["speed"] = {m: torch.tensor([v, 1], dtype=torch.float64) for m, v in told.items()}
        super().peer(peer)


@everywhere
def test_a_modality_that_waits_does_not_move(make_engine: Make, play: Make, engine: str):
    """The encoder of acc after 8 iterations of gyro is what it is after 2 iterations of its own."""
    method = Uneven(most=8, distils=False)
    made = start(
        make_engine,
        method,
        "none",
        kind=ENGINES[engine],
        train=TrainSettings(batch_size=4, momentum=0.9, weight_decay=0.01),
    )
    play(made)
    notes = made.log.notes
    assert [notes[f"steps[{m}]", f"client:{c}"] for m in ("acc", "gyro") for c in range(3)] == [2.0] * 3 + [8.0] * 3
    short = start(make_engine, Uneven(most=8, distils=False), "none", kind=ENGINES[engine], train=made.settings)
    short_names = [n for n in made.model.initial if n.startswith(("encoder.acc", "split.acc"))]
    for client in range(3):
        expected = _after(short, client, 2)
        for name in short_names:
            assert torch.allclose(memory(made, "model")[client][name], expected[name], atol=1e-6), name


def _after(engine: Engine, client: int, steps: int) -> Tensors:
    """A client's tensors after so many iterations in which all move, from the initial ones."""
    assert isinstance(engine, Sequential)
    engine.begin(1)
    peer = engine._one_peer(client, "visit 1", lambda said: pytest.fail("nobody speaks"), ClientMemory())
    method = engine._away
    counts = {m: torch.tensor(steps) for m in ("acc", "gyro")}
    blocks = [b for b in engine.model.layout.blocks if b != "generator"]
    return peer.train(peer.load({}), method.loss, using={"steps": counts}, steps=steps, trainable=blocks, numbered=True)


@everywhere
def test_speeds_are_of_local_learning_alone(make_engine: Make, play: Make, engine: str):
    """Mixing does not change them: a network and lone peers measure the same in the first round."""
    found = []
    for topology in ("none", "complete"):
        made = start(make_engine, topology=topology, kind=ENGINES[engine])
        play(made)
        found.append(torch.stack([s[m][0] for s in memory(made, "speed") for m in ("acc", "gyro")]))
    assert torch.allclose(found[0], found[1], rtol=1e-6)
    assert bool((found[0] > 0).all())


@everywhere
def test_the_generator_has_no_part_in_the_local_loss_and_the_other_way_round(make_engine: Make, engine: str):
    made = start(make_engine, kind=ENGINES[engine])
    params = {n: v.clone().requires_grad_() for n, v in made.model.initial.items()}
    batch = made.population.clients[2].train.batch(torch.arange(4))
    classifier = {
        "common.weight": params["common.weight"][None].detach(),
        "common.bias": params["common.bias"][None].detach(),
    }
    using = {
        "step": torch.tensor(0),
        "noise": torch.rand(1, 4, 32),
        "labels": torch.tensor([[0, 1, 2, 0]]),
        "classifiers": {"there": torch.tensor([True]), **classifier},
    }
    made.method.generator_loss(params, batch, using).backward()
    moved = {n for n, v in params.items() if v.grad is not None and bool(v.grad.any())}
    assert moved and all(n.startswith("generator.") for n in moved)


def test_the_generator_learns_every_class_of_a_fixed_classifier(make_engine: Make, make_population: Make, play: Make):
    """Also classes that a device has no rows of."""
    people = make_population([12, 12, 12])
    made = start(
        make_engine,
        DMMLKD(most=4, generator_steps=60, generator_lr=0.01),
        people=people,
        train=TrainSettings(batch_size=16, lr=0.1),
    )
    play(made, 10)
    model = memory(made, "model")[0]
    labels = torch.arange(3).repeat(20)
    noise = torch.randn(60, 32, generator=torch.Generator().manual_seed(1))
    batch = people.clients[0].train.batch(torch.arange(2)).only(())
    found = made.model.parts(model, batch, generated=(noise, labels))["generated"]
    assert float((found["classified"].argmax(1) == labels).float().mean()) >= 0.9
    assert not torch.equal(found["feature"][0], found["feature"][3])


def test_a_battery_bounds_iterations_and_silences(make_engine: Make, play: Make):
    made = start(make_engine, simulate=DeviceSettings(battery="1..1", fading=False))
    made.begin(1)
    costs = made.ledger.costs()
    steps = sum(v * (5 if b == "step.generator" else 4) for b, v in costs.items() if b.startswith("step."))
    made.ledger.restore({"left": 10 * (steps + costs["byte"] * made.model.layout.size()) * torch.tensor([0.3, 0.9, 1])})
    quiet = 0
    for r in range(1, 11):
        made.begin(r)
        left = made.ledger.left.clone()
        made.method.round(made)
        spent = made.ledger.computed + made.ledger.sending
        assert bool((spent <= left / (10 - r + 1) * (1 + 1e-9)).all())
        assert torch.allclose(made.ledger.left, left - spent, rtol=1e-12)
        quiet += int((~made.ledger.speaks).sum())
        for c in range(3):
            counts = [made.log.notes[f"steps[{m}]", f"client:{c}"] for m in ("acc", "gyro")]
            assert all(n == 0 for n in counts) or all(1 <= n <= 4 for n in counts)
            assert (max(counts) > 0) == bool(made.ledger.speaks[c])
    assert 0 < quiet < 30


def test_one_modality_has_nothing_to_balance(make_engine: Make, make_population: Make, play: Make):
    made = start(make_engine, people=make_population(modalities=["acc"]))
    play(made, 2)
    assert all(made.log.notes["steps[acc]", f"client:{c}"] == 4.0 for c in range(3))
    assert not any(measure == "imbalance" for measure, _ in made.log.notes)


def test_missing_modalities_have_no_part(make_engine: Make, make_population: Make, play: Make, same: Make):
    """Poison what is missing: the same bits."""
    found = []
    for poison in (0.0, torch.nan):
        people = make_population(missing="sample")
        for client in people.clients:
            for m, present in client.train.present.items():
                client.train.x[m][~present] = poison
        made = start(make_engine, people=people)
        play(made, 3)
        found.append(memory(made, "model"))
    for a, b in zip(*found, strict=True):
        assert same(a, b)


class Easy(torch.nn.Module):
    """An encoder whose gradient is so many times as large."""

    def __init__(self, times: float) -> None:
        super().__init__()
        self.out = torch.nn.Linear(6, 4)
        self.times = times

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.times * self.out(x.flatten(1)))


def test_a_modality_that_trains_fast_takes_fewer_steps_and_the_two_come_closer(
    make_engine: Make, make_population: Make, play: Make
):
    """acc moves about eight times as fast as gyro."""
    from counterpoint.models import ModelSettings, build_model

    people = make_population([16, 16, 16])
    found = {}
    for balanced in (True, False):
        method = DMMLKD(most=12, balanced=balanced)

        def assembly(encoders: Any, task: Any, settings: Any, method: Any = method) -> Any:
            return method._network({"acc": Easy(8.0), "gyro": Easy(1.0)}, task, settings)

        settings = ModelSettings(width=4)
        model = build_model(people.modalities, people.task, settings, 0, None, assembly)
        made = make_engine(
            method,
            people,
            model=model,
            network=NetworkSettings(topology="complete"),
            train=TrainSettings(batch_size=16, lr=0.05),
        )
        play(made, 6)
        notes = made.log.notes
        steps = {m: notes[f"steps[{m}]", "clients:mean"] for m in ("acc", "gyro")}
        speed = {m: notes[f"speed[{m}]", "clients:mean"] for m in ("acc", "gyro")}
        found[balanced] = steps, {m: steps[m] * speed[m] for m in steps}
    steps, progress = found[True]
    assert steps["gyro"] == 12 and 1 <= steps["acc"] < 10, steps
    assert found[False][0] == {"acc": 12, "gyro": 12}
    apart = {how: max(p.values()) / min(p.values()) for how, (_, p) in found.items()}
    assert apart[True] < 1.2 < apart[False], (apart, progress)


@pytest.mark.slow
def test_distillation_draws_common_features_of_devices_together(watch_people: Callable[..., Any], make_engine: Make):
    """On real data dealt out by Dirichlet 0.1, mean over three seeds."""
    from counterpoint.models import ModelSettings, build_model

    found: dict[float, list[float]] = {}
    for seed in range(3):
        people = watch_people(partition="dirichlet:0.1", clients=8, seed=seed)
        for weight in (0.0, 1.0):
            method = DMMLKD(most=8, distillation=weight)
            made = make_engine(
                method,
                people,
                model=build_model(people.modalities, people.task, ModelSettings(), seed, None, method.assembly()),
                kind=ENGINES["stacked"],
                network=NetworkSettings(topology="ring"),
                train=TrainSettings(batch_size=32, lr=method.usual_lr),
                seed=seed,
            )
            for number in range(1, 9):
                made.begin(number)
                made.method.round(made)
            answers = made.ask(made.clients, made.method.score_after, made.method.offer())
            distance = made.method.across({client: answer.sums for client, answer in answers.items()})
            found.setdefault(weight, []).append(sum(distance.values()) / len(distance))
            made.close()
    mean = {weight: sum(values) / 3 for weight, values in found.items()}
    assert mean[1.0] < mean[0.0], found
