"""Towers: shapes, what is masked, what is shared between their two parts, stacks of clients."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from counterpoint.data import Batch, Modality
from counterpoint.data.text import spell
from counterpoint.errors import UserError
from counterpoint.models import Model, stacked, training
from counterpoint.models.towers import Towers
from counterpoint.models.towers.block import Block
from counterpoint.models.towers.parts import Alignment, unit
from counterpoint.models.towers.tokens import side_of

SENSES = {
    "motion": Modality("motion", "sequence", (3, 37), rate=50.0),
    "note": Modality("note", "text", (21,)),
    "photo": Modality("photo", "image", (3, 14, 20)),
    "vitals": Modality("vitals", "table", (5,)),
    "voice": Modality("voice", "audio", (2000,), rate=4000.0),
}
STEPS = {"motion": 13, "note": 3, "photo": 6, "vitals": 1, "voice": 14}
TEXTS = ("a red heart", "Two hearts", "Ünïcode ♥", "", "x", "a heart red", "hearts two", "a long text that is cut off")
PAIR = ("note", "photo")
WIDTH, SIZE = 16, 12


def samples(key: int = 0) -> Batch:
    source = torch.Generator().manual_seed(key)
    x = {m: torch.rand(8, *modality.shape, generator=source) for m, modality in SENSES.items()}
    x["note"] = spell(TEXTS[key:] + TEXTS[:key], 21).float()
    x["vitals"][x["vitals"] < 0.3] = math.nan
    present = {m: torch.ones(8, dtype=torch.bool) for m in SENSES}
    return Batch(x, present, torch.arange(8) % 2, torch.arange(8), torch.ones(8, dtype=torch.bool))


def rows_of(batch: Batch, rows: slice) -> Batch:
    x, present = ({m: v[rows] for m, v in values.items()} for values in (batch.x, batch.present))
    return Batch(x, present, batch.label[rows], batch.index[rows], batch.mask[rows])


def towers(names: tuple[str, ...] = tuple(SENSES), **options: int) -> Towers:
    torch.manual_seed(0)
    return Towers({m: SENSES[m] for m in names}, **{"width": WIDTH, "size": SIZE, "hidden": 20, **options})


@pytest.fixture
def model() -> Model:
    return Model(towers(), SENSES)


def test_embeddings_of_every_kind(model: Model) -> None:
    parts = model.parts(model.initial, samples(), features=True)
    assert parts["z"].keys() == SENSES.keys() == parts["tokens"].keys()
    for m, z in parts["z"].items():
        assert z.shape == (8, SIZE) and z.norm(dim=1).tolist() == pytest.approx([1.0] * 8)
        tokens, real = parts["tokens"][m]
        assert tokens.shape == (8, 1 + STEPS[m], WIDTH) and real.shape == (8, 1 + STEPS[m]) and real.dtype == torch.bool
        assert len({tuple(row.tolist()) for row in z.round(decimals=5)}) == 8, "all rows are told apart"


def test_blocks_are_two_a_modality_and_nothing_else(model: Model) -> None:
    assert model.layout.blocks == tuple(sorted(f"{part}.{m}" for part in ("align", "encoder") for m in SENSES))
    assert all(spec.modality == spec.block.partition(".")[2] for spec in model.layout.specs.values())
    assert not model.has_buffers and not model.draws
    assert model.unstackable == []
    assert not any(spec.frozen for spec in model.layout.specs.values())


def test_every_parameter_gets_a_finite_gradient() -> None:
    made = towers()
    parts = made.parts(samples())
    weights = torch.linspace(-1, 1, SIZE)
    sum((z * weights).sum() for z in parts["z"].values()).backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None and bool(parameter.grad.isfinite().all()), name
        assert bool(parameter.grad.any()), name


def test_rows_do_not_mix(model: Model) -> None:
    whole = model.parts(model.initial, samples())["z"]
    one = rows_of(samples(), slice(2, 3))
    for m, z in model.parts(model.initial, one)["z"].items():
        assert torch.allclose(z, whole[m][2:3], atol=1e-5), m


def test_what_stands_after_a_texts_end_is_not_seen() -> None:
    made = towers()
    tokens, real = made.encoder["note"](samples().x["note"])
    assert real.sum(1).tolist() == [3, 3, 3, 2, 2, 3, 3, 4], "CLS, and eight places a token: space, bytes, space"
    noise = torch.where(real[..., None], tokens, tokens + 100 * torch.rand(tokens.shape))
    assert not torch.equal(noise, tokens)
    assert torch.equal(made.align["note"](noise, real), made.align["note"](tokens, real))


def test_a_longer_field_for_the_same_text_changes_nothing() -> None:
    short = towers()
    wider = {m: replace(SENSES[m], shape=(41,)) if m == "note" else SENSES[m] for m in SENSES}
    torch.manual_seed(0)
    long = Towers(wider, width=WIDTH, size=SIZE, hidden=20)
    state = {n: v for n, v in short.state_dict().items() if n != "encoder.note.place"}
    long.load_state_dict(state, strict=False)
    with torch.no_grad():
        long.encoder["note"].place[:3] = short.encoder["note"].place
    z = [
        made.align["note"](*made.encoder["note"](spell(TEXTS[:3], n).float())) for made, n in ((short, 21), (long, 41))
    ]
    assert torch.allclose(z[0], z[1], atol=1e-6)


def test_psi_runs_on_what_phi_found(model: Model) -> None:
    batch = samples()
    whole = model.parts(model.initial, batch, features=True)
    psi = {n: v for n, v in model.initial.items() if n.startswith("align.")}
    again = model.parts(psi, batch, from_features=whole["tokens"])
    assert all(torch.equal(again["z"][m], whole["z"][m]) for m in SENSES), "no tensor of phi was at hand"
    assert model.parts(psi, batch, from_features=whole["tokens"], reads=["note"])["z"].keys() == {"note"}
    assert "tokens" not in again


def test_some_are_read(model: Model) -> None:
    owned = {n: v for n, v in model.initial.items() if ".note." in n}
    assert model.parts(owned, samples(), reads=["note"])["z"].keys() == {"note"}


def test_psi_takes_its_own_layer_for_all_tokens_and_keeps_cls() -> None:
    torch.manual_seed(0)
    block, x = Block(WIDTH), torch.randn(4, 7, WIDTH)
    real = torch.rand(4, 7) < 0.6
    real[:, 0] = True
    assert torch.allclose(block(x, real, first_only=True), block(x, real)[:, :1], atol=1e-6)


def test_a_layer_is_that_of_pytorch() -> None:
    torch.manual_seed(0)
    block, x = Block(WIDTH), torch.randn(4, 7, WIDTH)
    real = torch.arange(7) < torch.tensor([7, 1, 4, 6])[:, None]
    theirs = torch.nn.TransformerEncoderLayer(
        WIDTH, 4, 2 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True, dtype=torch.float32
    )
    theirs.load_state_dict(
        {
            "self_attn.in_proj_weight": torch.cat([block.query.weight, block.key.weight, block.value.weight]),
            "self_attn.in_proj_bias": torch.cat([block.query.bias, torch.zeros(WIDTH), block.value.bias]),
            "self_attn.out_proj.weight": block.mix.weight,
            "self_attn.out_proj.bias": block.mix.bias,
            **{f"linear1.{n}": v for n, v in block.feed[0].named_parameters()},
            **{f"linear2.{n}": v for n, v in block.feed[2].named_parameters()},
            **{f"norm1.{n}": v for n, v in block.before_attention.named_parameters()},
            **{f"norm2.{n}": v for n, v in block.before_feed.named_parameters()},
        }
    )
    expected = theirs(x, src_key_padding_mask=~real)
    assert torch.allclose(block(x, real)[real], expected[real], atol=1e-5)


def test_training_and_evaluation_and_no_gradient_are_the_same_bits(model: Model) -> None:
    """A teacher that is its student is at distance 0, to the bit."""
    params = {n: v.clone().requires_grad_() for n, v in model.initial.items()}
    student = model.parts(params, samples(), train=True)["z"]
    with torch.no_grad():
        teacher = model.parts(params, samples(), train=False)["z"]
    assert all(torch.equal(student[m], teacher[m]) for m in SENSES)


@pytest.mark.parametrize("hole", [math.nan, 1e30])
def test_rows_without_a_modality_show_nothing_of_it(model: Model, hole: float) -> None:
    batch = samples()
    there = torch.arange(8) != 1
    poison = {m: x.clone() for m, x in batch.x.items()}
    for m in PAIR:
        poison[m][1] = hole
    params = {n: v.clone().requires_grad_() for n, v in model.initial.items()}
    gaps = replace(batch, present={**batch.present, **dict.fromkeys(PAIR, there)})
    found = model(params, replace(gaps, x=poison))
    assert torch.equal(found, model(params, gaps))
    found.square().sum().backward()
    assert all(v.grad is None or bool(v.grad.isfinite().all()) for v in params.values())
    rest = model(model.initial, batch.only([m for m in SENSES if m not in PAIR]))
    assert torch.allclose(found[1], rest[1], atol=1e-6), "the mean is over what the row has"


def test_the_answer_is_the_mean_of_embeddings_that_there_are(model: Model) -> None:
    batch = samples()
    z = model.parts(model.initial, batch)["z"]
    by = model.by_pattern(model.initial, batch, {"both": PAIR, "one": ["note"], "gone": ["note", "smell"]})
    assert torch.allclose(by["both"], (z["note"] + z["photo"]) / 2, atol=1e-6)
    assert torch.equal(by["one"], z["note"]) and by.keys() == {"both", "one"}
    nothing = replace(batch, present={m: torch.zeros(8, dtype=torch.bool) for m in SENSES})
    assert not model(model.initial, nothing).any()


@pytest.mark.parametrize("names", [("note", "photo"), ("motion", "vitals", "voice"), tuple(SENSES)])
def test_a_client_may_lack_a_modality(model: Model, names: tuple[str, ...]) -> None:
    batch = samples().only(names)
    owned = {n: model.initial[n] for n in model.layout.owned(names)}
    whole = model.parts(model.initial, samples())["z"]
    assert all(torch.equal(z, whole[m]) for m, z in model.parts(owned, batch)["z"].items())
    assert model(owned, batch).shape == (8, SIZE)


def test_no_rows(model: Model) -> None:
    batch = rows_of(samples().only([m for m in SENSES if m != "voice"]), slice(0))
    assert model(model.initial, batch).shape == (0, SIZE)


def objective(model: Model, params: Mapping[str, Tensor], batch: Batch, from_features: bool) -> Tensor:
    """A function of all embeddings, through psi alone or through both parts."""
    tokens = None
    if from_features:
        tokens = model.parts(params, batch, features=True)["tokens"]
        tokens = {m: (states.detach(), real) for m, (states, real) in tokens.items()}
    z = model.parts(params, batch, from_features=tokens)["z"]
    return sum((z[a] @ z[b].T).exp().mean() for a in z for b in z if a < b)


@pytest.mark.parametrize("from_features", [False, True])
@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize(
    ("names", "dtype", "near"),
    [(tuple(SENSES), torch.float, 1e-6), (("motion", "note", "photo", "vitals"), torch.double, 1e-12)],
)
def test_a_stack_of_clients_is_each_alone(
    names: tuple[str, ...], dtype: torch.dtype, near: float, common: bool, from_features: bool
) -> None:
    """Forward and backward, of three clients with parameters of their own, or the server's."""
    model = Model(towers(names).to(dtype), names)
    assert model.for_stacks is not model.module, "made outside of vmap"
    source = torch.Generator().manual_seed(3)
    batches = [samples(key).only(names) for key in range(3)]
    x = {m: torch.stack([batch.x[m].to(dtype) for batch in batches]) for m in names}
    present = {m: torch.stack([batch.present[m] for batch in batches]) for m in names}
    present["photo"][:, 3] = False
    noise = {n: 0.1 * torch.randn(3, *v.shape, generator=source, dtype=dtype) for n, v in model.initial.items()}
    params = {n: v if common else v + noise[n] for n, v in model.initial.items()}
    params = {n: v.clone().requires_grad_() for n, v in params.items()}

    def one(own: Mapping[str, Tensor], x: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
        batch = Batch(x, present, batches[0].label, batches[0].index, batches[0].mask)
        return objective(model, own, batch, from_features)

    with training(True):
        with stacked():
            found = torch.vmap(one, in_dims=(None if common else 0, 0, 0))(params, x, present)
        expected = [
            one(
                params if common else {n: v[i] for n, v in params.items()},
                {m: v[i] for m, v in x.items()},
                {m: v[i] for m, v in present.items()},
            )
            for i in range(3)
        ]
    assert torch.allclose(found, torch.stack(expected), rtol=0, atol=near)
    slopes, theirs = (
        torch.autograd.grad(value, list(params.values()), allow_unused=True)
        for value in (found.sum(), torch.stack(expected).sum())
    )
    for name, slope, alone in zip(params, slopes, theirs, strict=True):
        if from_features and name.startswith("encoder."):
            assert slope is None and alone is None
        else:
            most = max(1.0, float(alone.abs().max()))
            assert torch.allclose(slope, alone, rtol=0, atol=10 * near * most), name


@pytest.mark.parametrize(
    ("height", "width", "side"),
    [
        (28, 28, 7),
        (32, 32, 8),
        (48, 48, 8),
        (64, 64, 8),
        (96, 96, 12),
        (224, 224, 28),
        (14, 28, 7),
        (1, 1, 7),
        (37, 37, 7),
    ],
)
def test_patches_by_size(height: int, width: int, side: int) -> None:
    assert side_of(height, width) == side


def test_patches_are_cut_line_by_line_and_filled_up() -> None:
    made = Towers({"a": Modality("a", "image", (1, 2, 3)), "b": SENSES["vitals"]}, width=4, patch=2)
    cut = made.encoder["a"].patches
    assert (cut.steps, cut.side) == (2, 2)
    cut.project = torch.nn.Identity()
    tokens, real = cut(torch.tensor([[[[0.0, 0.5, 1.0], [1.0, 0.0, 0.0]]]]))
    assert tokens[0].tolist() == [[-1, 0, 1, -1], [1, 0, -1, 0]] and real is None


def test_steps_of_a_sequence_are_cut_in_order_and_filled_up() -> None:
    made = Towers({"a": Modality("a", "sequence", (1, 19)), "b": SENSES["vitals"]}, width=4)
    cut = made.encoder["a"].patches
    assert (cut.steps, cut.long) == (10, 2)
    cut.project = torch.nn.Identity()
    tokens, _ = cut(torch.arange(19.0)[None, None].sinh())
    assert torch.allclose(tokens[0].flatten(), torch.cat([torch.arange(19.0), torch.zeros(1)]), atol=1e-4)


def test_a_table_costs_no_layer_of_phi() -> None:
    made = towers(depth=3)
    assert {m: len(made.encoder[m].blocks) for m in SENSES} == {m: 0 if m == "vitals" else 3 for m in SENSES}


def test_nothing_has_length_one_and_a_gradient() -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    made = unit(x)
    assert made.tolist() == [pytest.approx([0.6, 0.8]), [0, 0]]
    made.sum().backward()
    assert x.grad is not None and bool(x.grad.isfinite().all())
    flat = Alignment(8, 4, 6)
    torch.nn.init.zeros_(flat.project[3].weight), torch.nn.init.ones_(flat.project[3].bias)
    z = flat(torch.rand(2, 3, 8), torch.ones(2, 3, dtype=torch.bool))
    z.sum().backward()
    assert not z.any() and all(bool(p.grad.isfinite().all()) for p in flat.parameters())


@pytest.mark.parametrize(
    ("modalities", "options", "said"),
    [
        (["note"], {}, "here is 'note' alone: choose data that have others"),
        ([], {}, "here is none: choose data that have others"),
        (PAIR, {"width": 30}, "a tower has 4 heads: make its width a multiple of that, 30 is none"),
    ],
)
def test_towers_that_cannot_be(modalities: list[str], options: dict[str, int], said: str) -> None:
    with pytest.raises(UserError, match=said):
        Towers({m: SENSES[m] for m in modalities}, **options)


@pytest.mark.parametrize("name", ["keys", "my note"])
def test_names_that_no_module_can_have(name: str) -> None:
    with pytest.raises(UserError, match=f"no modality can be called '{name}'"):
        Towers({name: replace(SENSES["note"], name=name), "photo": SENSES["photo"]})
