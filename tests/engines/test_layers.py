"""Randomness inside layers, on both engines alike."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from counterpoint.data import Population
from counterpoint.data.samples import Batch
from counterpoint.engines import Engine, Sequential, Stacked
from counterpoint.engines.layers import layer_randomness
from counterpoint.exchange import Tensors
from counterpoint.models import Model
from counterpoint.models.draws import current_draws

Make = Callable[..., Any]


class Dropping(nn.Module):
    """Dropout of numbers, of channels, and inside a transformer."""

    def __init__(self, chance: float) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=chance, batch_first=True)
        self.first, self.inner = nn.Linear(6, 8), nn.Sequential(nn.ReLU(), nn.Dropout1d(chance), nn.Dropout(chance))
        self.mixer, self.head = nn.TransformerEncoder(layer, 1), nn.Linear(8, 3)

    def forward(self, batch: Batch) -> Tensor:
        hidden = self.inner(self.first(batch.x["acc"].flatten(1)).unflatten(1, (2, 4)))
        return self.head(self.mixer(hidden).flatten(1))


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("sizes", [(8, 8, 8), (5, 1, 14, 9)])
def test_dropout_draws_the_same_on_both_engines(
    make_engine: Make,
    make_population: Make,
    make_model: Make,
    play: Make,
    apart: Callable[..., float],
    same: Make,
    sizes: tuple[int, ...],
):
    people: Population = make_population(sizes, ["acc"])

    def weights(kind: type[Engine], chance: float = 0.5) -> Tensors:
        torch.manual_seed(0)
        model: Model = make_model(people, builder=lambda modalities, task: Dropping(chance))
        assert not model.unstackable
        return play(make_engine(people=people, model=model, kind=kind))

    reference, stack = weights(Sequential), weights(Stacked)
    assert apart(reference, stack) < 1e-5
    assert same(stack, weights(Stacked)) and same(reference, weights(Sequential)), "the same seed, the same bits"
    assert apart(stack, weights(Stacked, 0.0)) > 1e-3, "it does drop"


def test_clients_of_a_stack_drop_different_numbers(both: Make, make_population: Make, make_model: Make):
    people = make_population((6, 6), ["acc"])
    masks: list[Tensor] = []

    class Watched(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.drop, self.head = nn.Linear(6, 3), nn.Dropout(0.5), nn.Linear(3, 3)

        def forward(self, batch: Batch) -> Tensor:
            return self.head(self.drop(self.first(batch.x["acc"].flatten(1) * 0)))

    def program(method: Any, client: Any, received: Any) -> Tensors:
        def loss(params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
            return method.model(params, batch).square().sum(1)

        return client.train(client.load({}), loss, steps=1)

    model = make_model(people, builder=lambda modalities, task: Watched())
    answers = both(program, people, model=model).visit()
    masks = [answer["head.weight"] for answer in answers.values()]
    assert float((masks[0] - masks[1]).abs().max()) > 1e-4


def test_global_generators_are_set_and_put_back():
    before = torch.get_rng_state()
    with layer_randomness([7, 8], "cpu"):
        first, source = torch.rand(3), current_draws()
        assert source is not None and source.of_many("a", (2,), 2).shape == (2, 2)
    assert torch.equal(torch.get_rng_state(), before) and current_draws() is None
    with layer_randomness([7], "cpu"):
        assert torch.equal(torch.rand(3), first)
