"""The split autoencoder and the sequences that it reads."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from counterpoint.data import Batch, Modality, Task
from counterpoint.models import ModelSettings, build_model
from counterpoint.models.autoencoders import SplitAutoencoder
from counterpoint.models.autoencoders.views import view_of
from counterpoint.models.model import Model

MODALITIES = {
    "acc": Modality("acc", "sequence", (3, 6)),
    "labs": Modality("labs", "table", (4,)),
    "photo": Modality("photo", "image", (3, 5, 7)),
    "note": Modality("note", "text", (9,)),
    "sound": Modality("sound", "audio", (4000,), rate=8000),
}
FIRST, SECOND, CLASSES = 8, 4, 3


def samples(rows: int = 4) -> Batch:
    source = torch.Generator().manual_seed(0)
    x = {m: torch.rand(rows, *modality.shape, generator=source) for m, modality in MODALITIES.items()}
    x["note"] = (x["note"] * 255).floor()
    present = {m: torch.ones(rows, dtype=torch.bool) for m in MODALITIES}
    return Batch(x, present, torch.arange(rows) % 3, torch.arange(rows), torch.ones(rows, dtype=torch.bool))


@pytest.fixture
def model() -> Model:
    def network(modalities: dict[str, Modality], task: Task, settings: ModelSettings) -> SplitAutoencoder:
        return SplitAutoencoder(modalities, len(task.classes), FIRST, SECOND)

    return build_model(MODALITIES, Task(("a", "b", "c")), ModelSettings(), 0, network=network)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "steps", "width"), [("acc", 6, 3), ("labs", 1, 8), ("photo", 5, 21), ("note", 9, 8)])
def test_shapes_of_views(name: str, steps: int, width: int) -> None:
    view = view_of(MODALITIES[name])
    assert (view.steps, view.width) == (steps, width)
    assert view(samples().x[name]).shape == (4, steps, width)


def test_a_view_of_sound_is_its_spectrogram() -> None:
    view = view_of(MODALITIES["sound"])
    found = view(samples().x["sound"])
    assert found.shape == (4, view.steps, 40)
    assert float(found.std()) == pytest.approx(0.5, abs=0.01)


def test_values_of_views() -> None:
    bits = view_of(Modality("t", "text", (2,)))(torch.tensor([[65.0, 0.0]]))
    assert bits[0].tolist() == [[1, -1, -1, -1, -1, -1, 1, -1], [-1] * 8], "65 is 1000001"
    table = view_of(Modality("t", "table", (2,)))(torch.tensor([[float("nan"), 1.0]]))
    assert table[0, 0].tolist() == pytest.approx([0, 0.8813736, 1, 0])
    picture = view_of(Modality("p", "image", (1, 2, 2)))(torch.tensor([[[[0.0, 1.0], [0.5, 0.25]]]]))
    assert picture[0].tolist() == [[-1, 1], [0, -0.5]]


def parts_of(model: Model, batch: Batch, tensors: dict[str, Tensor] | None = None) -> dict:
    return model.parts(tensors or model.initial, batch, writes=True)


def test_every_encoder_is_answered_by_every_decoder(model: Model) -> None:
    parts = parts_of(model, samples())
    assert parts["written"].keys() == set(MODALITIES)
    for m, written in parts["written"].items():
        assert written.shape == (len(MODALITIES), *parts["target"][m].shape), "of the code of each"
        assert float(written.abs().max()) < 1, "bounded"
    assert parts["h1"]["acc"].shape == (4, 6, FIRST) and parts["h2"]["acc"].shape == (4, 6, SECOND)
    assert parts["h2"]["labs"].shape == (4, 1, SECOND)
    some = model.parts(model.initial, samples(), reads=["acc"], writes=True)
    assert some["h1"].keys() == {"acc"} and {m: len(v) for m, v in some["written"].items()} == dict.fromkeys(
        MODALITIES, 1
    )
    assert "written" not in model.parts(model.initial, samples())


def test_the_target_is_reversed_in_time(model: Model) -> None:
    batch = samples()
    target = parts_of(model, batch)["target"]["acc"]
    assert torch.equal(target, batch.x["acc"].asinh().transpose(1, 2).flip(1))
    forth = torch.cat([batch.x["acc"][..., :3], batch.x["acc"][..., :3].flip(2)], 2)
    same = parts_of(model, replace(batch, x={**batch.x, "acc": forth}))["target"]["acc"]
    assert torch.equal(same, forth.asinh().transpose(1, 2)), "of a palindrome it is the sample itself"


def test_rows_without_a_modality_read_nothing_of_it(model: Model) -> None:
    batch = samples()
    there = torch.tensor([True, False, True, True])
    gone = replace(batch, present={**batch.present, "acc": there})
    poison = batch.x["acc"].clone()
    poison[1] = float("nan")
    logits = model(model.initial, replace(gone, x={**batch.x, "acc": poison}))
    assert bool(torch.isfinite(logits).all())
    assert torch.equal(logits, model(model.initial, gone))
    without = model(model.initial, batch.only([m for m in MODALITIES if m != "acc"]))
    assert torch.allclose(logits[1], without[1], atol=1e-6)


def test_logits_are_means_of_log_shares(model: Model) -> None:
    batch = samples()
    by = model.by_pattern(model.initial, batch, {"acc": ["acc"], "both": ["acc", "note"], "note": ["note"]})
    parts = parts_of(model, batch)
    assert torch.allclose(by["both"], (by["acc"] + by["note"]) / 2, atol=1e-6)
    head = {n: v for n, v in model.initial.items() if n.startswith("head")}
    steps = (parts["h2"]["acc"] @ head["head.weight"].T + head["head.bias"]).log_softmax(2)
    assert torch.allclose(by["acc"], steps.mean(1), atol=1e-6)


def test_joint_maps_are_frozen_and_encoders_begin_orthogonal(model: Model) -> None:
    assert {n for n in model.initial if model.layout[n].frozen} == {
        f"joint.{part}.{kind}" for part in ("first", "second") for kind in ("weight", "bias")
    }
    assert not model.travels("joint.first.weight", "up") and not model.travels("joint.first.weight", "down")
    weight = model.initial["encoder.acc.one.body.weight_hh_l0"]
    assert torch.allclose(weight.T @ weight, torch.eye(FIRST), atol=1e-5)
    assert model.layout.of_block("decoder.acc") and model.layout["decoder.acc.one.body.bias_ih_l0"].modality == "acc"
