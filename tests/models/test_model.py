from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor, nn

from counterpoint.data import Modality, Population, Samples, Task
from counterpoint.data.samples import Batch
from counterpoint.errors import UserError
from counterpoint.models import Model, ModelSettings, build_model, is_training, training
from counterpoint.models.encoders import build_encoder

TASK = Task(("a", "b", "c"))
SENSES = {m: Modality(m, "sequence", (2, 3)) for m in ("acc", "gyro")}


@pytest.fixture
def batch(make_samples: Callable[..., Samples]) -> Batch:
    return make_samples(8, key="model").batch(torch.arange(8))


class Normed(nn.Module):
    """A user's own: one trunk with batch statistics, a non-persistent scale, dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(6)
        self.head = nn.Linear(6, 3)
        self.register_buffer("scale", torch.tensor(2.0), persistent=False)

    def forward(self, batch: Batch) -> Tensor:
        return self.head(self.norm(batch.x["acc"].flatten(1) * self.scale))


def test_blocks_and_their_owners(make_population: Callable[..., Population], make_model: Callable[..., Model]):
    layout = make_model(make_population(modalities=("gyro", "acc", "text"))).layout
    assert layout.blocks == ("encoder.acc", "encoder.gyro", "encoder.text", "fusion", "head")
    assert {s.block: s.modality for s in layout.specs.values()} == {
        "encoder.acc": "acc",
        "encoder.gyro": "gyro",
        "encoder.text": "text",
        "fusion": None,
        "head": None,
    }
    assert set(layout.owned(["acc"])) == {n for n in layout.specs if not n.startswith(("encoder.gyro", "encoder.text"))}
    assert layout["encoder.gyro.out.weight"].shape == (4, 6)
    assert not any(spec.buffer for spec in layout.specs.values())


def test_a_modality_named_like_a_layer_owns_its_encoder_only():
    names = ("weight", "mix", "head")
    model = build_model({m: Modality(m, "sequence", (2, 8)) for m in names}, TASK, ModelSettings(width=4), 0)
    assert model.layout.blocks == ("encoder.head", "encoder.mix", "encoder.weight", "fusion", "head")


def test_a_parameter_under_two_names_is_refused():
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = self.second = nn.Linear(2, 2)

    with pytest.raises(UserError, match=r"'first.weight' as 'second.weight'"):
        Model(Tied(), ["acc"])


def test_equal_seeds_give_equal_tensors_and_leave_the_global_generator_alone(same: Callable[..., bool]):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = build_model(SENSES, TASK, ModelSettings(width=4), 5).initial
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    assert same(first, build_model(SENSES, TASK, ModelSettings(width=4), 5).initial)
    other = build_model(SENSES, TASK, ModelSettings(width=4), 6).initial
    assert not torch.equal(first["head.weight"], other["head.weight"])


@pytest.mark.parametrize("encoder", ["cnn", "gru"])
def test_a_call_uses_only_what_it_is_handed(encoder: str, batch: Batch):
    model = build_model(SENSES, TASK, ModelSettings(encoder, width=4), 0)
    known = model(model.initial, batch)
    zeros = {n: torch.zeros_like(v) for n, v in model.initial.items()}
    assert not torch.equal(known, model(zeros, batch)) and float(model(zeros, batch).abs().max()) == 0
    for name in model.initial:
        lacking = {n: v for n, v in model.initial.items() if n != name}
        with pytest.raises(RuntimeError, match=f"needs '{name}', which it was not handed"):
            model(lacking, batch)
        with pytest.raises(RuntimeError, match=f"needs '{name}', which it was not handed"):
            model.by_pattern(lacking, batch, {"acc+gyro": ("acc", "gyro")})
    acc_only = {n: model.initial[n] for n in model.layout.owned(["acc"])}
    assert torch.equal(model(acc_only, batch.only(["acc"])), model(model.initial, batch.only(["acc"])))


@pytest.mark.parametrize("name", ["cnn", "gru"])
def test_encoders(name: str):
    encoder = build_encoder(name, Modality("acc", "sequence", (3, 16)), 5)
    assert encoder(torch.zeros(4, 3, 16)).shape == (4, 5)
    assert encoder(torch.zeros(0, 3, 16)).shape == (0, 5)
    rows = torch.randn(4, 3, 16, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(encoder(rows)[2], encoder(rows[2:3])[0], atol=1e-6), "rows do not mix"
    assert not torch.allclose(encoder(rows), encoder(rows.flip(2)), atol=1e-3), "order in time is seen"


def test_encoders_that_do_not_exist():
    with pytest.raises(UserError, match="did you mean 'cnn'"):
        build_encoder("ccn", SENSES["acc"], 4)
    with pytest.raises(UserError, match="modality 'photo' of kind 'image' has shape"):
        build_encoder("cnn", Modality("photo", "image", (3, 8)), 4)


def test_buffers_are_recognised(batch: Batch):
    model = Model(Normed(), ["acc"])
    buffers = {n for n, s in model.layout.specs.items() if s.buffer}
    assert buffers == {"norm.running_mean", "norm.running_var", "norm.num_batches_tracked"}
    assert model.has_buffers and "scale" not in model.layout
    assert model.layout["norm.num_batches_tracked"].dtype == torch.int64
    assert model(model.initial, batch).shape == (8, 3), "a buffer that is not saved is the model's own"
    assert not build_model(SENSES, TASK, ModelSettings(), 0).has_buffers


@pytest.mark.parametrize(
    ("rule", "up", "down"), [("average", True, True), ("local", False, False), ("server", False, True)]
)
def test_which_tensors_travel(rule: str, up: bool, down: bool):
    model = Model(Normed(), ["acc"], rule)  # type: ignore[arg-type]
    assert (model.travels("norm.running_mean", "up"), model.travels("norm.running_mean", "down")) == (up, down)
    assert model.travels("norm.weight", "up") and model.travels("norm.weight", "down")


@pytest.mark.parametrize("rule", ["average", "local", "server"])
def test_running_statistics_move_in_training_unless_the_server_keeps_them(rule: str, batch: Batch):
    model = Model(Normed(), ["acc"], rule)  # type: ignore[arg-type]
    tensors = {n: v.clone() for n, v in model.initial.items()}
    model(tensors, batch, train=True)
    values = batch.x["acc"].flatten(1) * 2
    if rule == "server":
        assert float(tensors["norm.running_mean"].abs().max()) == 0 and int(tensors["norm.num_batches_tracked"]) == 0
    else:
        assert torch.allclose(tensors["norm.running_mean"], 0.1 * values.mean(0), atol=1e-6)
        assert torch.allclose(tensors["norm.running_var"], 0.9 + 0.1 * values.var(0), atol=1e-6)
        assert int(tensors["norm.num_batches_tracked"]) == 1
    moved = {n: v.clone() for n, v in tensors.items()}
    model(tensors, batch, train=False)
    assert all(torch.equal(moved[n], tensors[n]) for n in moved), "asking moves nothing"
    assert all(float(v.abs().sum()) == 0 for n, v in model.initial.items() if n.endswith("running_mean"))


def test_training_mode_is_said_from_outside_or_by_the_call(batch: Batch):
    class Dropping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout(0.5)
            self.head = nn.Linear(6, 3)

        def forward(self, batch: Batch) -> Tensor:
            return self.drop(torch.ones(64)) + 0 * self.head(batch.x["acc"].flatten(1)).sum()

    model = Model(Dropping(), ["acc"])

    def drops(train: bool | None = None) -> bool:
        return float(model(model.initial, batch, train=train).detach().min()) == 0

    assert not drops() and not is_training()
    with training(True):
        assert drops() and not drops(False)
        with training(False):
            assert not drops() and drops(True)
        assert is_training() and drops()
    assert not drops()


def test_patterns_of_a_module_without_a_shortcut(batch: Batch):
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.acc, self.gyro = nn.Linear(6, 3), nn.Linear(6, 3)

        def forward(self, batch: Batch) -> Tensor:
            layers: Mapping[str, nn.Module] = {"acc": self.acc, "gyro": self.gyro}
            return torch.stack([layers[m](batch.x[m].flatten(1)) for m in sorted(batch.x)]).sum(0)

    model = Model(Plain(), ["acc", "gyro"])
    shown = {"acc": ("acc",), "acc+gyro": ("acc", "gyro"), "text": ("text",)}
    answers = model.by_pattern(model.initial, batch, shown)
    assert set(answers) == {"acc", "acc+gyro"}
    assert torch.equal(answers["acc"], model(model.initial, batch.only(["acc"])))
