"""Common and specific parts of modalities, of which a missing one has no influence, and a generator beside them."""

from collections.abc import Callable, Mapping
from itertools import combinations
from math import prod
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from counterpoint.data import Population, Samples
from counterpoint.data.samples import Batch
from counterpoint.engines import Engine, Sequential, Stacked
from counterpoint.exchange import Tensors
from counterpoint.methods import FedAvg, TrainSettings
from counterpoint.methods.client import Client
from counterpoint.models import LateFusion, MeanFusion, Model, ModelSettings
from counterpoint.models.build import Assembly, build_model
from counterpoint.models.decomposed import Decomposed
from counterpoint.objectives import cross_entropy, diversity, mean_of_counted, orthogonality, soft_divergence

NAMES = ("acc", "gyro", "heart")
ROWS, WIDTH, COMMON, SPECIFIC, NOISE, CLASSES = 7, 4, 5, 6, 3, 3
PIECES = {"common": COMMON, "specific": SPECIFIC, "noise": NOISE, "hidden": 8}
POISONS = [float("nan"), float("inf"), 1e30]
Make = Callable[..., Any]


class Seeing(nn.Module):
    """tanh(W x + b); counts rows."""

    def __init__(self, values: int) -> None:
        super().__init__()
        self.out = nn.Linear(values, WIDTH)
        self.seen: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(len(x))
        return torch.tanh(self.out(x.flatten(1)))


def network(modalities: Mapping[str, Any], task: Any) -> Decomposed:
    encoders = {name: Seeing(prod(m.shape)) for name, m in modalities.items()}
    return Decomposed(encoders, WIDTH, len(task.classes), **PIECES)


@pytest.fixture
def build(make_population: Callable[..., Population]) -> Callable[[int], Model]:
    def make(modalities: int) -> Model:
        people = make_population(modalities=NAMES[:modalities])
        return build_model(people.modalities, people.task, ModelSettings(), 3, network)

    return make


@pytest.fixture
def whole(make_samples: Callable[..., Samples]) -> Callable[[int], Batch]:
    return lambda modalities: make_samples(ROWS, NAMES[:modalities], key="split").batch(torch.arange(ROWS))


def gapped(batch: Batch, poison: float) -> Batch:
    """Row i lacks modality i, poison in its place; the last row lacks all but the first."""
    x = {m: v.clone() for m, v in batch.x.items()}
    present = {m: p.clone() for m, p in batch.present.items()}
    for i, m in enumerate(sorted(x)) if len(x) > 1 else ():
        gone = [i, -1] if i else [i]
        x[m][gone], present[m][gone] = poison, False
    return Batch(x, present, batch.label, batch.index, batch.mask)


def draws(rows: int, seed: int = 5) -> tuple[Tensor, Tensor]:
    source = torch.Generator().manual_seed(seed)
    return torch.rand(rows, NOISE, generator=source), torch.randint(CLASSES, (rows,), generator=source)


def objective(model: Model, params: Tensors, batch: Batch, generated: tuple[Tensor, Tensor]) -> Tensor:
    """Everything that looks at parts, with weights that tell the terms apart."""
    parts = model.parts(params, batch, generated=generated)
    value = batch.mean(cross_entropy(parts["out"]["fused"], batch.label))
    for m, logits in parts["classified"].items():
        counts = batch.present[m] & batch.mask
        value = value + 0.7 * mean_of_counted(cross_entropy(logits, batch.label), counts)
        value = value + 0.3 * orthogonality(parts["common"][m], parts["specific"][m], counts)
        teacher = parts["generated"]["classified"]
        value = value + 0.9 * mean_of_counted(soft_divergence(logits, teacher[: len(logits)]), counts)
    made = parts["generated"]
    value = value + cross_entropy(made["classified"], generated[1]).mean()
    return value + diversity(generated[0], made["feature"])


def gradients(model: Model, batch: Batch) -> tuple[Tensor, Tensors]:
    leaves = {n: v.clone().requires_grad_() for n, v in model.initial.items()}
    loss = objective(model, leaves, batch, draws(ROWS))
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    return loss.detach(), {n: g for n, g in zip(leaves, found, strict=True) if g is not None}


def test_blocks_and_who_owns_them(build: Make) -> None:
    layout = build(3).layout
    private = [f"{block}.{m}" for block in ("encoder", "fused", "split") for m in NAMES]
    assert layout.blocks == tuple(sorted([*private, "common", "fused_common", "generator"]))
    owned = {layout[n].block for n in layout.owned({"gyro"})}
    assert owned == {"encoder.gyro", "split.gyro", "fused.gyro", "common", "fused_common", "generator"}
    assert layout["fused.gyro.weight"].shape == (CLASSES, SPECIFIC) and "fused.gyro.bias" not in layout
    assert layout.of_block("split.gyro") == tuple(
        f"split.gyro.{part}.{kind}" for part in ("common", "specific") for kind in ("weight", "bias")
    )
    assert not any(spec.fixed for spec in layout.specs.values())


def test_defaults_are_those_that_are_said() -> None:
    shapes = {n: tuple(p.shape) for n, p in Decomposed({"a": nn.Identity()}, 9, 2).named_parameters()}
    assert shapes["split.a.common.weight"] == shapes["split.a.specific.weight"] == (32, 9)
    assert shapes["generator.hidden.weight"] == (256, 34) and shapes["generator.out.weight"] == (32, 256)


@pytest.mark.parametrize("modalities", [1, 2, 3])
def test_the_fused_head_is_one_linear_layer(build: Make, whole: Make, modalities: int) -> None:
    model, batch = build(modalities), gapped(whole(modalities), float("nan"))
    p = model.initial
    parts = model.parts(p, batch)
    present = torch.stack([batch.present[m] for m in NAMES[:modalities]], 1).float()
    common = torch.stack([parts["common"][m] for m in NAMES[:modalities]], 1)
    mean = (common * present[:, :, None]).sum(1) / present.sum(1, keepdim=True)
    one = nn.Linear(COMMON + modalities * SPECIFIC, CLASSES)
    columns = [p["fused_common.weight"], *(p[f"fused.{m}.weight"] for m in NAMES[:modalities])]
    one.load_state_dict({"weight": torch.cat(columns, 1), "bias": p["fused_common.bias"]})
    logits = one(torch.cat([mean, *(parts["specific"][m] for m in NAMES[:modalities])], 1))
    assert torch.allclose(parts["out"]["fused"], logits, atol=1e-6)
    assert torch.equal(model(p, batch), parts["out"]["fused"])


def test_the_fused_head_begins_as_one_linear_layer_would() -> None:
    names = [f"m{i}" for i in range(8)]
    made = Decomposed({m: nn.Identity() for m in names}, 4, 40, common=20, specific=10)
    for value in (made.fused_common.weight, made.fused_common.bias, *made.fused.parameters()):
        assert 0.085 < value.abs().max().item() <= 0.1
    assert made.fused["m3"].weight.std().item() == pytest.approx(0.1 / 3**0.5, rel=0.1)


def test_parts_by_hand(build: Make, whole: Make) -> None:
    model, batch = build(2), gapped(whole(2), float("nan"))
    p, parts = model.initial, model.parts(model.initial, batch)
    assert parts.keys() == {"out", "common", "specific", "classified"}
    for m in NAMES[:2]:
        there = batch.present[m]
        z = torch.tanh(batch.x[m][there].flatten(1) @ p[f"encoder.{m}.out.weight"].T + p[f"encoder.{m}.out.bias"])
        for part in ("common", "specific"):
            expected = z @ p[f"split.{m}.{part}.weight"].T + p[f"split.{m}.{part}.bias"]
            assert torch.allclose(parts[part][m][there], expected, atol=1e-6)
            assert not parts[part][m][~there].any() and not bool(there.all())
        classified = parts["common"][m] @ p["common.weight"].T + p["common.bias"]
        assert torch.allclose(parts["classified"][m], classified, atol=1e-6)


def test_the_generator_is_reached_through_the_same_call(build: Make, whole: Make) -> None:
    model, batch = build(2), whole(2)
    noise, label = draws(11)
    made = model.parts(model.initial, batch, generated=(noise, label))["generated"]
    p = model.initial
    hidden = torch.cat([noise, torch.eye(CLASSES)[label]], 1) @ p["generator.hidden.weight"].T
    normed = nn.functional.layer_norm(hidden + p["generator.hidden.bias"], (8,))
    feature = torch.relu(normed) @ p["generator.out.weight"].T + p["generator.out.bias"]
    assert torch.allclose(made["feature"], feature, atol=1e-5) and made["feature"].shape == (11, COMMON)
    assert torch.allclose(made["classified"], feature @ p["common.weight"].T + p["common.bias"], atol=1e-5)
    shared = {n: v for n, v in p.items() if model.layout[n].modality is None}
    alone = model.parts(shared, batch.only(()), generated=(noise, label))
    assert torch.equal(alone["generated"]["feature"], made["feature"])
    assert alone["common"] == alone["specific"] == alone["classified"] == {}
    assert torch.equal(alone["out"]["fused"], p["fused_common.bias"].expand(ROWS, CLASSES))


@pytest.mark.parametrize("modalities", [2, 3])
def test_masked_equals_absent_bit_for_bit(build: Make, whole: Make, modalities: int) -> None:
    model, batch = build(modalities), whole(modalities)
    for size in range(1, modalities):
        for gone in combinations(NAMES[:modalities], size):
            left = [m for m in NAMES[:modalities] if m not in gone]
            x = {m: torch.full_like(v, float("nan")) if m in gone else v for m, v in batch.x.items()}
            present = {m: torch.zeros_like(p) if m in gone else p for m, p in batch.present.items()}
            masked = Batch(x, present, batch.label, batch.index, batch.mask)
            without = model.parts(model.initial, batch.only(left))
            assert torch.equal(model(model.initial, masked), without["out"]["fused"]), gone


@pytest.mark.parametrize("modalities", [1, 2, 3])
@pytest.mark.parametrize("poison", POISONS)
def test_poison_changes_no_bit_forward_or_backward(
    build: Make, whole: Make, same: Make, modalities: int, poison: float
) -> None:
    model, batch = build(modalities), whole(modalities)
    loss, grads = gradients(model, gapped(batch, 0.0))
    poisoned, poisoned_grads = gradients(model, gapped(batch, poison))
    assert bool(loss.isfinite()) and torch.equal(loss, poisoned)
    assert same(grads, poisoned_grads) and grads.keys() == model.initial.keys()


def test_a_modality_that_is_wholly_missing_gets_no_gradient_and_needs_no_tensors(build: Make, whole: Make) -> None:
    model, batch = build(3), whole(3)
    batch.present["gyro"][:] = False
    loss, grads = gradients(model, batch)
    of_gyro = {n for n in model.initial if ".gyro." in n}
    assert not any(grads[n].any() for n in of_gyro & grads.keys())
    owned = {n: model.initial[n] for n in model.layout.owned({"acc", "heart"})}
    alone = objective(model, owned, batch.only(["acc", "heart"]), draws(ROWS))
    assert torch.equal(alone, loss), "its terms are exactly absent"


def test_rows_without_any_modality_answer_the_bias(build: Make, whole: Make) -> None:
    model, batch = build(2), whole(2)
    for m in NAMES[:2]:
        batch.x[m][:], batch.present[m][:] = float("nan"), False
    assert torch.equal(model(model.initial, batch), model.initial["fused_common.bias"].expand(ROWS, CLASSES))


def test_common_parts_are_averaged_over_the_modalities_that_a_row_has(build: Make, whole: Make) -> None:
    model, batch = build(2), whole(2)
    changed = {n: torch.zeros_like(v) for n, v in model.initial.items()}
    changed["split.acc.common.bias"] += 3
    changed["split.gyro.common.bias"] += 5
    changed["fused_common.weight"][0, 0] = 1
    batch.present["acc"][:2] = False
    batch.present["gyro"][2:4] = False
    assert model(changed, batch)[:, 0].tolist() == [5, 5, 3, 3, 4, 4, 4]


def test_encoders_see_present_rows_only_and_once_for_all_patterns(build: Make, whole: Make) -> None:
    model, batch = build(3), whole(3)
    batch.present["acc"][2:] = False
    batch.present["gyro"][:] = False
    model(model.initial, batch)
    model.by_pattern(model.initial, batch, {"acc+heart": ("acc", "heart"), "acc": ("acc",), "heart": ("heart",)})
    assert {m: model.module.encoder[m].seen for m in NAMES} == {"acc": [2, 2], "gyro": [], "heart": [7, 7]}


@pytest.mark.parametrize("modalities", [1, 2, 3])
def test_patterns_at_once_equal_patterns_one_by_one(build: Make, whole: Make, modalities: int) -> None:
    model, batch = build(modalities), gapped(whole(modalities), float("nan"))
    names = NAMES[:modalities]
    shown = {"+".join(c): c[::-1] for size in range(1, modalities + 1) for c in combinations(names, size)}
    answers = model.by_pattern(model.initial, batch, shown)
    assert answers.keys() == shown.keys()
    for name, chosen in shown.items():
        assert torch.equal(answers[name], model(model.initial, batch.only(chosen))), name


class Tried(FedAvg):
    """All terms, with noise of each client's own."""

    name = "tried"

    def assembly(self) -> Assembly:
        return lambda encoders, task, settings: Decomposed(
            encoders, settings.width, len(task.classes), dropout=0.2, **PIECES
        )

    def adapted(self, client: Client, received: Any) -> Tensors:
        start = client.load(received.weights)
        noise = client.rng("noise").uniform(4, NOISE)
        label = client.rng("label").integers(CLASSES, 4)
        return client.train(start, self.loss, using={"noise": noise, "label": label})

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        parts = self.model.parts(params, batch, generated=(using["noise"], using["label"]))
        made = parts["generated"]
        value = cross_entropy(made["classified"], using["label"]).mean() + diversity(using["noise"], made["feature"])
        for m, logits in parts["classified"].items():
            counts = batch.present[m] & batch.mask
            value = value + mean_of_counted(cross_entropy(logits, batch.label), counts)
            value = value + 0.1 * orthogonality(parts["common"][m], parts["specific"][m], counts)
        return value + cross_entropy(parts["out"]["fused"], batch.label)


def unfused(modalities: Mapping[str, Any], task: Any) -> LateFusion:
    encoders = {name: Seeing(prod(m.shape)) for name, m in modalities.items()}
    return LateFusion(encoders, MeanFusion(modalities, WIDTH), nn.Linear(WIDTH, len(task.classes)), WIDTH)


@pytest.mark.parametrize("missing", ["none", "client", "sample"])
def test_engines_agree(
    make_engine: Make, make_population: Make, make_model: Make, play: Make, apart: Make, missing: str
) -> None:
    """The loop and the stack train everything there is, noise, dropout and gaps included, to the same weights.

    Encoders of relu would die on some rows: what is orthogonal to rows that coincide hangs on the last bit.
    """
    people = make_population((5, 9, 12, 7, 6), missing=missing)
    settings = TrainSettings(epochs=2, batch_size=4, lr=0.02)
    found = []
    kinds: list[type[Engine]] = [Sequential, Stacked]
    for kind in kinds:
        model = make_model(people, builder=unfused, method=Tried())
        found.append(play(make_engine(Tried(), people, kind=kind, train=settings, model=model), 2))
    assert apart(*found) < 1e-5
    assert all(not torch.equal(found[0][n], v) for n, v in model.initial.items()), "all of it moves"
