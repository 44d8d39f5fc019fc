"""Frozen parameters neither move nor travel."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from counterpoint.data import Batch, Modality, Population, Task
from counterpoint.engines import Engine
from counterpoint.methods import TrainSettings
from counterpoint.models import Model


class Backbone(nn.Module):
    """A frozen projection of what is there, and a trained head."""

    def __init__(self, modalities: Mapping[str, Modality], task: Task) -> None:
        super().__init__()
        width = next(iter(modalities.values())).shape[0]
        self.backbone = nn.Linear(width, 4).requires_grad_(False)
        self.head = nn.Linear(4, len(task.classes))

    def forward(self, batch: Batch) -> Tensor:
        means = [torch.where(batch.present[m][:, None], batch.x[m].mean(-1), 0.0) for m in sorted(batch.x)]
        return self.head(self.backbone(torch.stack(means).sum(0)))


def test_frozen_parameters_stay_and_are_not_sent(
    make_population: Callable[..., Population],
    make_model: Callable[..., Model],
    make_engine: Callable[..., Engine],
    play: Callable,
) -> None:
    people = make_population()
    model = make_model(people, builder=Backbone)
    decay = TrainSettings(epochs=1, batch_size=4, lr=0.1, weight_decay=0.5, momentum=0.5)
    engine = make_engine(people=people, model=model, train=decay)
    after = play(engine, 2)
    for name, value in after.items():
        assert torch.equal(value, model.initial[name]) == name.startswith("backbone."), name
    blocks = {block for _, _, block in engine.log.traffic}
    assert "head" in blocks
    assert "backbone" not in blocks
