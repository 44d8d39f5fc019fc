"""Gradient steps of stacks: replayed ones have the bits of those that are built anew, and none is ever stale."""

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from counterpoint.data.samples import Batch
from counterpoint.engines import steps as module
from counterpoint.engines.gather import Look
from counterpoint.engines.profile import Profile
from counterpoint.engines.record import PROBES
from counterpoint.engines.steps import Steps, gradients
from counterpoint.engines.values import Stack
from counterpoint.exchange import Tensors
from counterpoint.methods import FedAvg
from counterpoint.models import Model
from counterpoint.models.mode import stacked, training
from counterpoint.objectives import cross_entropy, squared_distance

MANY = 1000
"""Steps in a run: worth recording."""
SIZES = [*product((2, 3, 4, 5, 9), (2, 3, 7, 8, 13)), (6, 10), (8, 11)]


class Net(nn.Module):
    """A model of one modality."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.head = nn.LazyLinear(3)

    def forward(self, batch: Batch) -> Tensor:
        found = self.body(batch.x["acc"])
        return self.head((found[0] if isinstance(found, tuple) else found).flatten(1))


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.norm = nn.Embedding(5, 4), nn.LayerNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.table((x.flatten(1) * 2).long().clamp(-2, 2) + 2)).mean(1)


def frozen() -> nn.Module:
    body = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 4))
    body[1].requires_grad_(False)
    return body


BODIES: dict[str, Callable[[], nn.Module]] = {
    "mlp": lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 4), nn.Tanh()),
    "cnn": lambda: nn.Sequential(nn.Conv1d(4, 6, 2), nn.GroupNorm(2, 6), nn.ReLU(), nn.MaxPool1d(2)),
    "words": Words,
    "gru": lambda: nn.GRU(3, 4, batch_first=True),
    "frozen": frozen,
}


def build(name: str) -> Model:
    torch.manual_seed(0)
    net = Net(BODIES[name]())
    net(look(1, 1).batch_of_first())
    model = Model(net, ["acc"])
    assert model.unstackable == [] and model.for_stacks
    return model


class Shown(Look):
    def batch_of_first(self) -> Batch:
        fields = self.fields
        return Batch(
            {"acc": fields["x"]["acc"][0]},
            {"acc": fields["present"]["acc"][0]},
            fields["label"][0],
            fields["index"][0],
            fields["mask"][0],
        )


def look(clients: int, rows: int, seed: int = 0) -> Shown:
    """Random batches of [rows, 4, 3], in which some rows only fill up."""
    source = torch.Generator().manual_seed(10_000 * seed + 100 * clients + rows)
    mask = torch.rand(clients, rows, generator=source) < 0.7
    mask[:, 0] = True
    fields = {
        "x": {"acc": torch.randn(clients, rows, 4, 3, generator=source)},
        "present": {"acc": torch.rand(clients, rows, generator=source) < 0.8},
        "label": torch.randint(3, (clients, rows), generator=source),
        "index": torch.randint(50, (clients, rows), generator=source),
        "mask": mask,
    }
    dims = {"x": {"acc": 0}, "present": {"acc": 0}, "label": 0, "index": 0, "mask": 0}
    return Shown(torch.arange(clients), fields, dims, mask)


def weights(model: Model, clients: int, seed: int = 0) -> Tensors:
    source = torch.Generator().manual_seed(seed + clients)
    return {
        name: value + 0.1 * torch.randn(clients, *value.shape, generator=source)
        for name, value in model.initial.items()
    }


def moving(model: Model) -> list[str]:
    return [name for name in model.initial if not model.layout[name].fixed]


class Near(FedAvg):
    """A proximal term, and a weight of each client."""

    mu: float = 0.1

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        own = cross_entropy(self.model(params, batch), batch.label) * using["weight"]
        return own + self.mu / 2 * squared_distance(params, using["received"]["of all"])


class Mixing(FedAvg):
    """A loss that mixes rows, as a contrastive one does."""

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        z = self.model(params, batch)
        alike = (z @ z.T) / 0.5
        both = batch.mask[:, None] & batch.mask[None, :]
        return torch.where(both, alike.exp(), 0.0).sum() / both.sum()


def on(kind: type[FedAvg], model: Model, **options: Any) -> FedAvg:
    method = kind(**options)
    method.build(model)
    method.seal()
    return method


def steps() -> Steps:
    return Steps(Profile())


def same(found: Sequence[Tensor], expected: Sequence[Tensor]) -> bool:
    return len(found) == len(expected) and all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.fixture(autouse=True)
def in_training() -> Any:
    with training(True), stacked():
        yield


def replays(made: Steps, loss: Any, model: Model, using: Callable[[int], dict[str, Any]]) -> None:
    """Records at (4, 6), then replays at other sizes: all to the bit."""
    train = made.of(loss, MANY)
    names = moving(model)
    for place, (clients, rows) in enumerate([(4, 6), *SIZES]):
        for seed in range(2):
            given = (weights(model, clients, seed), names, look(clients, rows, seed), using(clients))
            found, expected = train.gradients(*given), gradients(loss, *given)
            assert same(found, expected), (clients, rows)
            assert place or seed or made.profile.recorded == 1
    assert made.profile.recorded == 1 and all(bool(value.isfinite().all()) for value in expected)
    assert any(value.any() for value in expected)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("kind", [FedAvg, Mixing])
def test_a_replayed_step_has_the_same_bits(name: str, kind: type[FedAvg], caplog: pytest.LogCaptureFixture):
    model = build(name)
    with caplog.at_level(logging.INFO, logger="counterpoint"):
        replays(steps(), on(kind, model).loss, model, lambda clients: {})
    assert caplog.records == []


@pytest.mark.parametrize("name", ["mlp", "cnn", "frozen"])
@pytest.mark.parametrize("own", [True, False])
def test_what_a_loss_uses_may_be_common_or_ones_own(name: str, own: bool):
    """`using` with named tensors in it, of each client or of all alike."""
    model = build(name)

    def using(clients: int) -> dict[str, Any]:
        received = weights(model, clients, 7)
        of_all = {n: Stack(v) if own else v[0] for n, v in received.items()}
        weight = torch.rand(clients, generator=torch.Generator().manual_seed(clients)) + 0.5
        return {"received": {"of all": of_all}, "weight": Stack(weight) if own else weight[0]}

    replays(steps(), on(Near, model, mu=0.3).loss, model, using)


def test_presence_that_is_common_to_all():
    """As for a modality that nobody lacks."""
    model = build("mlp")
    loss = on(FedAvg, model).loss
    made = steps()
    train = made.of(loss, MANY)
    for clients, rows in [(4, 6), *SIZES]:
        given = look(clients, rows)
        given.fields["present"]["acc"] = torch.ones(rows, dtype=torch.bool)
        given.dims["present"]["acc"] = None
        at = weights(model, clients), moving(model), given, {}
        assert same(train.gradients(*at), gradients(loss, *at))
    assert made.profile.recorded == 1


def test_tensors_that_stay_are_looked_at_anew():
    """A frozen tensor is an input of a recording, not a part of it."""
    model = build("mlp")
    loss, made = on(FedAvg, model).loss, steps()
    train = made.of(loss, MANY)
    for seed in range(3):
        given = weights(model, 4, seed), ["head.weight"], look(4, 6), {}
        (found,) = train.gradients(*given)
        assert same([found], gradients(loss, *given))
    assert made.profile.recorded == 1


def test_a_loss_that_does_not_reach_a_tensor():
    model = build("mlp")

    class Unreached(FedAvg):
        def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
            return params["head.bias"].square().sum()

    replays(steps(), on(Unreached, model).loss, model, lambda clients: {})


def recorded(made: Steps, loss: Any, model: Model, names: Sequence[str], shown: Look, using: Any = None) -> int:
    """How many recordings there are after two steps more, which must be right."""
    given = weights(model, len(shown.mask)), names, shown, using or {}
    for _ in range(2):
        found, expected = made.of(loss, MANY).gradients(*given), gradients(loss, *given)
        if len(shown.mask) > 1:
            assert same(found, expected)
        else:  # one client goes the way of the loop
            assert all(torch.allclose(a, b, rtol=1e-5, atol=1e-6) for a, b in zip(found, expected, strict=True))
    return made.profile.recorded


def test_other_losses_movings_and_shapes_do_not_share_a_recording():
    model = build("mlp")
    names = moving(model)
    made, shown = steps(), look(4, 6)
    method = on(FedAvg, model)
    assert recorded(made, method.loss, model, names, shown) == 1
    assert recorded(made, method.loss, model, names, look(7, 9)) == 1, "sizes do share"
    assert recorded(made, method.loss, model, names[:2], shown) == 2
    assert recorded(made, method.loss, model, names[::-1], shown) == 3
    assert recorded(made, on(Mixing, model).loss, model, names, shown) == 4

    def of_a_method(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        return 2 * method.loss(params, batch, using)

    assert recorded(made, of_a_method, model, names, shown) == 4 and "refers to a FedAvg" in str(made._said)


def test_another_option_is_another_recording():
    model = build("mlp")
    made = steps()
    one, other = on(Near, model, mu=0.0), on(Near, model, mu=5.0)
    for place, method in enumerate([one, other, one, other]):
        using = {"received": {"of all": dict(model.initial)}, "weight": torch.tensor(1.0)}
        assert recorded(made, method.loss, model, moving(model), look(4, 6), using) == min(place + 1, 2)


def test_what_a_loss_uses_decides_which_recording():
    model = build("mlp")

    class Scaled(FedAvg):
        def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
            plain = cross_entropy(self.model(params, batch), batch.label)
            return (
                plain + sum(v.float().sum() * (1 + i) for i, v in enumerate(using.values())) * params["head.bias"].sum()
            )

    method, made = on(Scaled, model), steps()
    count = 0
    for using in (
        {"a": torch.tensor(2.0)},
        {"a": torch.ones(2)},
        {"a": torch.tensor(2, dtype=torch.int64)},
        {"b": torch.tensor(2.0)},
        {"a": Stack(torch.arange(4.0))},
        {"a": torch.tensor(2.0), "b": torch.tensor(1.0)},
        {"b": torch.tensor(2.0), "a": torch.tensor(1.0)},
    ):
        count += 1
        assert recorded(made, method.loss, model, moving(model), look(4, 6), using) == count
    again = {"a": torch.tensor(-3.0)}
    assert recorded(made, method.loss, model, moving(model), look(4, 6), again) == count, "values do share"


@pytest.mark.parametrize(("clients", "rows"), [(1, 6), (4, 1), (1, 1)])
def test_one_client_or_one_row_is_never_recorded(clients: int, rows: int):
    model = build("mlp")
    made, method = steps(), on(FedAvg, model)
    assert recorded(made, method.loss, model, moving(model), look(clients, rows)) == 0
    assert recorded(made, method.loss, model, moving(model), look(4, 6)) == 1
    assert recorded(made, method.loss, model, moving(model), look(clients, rows)) == 1, "nor replayed"


def test_layers_that_draw_are_never_recorded():
    model = build("mlp")
    made, method = steps(), on(FedAvg, model)
    train = made.of(method.loss, MANY, draws=True)
    for _ in range(3):
        train.gradients(weights(model, 4), moving(model), look(4, 6), {})
    assert made.profile.recorded == 0


def test_a_few_steps_are_not_worth_recording():
    model = build("mlp")
    made, method = steps(), on(FedAvg, model)
    for count, expected in ((0, 0), (module.WORTH - 1, 0), (module.WORTH, 1)):
        made.of(method.loss, count).gradients(weights(model, 4), moving(model), look(4, 6), {})
        assert made.profile.recorded == expected
    few = made.of(method.loss, module.WORTH - 1)
    assert not few.descend(weights(model, 4), moving(model), look(4, 6), {}, 0.1), "not even if it is known already"


UNRECORDABLE: dict[str, tuple[Any, str]] = {
    "a tensor": (torch.ones(3), "its objective refers to a Tensor from outside: hand it over in `using`"),
    "a list": ([1.0], "its objective refers to a list from outside: hand it over in `using`"),
    "a dictionary": ({}, "its objective refers to a dict from outside: hand it over in `using`"),
}


@pytest.mark.parametrize(("held", "said"), UNRECORDABLE.values(), ids=UNRECORDABLE)
def test_what_cannot_be_recorded_is_said_once_and_built_anew(held: Any, said: str, caplog: pytest.LogCaptureFixture):
    model = build("mlp")

    def loss(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        return cross_entropy(
            batch.x["acc"].flatten(1)[:, :3] + params["head.bias"] * (1 if held is None else 2), batch.label
        )

    made = steps()
    with caplog.at_level(logging.INFO, logger="counterpoint"):
        for rows in (6, 7, 8):
            assert recorded(made, loss, model, ["head.bias"], look(4, rows)) == 0
    assert [r.getMessage() for r in caplog.records] == [f"steps of stacks are built anew each time: {said}"]


def test_a_step_that_cannot_be_traced_is_tried_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    tries: list[Any] = []
    plain = module.record
    monkeypatch.setattr(module, "record", lambda *given: (tries.append(given), plain(*given))[1])
    model = build("mlp")
    fewest = min(rows for _, rows in PROBES)

    class Branching(FedAvg):
        def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
            factor = 2.0 if batch.label.shape[0] > fewest else 1.0
            return cross_entropy(self.model(params, batch), batch.label) * factor

    made, method = steps(), on(Branching, model)
    with caplog.at_level(logging.INFO, logger="counterpoint"):
        for rows in (6, 12, 8):
            assert recorded(made, method.loss, model, moving(model), look(4, rows)) == 0
    assert len(tries) == 1 and len(caplog.records) == 1
    assert "anew each time: a step " in caplog.records[0].getMessage()


def test_what_is_no_tensor_in_using(caplog: pytest.LogCaptureFixture):
    model = build("mlp")
    method, made = on(FedAvg, model), steps()
    with caplog.at_level(logging.INFO, logger="counterpoint"):
        for _ in range(2):
            assert recorded(made, method.loss, model, moving(model), look(4, 6), {"rate": 0.1}) == 0
    assert [r.getMessage().partition(": ")[2] for r in caplog.records] == ["its objective gets a float in `using`"]


def test_a_recording_that_gives_other_numbers_is_not_replayed(monkeypatch: pytest.MonkeyPatch):
    model = build("mlp")
    plain = module.compiled

    def wrong(recording: Any) -> Any:
        replay = plain(recording)
        return lambda clients, rows, *given: [value * (1 + 1e-6) for value in replay(clients, rows, *given)]

    monkeypatch.setattr(module, "compiled", wrong)
    made, method = steps(), on(FedAvg, model)
    recorded(made, method.loss, model, moving(model), look(4, 6))
    assert made._said == {"a replayed step gives other numbers with 6 rows"}
    assert not made.of(method.loss, MANY).descend(weights(model, 4), moving(model), look(4, 6), {}, 0.1)


def test_a_recording_that_fails_is_not_replayed(monkeypatch: pytest.MonkeyPatch):
    def fails(*given: Any) -> Any:
        raise RuntimeError("no such shape")

    monkeypatch.setattr(module, "compiled", lambda recording: fails)
    model = build("mlp")
    made, method = steps(), on(FedAvg, model)
    recorded(made, method.loss, model, moving(model), look(4, 6))
    assert made._said == {"a replayed step fails with 6 rows (no such shape)"}


def descended(made: Steps, loss: Any, model: Model, clients: int, rows: int, using: Any = None) -> None:
    """One step in place, beside the same built anew; what does not move has the same bits as before."""
    before, names, shown, rate = weights(model, clients), moving(model), look(clients, rows), 0.05
    values = {name: value.clone() for name, value in before.items()}
    grads = gradients(loss, before, names, shown, using or {})
    assert made.of(loss, MANY).descend(values, names, shown, using or {}, rate)
    for name, grad in zip(names, grads, strict=True):
        assert torch.allclose(values[name], before[name] - rate * grad, rtol=1e-6, atol=1e-6), name
    assert all(torch.equal(values[name], before[name]) for name in before if name not in names)
    assert not torch.equal(values[names[-1]], before[names[-1]])


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("kind", [FedAvg, Mixing])
def test_a_descent_is_a_step_against_the_gradient(name: str, kind: type[FedAvg]):
    model = build(name)
    made, method = steps(), on(kind, model)
    for clients, rows in [(4, 6), *SIZES]:
        descended(made, method.loss, model, clients, rows)
    assert made.profile.recorded == 1


def test_a_descent_leaves_what_it_uses_alone():
    model = build("mlp")
    made, method = steps(), on(Near, model)
    received = weights(model, 4, 9)
    using = {"received": {"of all": {n: Stack(v.clone()) for n, v in received.items()}}, "weight": torch.tensor(1.0)}
    descended(made, method.loss, model, 4, 6, using)
    assert all(torch.equal(using["received"]["of all"][n].each, v) for n, v in received.items())


def test_a_descent_from_what_was_received_itself():
    """Starting point and proximal centre may be one tensor: the centre must be a copy, or the step reads it first."""
    model = build("mlp")
    made, method = steps(), on(Near, model)
    start = weights(model, 4)
    using = {"received": {"of all": {n: Stack(v) for n, v in weights(model, 4).items()}}, "weight": torch.tensor(1.0)}
    grads = gradients(method.loss, start, moving(model), look(4, 6), using)
    expected = {name: start[name] - 0.1 * grad for name, grad in zip(moving(model), grads, strict=True)}
    assert made.of(method.loss, MANY).descend(start, moving(model), look(4, 6), using, 0.1)
    assert all(torch.allclose(start[name], value, atol=1e-6) for name, value in expected.items())


class LowRank(nn.Module):
    """W x with W = A B: the gradient of each factor is a product with the other."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Parameter(torch.randn(4, 2)), nn.Parameter(torch.randn(2, 12))

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ (self.a @ self.b).T


class Twice(nn.Module):
    """The same square weight on both sides."""

    def __init__(self) -> None:
        super().__init__()
        self.w, self.v = nn.Parameter(torch.randn(3, 3)), nn.Parameter(torch.randn(3, 4))

    def forward(self, x: Tensor) -> Tensor:
        return (x @ self.w @ self.w.T @ self.v).tanh()


BODIES_OF_PRODUCTS: dict[str, Callable[[], nn.Module]] = {"low rank": LowRank, "twice": Twice}


@pytest.mark.parametrize("name", BODIES_OF_PRODUCTS)
def test_a_descent_of_tensors_that_multiply_each_other(name: str, monkeypatch: pytest.MonkeyPatch):
    """A tensor has moved by the time that the next one's gradient is computed: it must not be read then."""
    monkeypatch.setitem(BODIES, name, BODIES_OF_PRODUCTS[name])
    model = build(name)
    made, method = steps(), on(FedAvg, model)
    for clients, rows in ((4, 6), (3, 5)):
        descended(made, method.loss, model, clients, rows)


@pytest.mark.parametrize(("clients", "rows"), [(1, 6), (4, 1)])
def test_what_is_not_replayed_does_not_descend(clients: int, rows: int):
    model = build("mlp")
    made, method = steps(), on(FedAvg, model)
    values, unsealed = weights(model, clients), FedAvg()
    unsealed.build(model)
    for loss in (method.loss, unsealed.loss):
        assert not made.of(loss, MANY).descend(values, moving(model), look(clients, rows), {}, 0.1)
    assert not made.of(unsealed.loss, MANY).descend(weights(model, 4), moving(model), look(4, 6), {}, 0.1)
    assert all(
        torch.equal(value, again)
        for value, again in zip(values.values(), weights(model, clients).values(), strict=True)
    )


def test_a_loss_that_does_without_few_rows():
    """A contrastive loss that is nothing where there are too few rows, as in the last batch of an epoch."""
    model = build("mlp")

    class Careful(FedAvg):
        def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
            plain = cross_entropy(self.model(params, batch), batch.label)
            return plain * 0 if len(batch) < 4 else plain

    method, made = on(Careful, model), steps()
    train = made.of(method.loss, MANY)
    for rows, replayed in ((8, True), (3, False), (8, True), (2, False), (5, True)):
        assert recorded(made, method.loss, model, moving(model), look(4, rows)) == 1
        assert train.descend(weights(model, 4), moving(model), look(4, rows), {}, 0.1) is replayed


def test_a_loss_of_two_halves_of_the_rows():
    """Recorded where there are as many clients as half of the rows, it looks at as many rows as clients ever after."""
    model = build("mlp")

    class Halves(FedAvg):
        def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
            half = len(batch) // 2
            z = self.model(params, batch)
            return (z[:half] * z[half : 2 * half]).sum() / 10

    method, made = on(Halves, model), steps()
    recorded(made, method.loss, model, moving(model), look(4, 8))
    recorded(made, method.loss, model, moving(model), look(4, 12))
