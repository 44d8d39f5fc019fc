"""What layers draw: keyed by client, step, layer and call, the same however many rows and clients there are."""

import pytest
import torch
from torch import Tensor, nn

from counterpoint.models.draws import LayerDraws, drawing
from counterpoint.models.mode import stacked
from counterpoint.models.stacking import draws, with_drawn

SEEDS = [3, 4, 5]


def test_a_client_draws_the_same_alone_and_with_others_and_with_rows_that_fill_up():
    together = LayerDraws(SEEDS).of_many("drop", (9, 5, 2), 3)
    for place, seed in enumerate(SEEDS):
        for rows in (1, 4, 9):
            assert torch.equal(LayerDraws([seed]).of_one("drop", (rows, 5, 2)), together[place, :rows])
    assert len({float(numbers.sum()) for numbers in together}) == 3


def test_each_step_layer_and_call_draws_anew():
    source = LayerDraws([1])
    found = [source.of_one(layer, (4,)) for layer in ("a", "b", "a")]
    source.begin(1)
    found.append(source.of_one("a", (4,)))
    assert len({float(numbers.sum()) for numbers in found}) == 4
    source.begin(0)
    assert torch.equal(source.of_one("a", (4,)), found[0])


def test_rows_that_are_left_out_keep_the_draws_of_the_others():
    every = LayerDraws([1]).of_one("a", (6, 3))
    source, rows = LayerDraws([1]), torch.tensor([1, 2, 5])
    with source.of_rows(rows, 6):
        assert torch.equal(source.of_one("a", (3, 3)), every[rows])
    assert source.of_one("a", (3, 3)).shape == (3, 3)


@pytest.mark.parametrize(
    ("layer", "shape"), [(nn.Dropout(0.3), ()), (nn.Dropout1d(0.3), (7,)), (nn.Dropout2d(0.3), (4, 2))]
)
def test_a_layer_drops_and_scales(layer: nn.Module, shape: tuple[int, ...]):
    module = with_drawn(nn.Sequential(layer))
    x = torch.ones(50, 20, *shape)
    with drawing(LayerDraws([1])):
        found = module(x)
        assert torch.equal(module.eval()(x), x)
    assert torch.allclose(found.unique(), torch.tensor([0, 1 / 0.7]))
    assert float(found.mean()) == pytest.approx(1, abs=0.1)
    flat = found.flatten(2) if shape else found[..., None]
    assert bool((flat == flat[..., :1]).all()), "channels are dropped whole"


def test_a_stack_draws_what_each_draws_alone_with_gradients():
    module, x = with_drawn(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.4))), torch.randn(3, 6, 4)

    def loss(x: Tensor) -> Tensor:
        return module(x).square().sum()

    with drawing(LayerDraws(SEEDS)), stacked():
        values = torch.vmap(loss)(x)
    with drawing(LayerDraws(SEEDS)), stacked():
        slopes = torch.vmap(torch.func.grad(loss))(x)
    for place, seed in enumerate(SEEDS):
        with drawing(LayerDraws([seed])):
            own = x[place].clone().requires_grad_()
            value = loss(own)
        (slope,) = torch.autograd.grad(value, own)
        assert torch.allclose(values[place], value) and torch.allclose(slopes[place], slope, atol=1e-6)


def test_what_no_stack_can_draw_is_said():
    module = with_drawn(nn.Dropout(0.5))
    with drawing(LayerDraws(SEEDS)), stacked():
        with pytest.raises(RuntimeError, match="common to all"):
            torch.vmap(lambda x: module(torch.ones(3)) * x)(torch.ones(3))
        with pytest.raises(RuntimeError, match="draws for 4 clients"):
            torch.vmap(module)(torch.ones(4, 2))


def test_outside_of_an_engine_the_global_generator_is_used():
    module = with_drawn(nn.Dropout(0.5))
    torch.manual_seed(0)
    first = module(torch.ones(50))
    torch.manual_seed(0)
    assert torch.equal(first, module(torch.ones(50))) and set(first.tolist()) == {0.0, 2.0}


@pytest.mark.parametrize(
    ("module", "random"),
    [
        (nn.Linear(2, 2), False),
        (nn.Sequential(nn.Dropout(0.5)), True),
        (with_drawn(nn.Sequential(nn.Dropout(0.5))), True),
        (nn.Dropout(0.0), False),
        (nn.AlphaDropout(0.5), True),
        (nn.RReLU(), True),
        (nn.MultiheadAttention(2, 1), False),
        (nn.MultiheadAttention(2, 1, dropout=0.1), True),
        (with_drawn(nn.TransformerEncoderLayer(2, 1, 4)), True),
        (nn.TransformerEncoderLayer(2, 1, 4, dropout=0.0), False),
        (nn.GRU(2, 2, 2, dropout=0.1), True),
    ],
)
def test_whether_a_module_draws(module: nn.Module, random: bool):
    assert draws(module) == random


def test_layers_know_their_names():
    module = with_drawn(nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))))
    assert [layer.name for layer in module.modules() if hasattr(layer, "name")] == ["0", "1.1"]
