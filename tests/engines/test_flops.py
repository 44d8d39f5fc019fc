"""Operations by block, against counts by hand."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from counterpoint.data import Modality, Task
from counterpoint.data.samples import Batch
from counterpoint.engines.flops import flops_by_block
from counterpoint.models import Model, ModelSettings, build_model
from counterpoint.models.decomposed import Decomposed

SEQUENCE = {"acc": Modality("acc", "sequence", (3, 20)), "gyro": Modality("gyro", "sequence", (3, 20))}
TASK = Task(("a", "b", "c", "d"))


def built(builder: Callable[..., nn.Module] | None = None, **settings: Any) -> dict[str, int]:
    model = build_model(SEQUENCE, TASK, ModelSettings(**settings), 0, builder)
    return flops_by_block(model, SEQUENCE)


class ByHand(nn.Module):
    """A convolution, a GRU or an LSTM, and linear layers."""

    def __init__(self, *_: Any) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict({"acc": nn.Conv1d(3, 8, 5), "gyro": nn.GRU(3, 6, batch_first=True)})
        self.recurrent = nn.LSTM(3, 7, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Sequential(nn.Linear(8, 16), nn.Linear(16, 4))
        self.unused = nn.Linear(9, 9)

    def forward(self, batch: Batch) -> Tensor:
        first = self.encoder["acc"](batch.x["acc"]).mean(2)
        second = self.encoder["gyro"](batch.x["gyro"].transpose(1, 2))[0].mean((1, 2))
        third = self.recurrent(batch.x["gyro"].transpose(1, 2))[0].mean((1, 2))
        found: Tensor = self.head(self.norm(first)) + second[:, None] + third[:, None]
        return found


def test_counts_by_hand():
    found = built(ByHand)
    assert found["encoder.acc"] == 2 * 8 * 3 * 5 * 16
    assert found["encoder.gyro"] == 2 * 20 * 3 * 6 * (3 + 6)
    assert found["head"] == 2 * (8 * 16 + 16 * 4)
    assert found["norm"] == 2 * 16, "not counted by PyTorch: two a parameter"
    assert found["unused"] == 2 * 90, "and so is what is not called"
    assert found["recurrent"] == 2 * 20 * 4 * 7 * (3 + 7)


def test_every_block_costs_something():
    found = built(encoder="gru")
    assert set(found) == {"encoder.acc", "encoder.gyro", "fusion", "head"}
    assert found["encoder.acc"] == found["encoder.gyro"] > 100 * found["head"]
    assert found["head"] == 2 * 64 * 4


def test_attention_by_hand():
    text = {"text": Modality("text", "text", (10,))}
    found = flops_by_block(build_model(text, TASK, ModelSettings(encoder="transformer"), 0), text)
    steps, width = 10, 64
    projections, scores = 2 * steps * width * width * 4, 2 * 2 * steps * steps * width
    feed = 2 * 2 * steps * width * 2 * width
    assert found["encoder.text"] == 2 * (projections + scores + feed) + 2 * width * width, "two layers, and the last"
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_block_is_not_taken_for_a_part_of_another_that_has_its_name():
    encoders = {m: nn.Sequential(nn.Flatten(), nn.Linear(60, 64)) for m in SEQUENCE}
    found = flops_by_block(Model(Decomposed(encoders, 64, 6), SEQUENCE), SEQUENCE)
    assert found["split.acc"] == 2 * 2 * 64 * 32
    assert found["common"] == 2 * (32 * 6 + 6), "not 2 * 64 * 32, which split.acc.common takes"


def test_it_changes_nothing():
    model = build_model(SEQUENCE, TASK, ModelSettings(), 0)
    before = {n: v.clone() for n, v in model.initial.items()}
    state = torch.random.get_rng_state()
    flops_by_block(model, SEQUENCE)
    assert all(torch.equal(before[n], v) for n, v in model.initial.items())
    assert torch.equal(state, torch.random.get_rng_state())
