"""A missing modality costs and changes nothing, whatever stands in its place."""

from collections.abc import Callable
from itertools import combinations

import pytest
import torch
from torch import Tensor

from counterpoint.data import Population, Samples
from counterpoint.data.samples import Batch
from counterpoint.exchange import Tensors
from counterpoint.models import ConcatFusion, MeanFusion, Model, ModelSettings, build_model

NAMES = ("acc", "gyro", "heart", "image", "sound", "text")
FUSIONS = ("mean", "concat")
Same = Callable[..., bool]


@pytest.fixture
def build(make_population: Callable[..., Population]) -> Callable[..., Model]:
    def make(modalities: int, fusion: str) -> Model:
        people = make_population(modalities=NAMES[:modalities])
        return build_model(people.modalities, people.task, ModelSettings(fusion=fusion, width=8), 3)

    return make


@pytest.fixture
def whole(make_samples: Callable[..., Samples]) -> Callable[[int], Batch]:
    return lambda modalities: make_samples(7, NAMES[:modalities], key="fusion").batch(torch.arange(7))


def hidden(batch: Batch, gone: set[str], poison: float = 0.0) -> Batch:
    """The batch with modalities masked in all rows, poison in their place."""
    x = {m: torch.full_like(v, poison) if m in gone else v for m, v in batch.x.items()}
    present = {m: torch.zeros_like(p) if m in gone else p for m, p in batch.present.items()}
    return Batch(x, present, batch.label, batch.index, batch.mask)


def gapped(batch: Batch, poison: float) -> Batch:
    """The batch with row i lacking modality i, poison in its place; a single modality stays."""
    x, present = dict(batch.x), dict(batch.present)
    for i, m in enumerate(sorted(x)) if len(x) > 1 else ():
        x[m], present[m] = x[m].clone(), present[m].clone()
        x[m][i], present[m][i] = poison, False
    return Batch(x, present, batch.label, batch.index, batch.mask)


def gradients(model: Model, batch: Batch) -> tuple[Tensor, Tensors]:
    leaves = {n: v.clone().requires_grad_() for n, v in model.initial.items()}
    logits = model(leaves, batch, train=True)
    loss = torch.nn.functional.cross_entropy(logits, batch.label)
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    return logits.detach(), {n: g for n, g in zip(leaves, found, strict=True) if g is not None}


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("modalities", [2, 3, 6])
def test_masked_equals_absent_bit_for_bit(build: Callable, whole: Callable, modalities: int, fusion: str):
    model, batch = build(modalities, fusion), whole(modalities)
    for size in range(1, modalities):
        for gone in combinations(NAMES[:modalities], size):
            left = [m for m in NAMES[:modalities] if m not in gone]
            without = model(model.initial, batch.only(left))
            assert torch.equal(model(model.initial, hidden(batch, set(gone))), without), gone
            assert torch.equal(model(model.initial, hidden(batch, set(gone), float("nan"))), without), gone


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("modalities", [1, 2, 3, 6])
@pytest.mark.parametrize("poison", [float("nan"), float("inf"), -float("inf"), 1e30])
def test_poison_changes_no_bit_forward_or_backward(
    build: Callable, whole: Callable, same: Same, modalities: int, fusion: str, poison: float
):
    model, batch = build(modalities, fusion), whole(modalities)
    logits, grads = gradients(model, gapped(batch, 0.0))
    poisoned, poisoned_grads = gradients(model, gapped(batch, poison))
    assert bool(logits.isfinite().all())
    assert torch.equal(logits, poisoned)
    assert same(grads, poisoned_grads)


def test_wholly_missing_modalities_get_no_gradient(build: Callable, whole: Callable):
    model = build(3, "mean")
    _, grads = gradients(model, hidden(whole(3), {"gyro"}, float("nan")))
    assert {model.layout[n].block for n in grads} == {"encoder.acc", "encoder.heart", "fusion", "head"}


def test_rows_without_any_modality_give_finite_logits(build: Callable, whole: Callable):
    model = build(2, "mean")
    logits = model(model.initial, hidden(whole(2), {"acc", "gyro"}, float("nan")))
    expected = (
        torch.relu(model.initial["fusion.mix.bias"]) @ model.initial["head.weight"].T + model.initial["head.bias"]
    )
    assert torch.allclose(logits, expected.expand(7, 3), atol=1e-6)


def test_a_missing_modality_leaves_the_others_embeddings_alone(build: Callable, whole: Callable):
    model, batch = build(3, "mean"), gapped(whole(3), float("nan"))
    seen: list[dict[str, Tensor]] = []
    fusion = model.module.fusion
    fusion.register_forward_pre_hook(lambda _, args: seen.append(dict(args[0])))
    model(model.initial, batch)
    model(model.initial, batch.only(["acc", "heart"]))
    assert torch.equal(seen[0]["acc"], seen[1]["acc"]) and torch.equal(seen[0]["heart"], seen[1]["heart"])
    assert set(seen[1]) == {"acc", "heart"}
    assert seen[0]["gyro"][1].tolist() == [0.0] * 8, "an absent row embeds as zeros"


def test_encoders_see_present_rows_only(
    make_model: Callable[..., Model], make_population: Callable[..., Population], whole: Callable
):
    model, batch = make_model(make_population(modalities=NAMES[:3])), whole(3)
    batch.present["acc"][2:] = False
    batch.present["gyro"][:] = False
    model(model.initial, batch)
    assert {m: model.module.encoder[m].seen for m in NAMES[:3]} == {"acc": [2], "gyro": [], "heart": [7]}
    model(model.initial, batch.only(["gyro"]))
    assert model.module.encoder["gyro"].seen == [] and model.module.encoder["heart"].seen == [7]
    model.by_pattern(model.initial, batch, {"acc+heart": ("acc", "heart"), "acc": ("acc",), "heart": ("heart",)})
    assert model.module.encoder["heart"].seen == [7, 7], "patterns share one encoding"


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("modalities", [1, 2, 3, 6])
def test_patterns_at_once_equal_patterns_one_by_one(build: Callable, whole: Callable, modalities: int, fusion: str):
    model, batch = build(modalities, fusion), gapped(whole(modalities), float("nan"))
    names = NAMES[:modalities]
    shown = {"+".join(c): c for size in range(1, modalities + 1) for c in combinations(names, size)}
    answers = model.by_pattern(model.initial, batch, {**shown, "alien": ("acc", "alien")})
    assert answers.keys() == shown.keys()
    for name, chosen in shown.items():
        assert torch.equal(answers[name], model(model.initial, batch.only(chosen))), name


def test_mean_fusion_by_hand():
    fusion = MeanFusion(["a", "b"], 2)
    fusion.mix.load_state_dict({"weight": torch.eye(2), "bias": torch.zeros(2)})
    a, b = torch.tensor([[1.0, 4.0]] * 3), torch.tensor([[3.0, -6.0]] * 3)
    present = {"a": torch.tensor([True, True, False]), "b": torch.tensor([True, False, False])}
    assert fusion({"a": a, "b": b}, present).tolist() == [[2.0, 0.0], [1.0, 4.0], [0.0, 0.0]]


def test_concat_fusion_by_hand():
    fusion = ConcatFusion(["b", "a"], 1)
    fusion.mix.load_state_dict({"weight": torch.tensor([[1.0, 10.0]]), "bias": torch.zeros(1)})
    a, b = torch.tensor([[2.0]] * 2), torch.tensor([[3.0]] * 2)
    present = {"a": torch.tensor([True, True]), "b": torch.tensor([True, False])}
    assert fusion({"a": a, "b": b}, present).tolist() == [[32.0], [2.0]]
    assert fusion({"b": b}, present).tolist() == [[30.0], [0.0]], "a place stays a modality's own"
