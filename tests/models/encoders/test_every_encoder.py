"""What every encoder must do, whatever it encodes."""

import math

import pytest
import torch
from torch import Tensor, nn

from counterpoint.data import Modality, Task
from counterpoint.data.text import spell
from counterpoint.errors import UserError
from counterpoint.models import ModelSettings, build_model
from counterpoint.models.encoders import ENCODERS, build_encoder, encoder_names
from counterpoint.models.encoders.choice import choose_encoders, described
from counterpoint.models.present import encode_present

WIDTH = 12
SENSES = {
    "sequence": Modality("motion", "sequence", (3, 32), rate=50.0),
    "image": Modality("photo", "image", (3, 20, 28)),
    "text": Modality("note", "text", (24,)),
    "audio": Modality("voice", "audio", (2000,), rate=4000.0),
    "table": Modality("vitals", "table", (5,)),
}
EVERY = [(kind, name) for kind in ENCODERS for name in encoder_names(kind)]
TEXTS = ("a red heart", "Two hearts", "Ünïcode ♥", "", "x", "a heart red", "hearts two", "a long text that is cut off")


def values(kind: str) -> Tensor:
    source = torch.Generator().manual_seed(1)
    if kind == "text":
        return spell(TEXTS, SENSES[kind].shape[0]).float()
    found = torch.rand(8, *SENSES[kind].shape, generator=source)
    if kind == "table":
        found[torch.rand(found.shape, generator=source) < 0.3] = math.nan
    return found


def made(kind: str, name: str) -> nn.Module:
    torch.manual_seed(0)
    return build_encoder(name, SENSES[kind], WIDTH)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_rows_become_embeddings_and_do_not_mix(kind: str, name: str):
    encoder, x = made(kind, name), values(kind)
    whole = encoder(x)
    assert whole.shape == (8, WIDTH) and bool(whole.isfinite().all())
    assert torch.allclose(whole[2:3], encoder(x[2:3]), atol=1e-5)
    assert len({tuple(row.tolist()) for row in whole.detach().round(decimals=6)}) == 8, "all rows are told apart"
    assert encode_present(encoder, x[:0], torch.ones(0, dtype=torch.bool), WIDTH).shape == (0, WIDTH)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_every_parameter_has_a_finite_gradient_and_moves(kind: str, name: str):
    encoder, x = made(kind, name), values(kind)
    encoder(x).square().sum().backward()
    for parameter in encoder.parameters():
        assert parameter.grad is not None and bool(parameter.grad.isfinite().all())
    assert all(bool(p.grad.any()) for p in encoder.parameters() if p.grad is not None and p.dim() > 1)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_it_stacks_and_has_no_buffers(kind: str, name: str):
    modality = SENSES[kind]
    model = build_model({modality.name: modality}, Task(("a", "b")), ModelSettings(f"{modality.name}:{name}"), 0)
    assert not model.unstackable_for((modality.name,))
    assert not model.has_buffers


@pytest.mark.parametrize(("kind", "name"), [pair for pair in EVERY if pair[1] not in ("gru", "transformer")])
def test_clients_together_are_each_alone(kind: str, name: str):
    """Under `torch.vmap`, as a stack computes plain layers; GRU and attention have forms of their own there."""
    encoder = made(kind, name).eval()
    x = values(kind).view(2, 4, *SENSES[kind].shape)
    params = {n: torch.stack([p, p * 1.1]) for n, p in encoder.state_dict().items()}

    def one(own: dict[str, Tensor], rows: Tensor) -> Tensor:
        return torch.func.functional_call(encoder, own, (rows,))

    together = torch.vmap(one)(params, x)
    for i in range(2):
        assert torch.allclose(together[i], one({n: p[i] for n, p in params.items()}, x[i]), atol=1e-5)


def test_auto_takes_the_first_of_each_kind():
    senses = {m.name: m for m in SENSES.values()}
    expected = {"motion": "cnn", "photo": "cnn", "note": "ngrams", "voice": "logmel", "vitals": "mlp"}
    assert choose_encoders("auto", senses) == expected
    assert choose_encoders("gru", senses) == expected | {"motion": "gru"}
    assert choose_encoders("note:transformer, motion:gru", senses) == expected | {
        "motion": "gru",
        "note": "transformer",
    }
    assert all(name in described() for _, name in EVERY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ccn", "did you mean 'cnn'"),
        ("note:", "cannot be read: write auto, one name, or MODALITY:NAME"),
        ("nose:ngrams", "did you mean 'note'"),
        ("note:ngrams,note:transformer", "names 'note' twice"),
    ],
)
def test_encoders_that_cannot_be(text: str, said: str):
    with pytest.raises(UserError, match=said) as refused:
        choose_encoders(text, {m.name: m for m in SENSES.values()})
    assert "\n" not in str(refused.value)


def test_an_encoder_for_another_kind_is_named():
    with pytest.raises(UserError, match="encoder 'gru' is for sequence, and no modality here is of that kind"):
        choose_encoders("gru", {"note": SENSES["text"]})


@pytest.mark.parametrize("shape", [(1, 14, 28), (3, 48, 48), (3, 64, 64), (1, 1, 1), (4, 200, 10)])
def test_pictures_of_any_size(shape: tuple[int, ...]):
    encoder = build_encoder("cnn", Modality("photo", "image", shape), WIDTH)
    assert encoder(torch.rand(2, *shape)).shape == (2, WIDTH)


def test_a_picture_costs_about_two_million_products():
    from torch.utils.flop_counter import FlopCounterMode

    encoder = build_encoder("cnn", Modality("photo", "image", (3, 48, 48)), 64)
    with FlopCounterMode(display=False) as counter:
        encoder(torch.rand(1, 3, 48, 48))
    assert 1.5e6 < counter.get_total_flops() / 2 < 2.5e6


def test_a_missing_value_is_not_a_zero():
    encoder = made("table", "mlp")
    zero, gap = torch.zeros(1, 5), torch.tensor([[0.0, math.nan, 0.0, 0.0, 0.0]])
    assert not torch.allclose(encoder(zero), encoder(gap))
    inputs = torch.tensor([[1.0, math.nan, 0.0, 2.0, 0.0]], requires_grad=True)
    encoder(inputs).sum().backward()
    assert inputs.grad is not None and bool(inputs.grad.isfinite().all())
