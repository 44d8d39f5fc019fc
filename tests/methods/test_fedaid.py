"""Properties that a right FedAID has."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from counterpoint.data.samples import Batch
from counterpoint.engines import ENGINES, Engine
from counterpoint.exchange import Tensors, Weights
from counterpoint.methods import METHODS, TrainSettings
from counterpoint.methods.aligning import Aligning
from counterpoint.methods.fedaid import Opening

Make = Callable[..., Any]
SMALL = {"width": 8, "depth": 1, "size": 6, "hidden": 8}
MANY = [20, 31, 44]
"""Rows enough for each client to hold out two or more."""
OFF = {"mu": 0.0, "alignment_steps": 0, "rate": 0.0}
HOW = TrainSettings(epochs=2, batch_size=4, lr=0.01)
engines = pytest.mark.parametrize("engine", sorted(ENGINES))


@pytest.fixture
def started(make_engine: Make, make_population: Make) -> Callable[..., Engine]:
    def start(method: str = "fedaid", engine: str = "sequential", missing: str = "none", **options: Any) -> Engine:
        kept = {k: options.pop(k) for k in ("participation", "seed") if k in options}
        train = options.pop("train", HOW)
        people = options.pop("people", None) or make_population(options.pop("sizes", [6, 9, 14]), missing=missing)
        method = METHODS[method](**SMALL | options)
        made: Engine = make_engine(method, people, kind=ENGINES[engine], train=train, **kept)
        return made

    return start


def batch_of(engine: Engine, client: int = 2) -> Batch:
    rows = engine.population.clients[client].train
    return rows.batch(torch.arange(len(rows)))


def distance(a: Tensors, b: Tensors) -> float:
    return sum(float((a[n] - b[n]).square().sum()) for n in a) ** 0.5


@engines
@pytest.mark.parametrize("missing", ["none", "client", "sample"])
def test_b1_without_its_parts_it_is_fedavg(started: Make, play: Make, same: Make, engine: str, missing: str) -> None:
    plain = play(started("clip-fedavg", engine, missing), 3)
    assert same(plain, play(started("fedaid", engine, missing, **OFF), 3))
    assert not same(plain, play(started("fedaid", engine, missing, **OFF | {"mu": 1.0, "alignment_steps": 1}), 3))


@pytest.mark.parametrize("options", [{"rate": 0.0}, {"rho": 0.0}])
def test_b2_weights_stay_even(started: Make, play: Make, options: dict[str, Any]) -> None:
    made = started(**options)
    play(made, 3)
    assert made.method.mixture.tolist() == [1 / 3] * 3
    assert all(client.held is None for client in made.population.clients), "nothing is held out for it"


def test_b2_equal_losses_leave_weights_even(started: Make) -> None:
    made = started()
    made.begin(2)
    made.method.hear(made, dict.fromkeys(made.clients, (5.0, 3)))
    assert torch.allclose(made.method.mixture, torch.full((3,), 1 / 3, dtype=torch.float64))


def test_b5_one_step_of_the_worked_example(started: Make) -> None:
    made = started(sizes=[4] * 5)
    losses = dict(zip(made.clients, [(5.0, 1), (5.2, 1), (5.4, 1), (5.6, 1), (6.0, 1)], strict=True))
    made.begin(1)
    made.method.hear(made, losses)
    assert made.method.mixture.tolist() == [0.2] * 5, "nothing is known of a model that nobody trained"
    made.begin(2)
    made.method.hear(made, losses)
    expected = [0.1581, 0.1747, 0.1931, 0.2134, 0.2607]
    assert made.method.mixture.tolist() == pytest.approx(expected, abs=1e-4)
    assert [made.log.notes["mixture", f"client:{c}"] for c in made.clients] == pytest.approx(expected, abs=1e-4)


def test_a_client_without_rows_counts_as_the_mean_and_others_keep_their_share(started: Make) -> None:
    made = started(sizes=[4] * 4)
    made.begin(2)
    made.method.hear(made, {0: (2.0, 5), 1: (4.0, 5), 2: (0.0, 0)})
    one, two, three, away = made.method.mixture.tolist()
    assert away == 0.25 and one + two + three == pytest.approx(0.75)
    assert one < three < two


@engines
def test_b6_weights_survive_in_the_servers_state(started: Make, play: Make, engine: str) -> None:
    made = started(engine=engine, rate=2.0, sizes=MANY)
    play(made, 3)
    assert made.method.mixture.dtype == torch.float64
    assert not torch.allclose(made.method.mixture, torch.full((3,), 1 / 3, dtype=torch.float64))
    assert "mixture" in vars(made.method)


@engines
def test_b7_alignment_moves_nothing_but_alignment(started: Make, engine: str) -> None:
    made = started(engine=engine)
    made.begin(1)
    before = dict(made.method.weights)
    kept = list(made.visit(made.clients, made.method.open, Opening(made.method.weights)))
    for upload in kept:
        assert {n.partition(".")[0] for n in upload.weights} == {"align"}, "nothing else is sent"
        assert not torch.equal(upload.weights["align.acc.project.0.weight"], before["align.acc.project.0.weight"])
    for memory in made.memories().values():
        student = memory["student"]
        assert all(torch.equal(v, before[n]) for n, v in student.items() if n.startswith("encoder."))
    made.method.round(made)
    after = made.method.weights
    assert not torch.equal(after["encoder.acc.cls"], before["encoder.acc.cls"])


@pytest.mark.parametrize(("guide", "most"), [("l2", 8.0), ("mean_squared", 8.0 / 6), ("relational", math.inf)])
def test_b8_the_guide(started: Make, guide: str, most: float) -> None:
    made = started(guide=guide)
    method, batch = made.method, batch_of(made)
    own = method.embed(method.weights, batch)
    assert float(method.bound(own, own, batch)) == pytest.approx(0, abs=1e-6)
    other = {m: -z.roll(1, 0) for m, z in own.items()}
    apart = float(method.bound(own, other, batch))
    assert 0 < apart <= most + 1e-5
    leaves = {n: v.clone().requires_grad_() for n, v in method.weights.items()}
    value = method.loss(method.weights, batch, {"teacher": leaves})
    assert not value.requires_grad, "the teacher gets no gradient"
    plain = method.contrast(own, batch)
    assert float(method.loss(method.weights, batch, {"teacher": method.weights})) == pytest.approx(float(plain))


def test_b8_the_teacher_is_the_mean_alignment_and_stays(started: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = started()
    made.begin(1)
    seen: list[Any] = []
    plain = type(made).stream

    def listening(self: Any, clients: Any, program: Any, package: Any) -> Any:
        seen.append((program.__name__, package))
        return plain(self, clients, program, package)

    monkeypatch.setattr(type(made), "stream", listening)
    made.method.round(made)
    (first, _), (second, guided) = seen
    assert (first, second) == ("open", "bind")
    assert {n.partition(".")[0] for n in guided.weights} == {"align"}, "phi is there already"
    assert made.method.teacher.keys() == guided.weights.keys()
    assert all(torch.equal(v, guided.weights[n]) for n, v in made.method.teacher.items())


def test_b9_a_strong_guide_keeps_embeddings_near(started: Make) -> None:
    distances = []
    for mu in (0.0, 1.0, 10.0, 100.0):
        found = []
        for seed in range(3):
            made = started(mu=mu, seed=seed, rate=0.0, train=TrainSettings(epochs=6, batch_size=7, lr=0.003))
            made.begin(1)
            start, batch = dict(made.method.weights), batch_of(made)
            made.method.round(made)
            teacher = {**start, **made.method.teacher}
            z, t = (made.method.embed(w, batch) for w in (made.method.weights, teacher))
            found.append(sum(float((z[m] - t[m]).square().sum(1).mean()) for m in z))
        distances.append(sum(found))
    assert distances == sorted(distances, reverse=True)


@engines
def test_b11_where_lambda_acts_makes_no_difference_to_one_step(started: Make, engine: str) -> None:
    """One step of plain gradient descent, even averages of scaled steps or averages weighed by lambda."""
    people = started(sizes=[9, 9, 9]).population
    weights = []
    for mode in ("aggregate", "loss_scale"):
        how = TrainSettings(epochs=1, batch_size=99, lr=0.1)
        options = {"lambda_mode": mode, "alignment_steps": 0, "mu": 0.0, "optimizer": "sgd", "decay": 0.0}
        made = started(engine=engine, people=people, train=how, **options)
        made.method.mixture = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
        made.begin(1)
        made.method.round(made)
        weights.append(made.method.weights)
        moved = distance(made.method.weights, made.model.initial)
    assert distance(*weights) < 1e-5 * moved


def test_b11_adamw_is_all_but_blind_to_the_scale_of_a_loss(started: Make) -> None:
    """Why lambda acts in averages."""
    weights = []
    for mixture in ([0.5, 0.3, 0.2], [0.2, 0.3, 0.5]):
        made = started(lambda_mode="loss_scale", alignment_steps=0, mu=0.0, rate=1e-9)
        made.method.mixture = torch.tensor(mixture, dtype=torch.float64)
        made.begin(1)
        made.method.round(made)
        weights.append(made.method.weights)
        moved = distance(made.method.weights, made.model.initial)
    assert distance(*weights) < 0.05 * moved


def test_b13_what_leaves_a_client(started: Make) -> None:
    made = started(missing="client")
    made.begin(1)
    made.method.round(made)
    up = {block for direction, _, block in made.log.traffic if direction == "up"}
    assert up == {"align.acc", "align.gyro", "encoder.acc", "encoder.gyro", "loss", "rows", "samples", "envelope"}
    numbers = [s for (d, _, b), s in made.log.traffic.items() if d == "up" and b == "loss"]
    assert numbers == [8] * 3, "one number in double precision"


@engines
def test_a_client_of_one_modality_neither_trains_nor_weighs(started: Make, engine: str) -> None:
    """Client 0 lacks acc, client 1 lacks gyro; client 2 alone has something to contrast."""
    made = started(engine=engine, missing="client", rate=0.0)
    made.begin(1)
    before = dict(made.method.weights)
    uploads = {u.client: u for u in made.visit(made.clients, made.method.open, Opening(made.method.weights))}
    assert {c: int(u.samples) for c, u in uploads.items()} == {0: 0, 1: 0, 2: 1}
    assert all(torch.equal(v, before[n]) for n, v in uploads[0].weights.items())
    made.method.round(made)
    assert not torch.equal(made.method.weights["encoder.acc.cls"], before["encoder.acc.cls"])


@engines
def test_losses_of_small_batches_are_scaled_to_chance(started: Make, engine: str) -> None:
    """With all embeddings alike the contrast is chance: 2 ln 8 for every client, however few rows it holds out."""
    made = started(engine=engine, sizes=[30, 60, 200], temperature=1e6)
    held = {c.id: len(c.held) for c in made.population.clients}
    assert held == {0: 3, 1: 6, 2: 20}
    made.begin(1)
    for upload in made.visit(made.clients, made.method.open, Opening(made.method.weights)):
        assert float(upload.loss) == pytest.approx(2 * math.log(8), rel=1e-3)
        assert int(upload.rows) == (16 if upload.client == 2 else held[upload.client])


@engines
@pytest.mark.parametrize("options", [{"guide_in_alignment": True}, {"student": "psi_star"}, {"robust_stage_b": False}])
def test_options_change_what_is_learned(
    started: Make, play: Make, same: Make, engine: str, options: dict[str, Any]
) -> None:
    assert not same(play(started(engine=engine, sizes=MANY), 3), play(started(engine=engine, sizes=MANY, **options), 3))


@pytest.mark.parametrize("method", sorted(name for name, cls in METHODS.items() if issubclass(cls, Aligning)))
def test_labels_are_never_read(started: Make, play: Make, same: Make, method: str) -> None:
    people = started("clip-fedavg", sizes=MANY).population
    made = started(method, people=people)
    hidden = tuple(replace(c, train=replace(c.train, label=torch.zeros_like(c.train.label))) for c in people.clients)
    assert same(play(made, 2), play(started(method, people=replace(people, clients=hidden)), 2))


def test_moon_is_the_formula(started: Make) -> None:
    made = started("clip-moon", mu=0.7)
    method, batch = made.method, batch_of(made)
    source = torch.Generator().manual_seed(0)
    moved = [{n: v + 0.3 * torch.randn(v.shape, generator=source) for n, v in method.weights.items()} for _ in range(3)]
    own, near, far = (method.embed(w, batch) for w in moved)
    found = float(method.loss(moved[0], batch, {"received": moved[1], "previous": moved[2]}))
    expected = float(method.contrast(own, batch))
    for m in own:
        a, b = ((own[m] * other[m]).sum(1).div(0.5).exp() for other in (near, far))
        expected -= 0.7 * float((a / (a + b)).log().mean())
    assert found == pytest.approx(expected, abs=1e-5)


def test_prox_pulls_back(started: Make, play: Make) -> None:
    far, near = (play(started("clip-fedprox", mu=mu), 1) for mu in (0.0, 100.0))
    initial = started("clip-fedprox").model.initial
    assert distance(near, initial) < distance(far, initial)


def test_agnostic_weights_move_additively(started: Make) -> None:
    made = started("clip-afl", rate=0.1)
    made.begin(2)
    made.method.hear(made, {0: (1.0, 1), 1: (2.0, 1), 2: (3.0, 1)})
    assert made.method.mixture.tolist() == pytest.approx([1 / 3 - 0.1, 1 / 3, 1 / 3 + 0.1])


def test_b12_the_worst_client_is_not_left_behind(make_population: Make, started: Make, play: Make) -> None:
    """One client in four sees the second modality turned round: even averages leave it behind."""
    people = make_population([40] * 4)
    odd = people.clients[3]
    turned = replace(odd.train, x={**odd.train.x, "gyro": -3 * odd.train.x["gyro"]})
    people = replace(people, clients=(*people.clients[:3], replace(odd, train=turned)))
    worst, mean = {}, {}
    for rate in (1e-9, 0.5):
        losses = []
        for seed in range(3):
            how = TrainSettings(epochs=2, batch_size=8, lr=0.01)
            options = {"hold_out": 0.2, "alignment_steps": 0, "mu": 0.0}
            made = started(people=people, rate=rate, seed=seed, train=how, **options)
            play(made, 12)
            each = [made.method.loss(made.method.weights, batch_of(made, c), {}) for c in made.clients]
            losses.append(torch.stack(each))
        found = torch.stack(losses).mean(0)
        worst[rate], mean[rate] = float(found.max()), float(found.mean())
    assert worst[0.5] < worst[1e-9]
    assert mean[0.5] < mean[1e-9] + 0.1


def test_a_model_travels_as_named_classes_do(started: Make) -> None:
    made = started()
    offered = made.method.offer()
    assert type(offered) is Weights, "nobody can name classes where no modality is a text"
    assert made.method.predict(made.method.weights, batch_of(made), {"observed": ("acc", "gyro")}) == {}
    sums = made.method.tally(made.server, made.method.weights, "global_test")
    told = made.method.more_scores(sums)["observed"]
    assert 0 <= told["batch_recall@1"] <= 1 and told["contrastive"] > 0


@pytest.fixture
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("missing", ["none", "sample"])
@pytest.mark.parametrize("method", ["fedaid", "clip-moon"])
def test_engines_agree_on_adamw_in_double_precision(
    started: Make, play: Make, apart: Make, make_population: Make, method: str, missing: str
) -> None:
    def exact(rows: Any) -> Any:
        return replace(rows, x={m: v.double() for m, v in rows.x.items()})

    people = make_population(MANY, missing=missing)
    members = tuple(replace(c, train=exact(c.train), test=exact(c.test)) for c in people.clients)
    people = replace(people, clients=members, test=exact(people.test))
    found = [play(started(method, engine, people=people), 3) for engine in sorted(ENGINES)]
    assert found[0]["encoder.acc.cls"].dtype == torch.float64
    assert apart(*found) < 1e-7
