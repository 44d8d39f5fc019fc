from typing import Any

import pytest
import torch

from counterpoint.engines.optimizers import State, make_optimizer
from counterpoint.methods import TrainSettings

THEIRS: dict[str, Any] = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


@pytest.mark.parametrize(
    "settings",
    [
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.05},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.05},
        {"lr": 0.01, "optimizer": "adam"},
        {"lr": 0.01, "optimizer": "adam", "weight_decay": 0.05},
        {"lr": 0.01, "optimizer": "adamw"},
        {"lr": 0.01, "optimizer": "adamw", "weight_decay": 0.05},
    ],
    ids=str,
)
def test_each_equals_its_namesake_in_torch(settings: dict[str, Any]):
    source = torch.Generator().manual_seed(0)
    ours = {"a": torch.randn(3, 4, generator=source), "b": torch.randn((), generator=source)}
    theirs = {n: v.clone().requires_grad_() for n, v in ours.items()}
    wanted = {"weight_decay": 0.0} | {n: v for n, v in settings.items() if n != "optimizer"}
    known = THEIRS[settings.get("optimizer", "sgd")](list(theirs.values()), **wanted, foreach=False)
    optimizer, state = make_optimizer(TrainSettings(**settings)), State()
    for step in range(20):
        grads = {n: torch.randn(v.shape, generator=source) * 10 ** (step % 3 - 1) for n, v in ours.items()}
        for n, leaf in theirs.items():
            leaf.grad = grads[n].clone()
        known.step()
        optimizer.step(ours, grads, state)
        for n, value in ours.items():
            assert torch.equal(value, theirs[n].detach()), (n, step)


def test_what_has_no_gradient_stays_with_its_state():
    optimizer, state = make_optimizer(TrainSettings(lr=0.1, momentum=0.9, weight_decay=0.1)), State()
    tensors = {"a": torch.ones(2), "b": torch.ones(2)}
    optimizer.step(tensors, {"a": torch.ones(2), "b": torch.ones(2)}, state)
    kept = tensors["b"].clone(), state["b"]["momentum"].clone()
    optimizer.step(tensors, {"a": torch.ones(2)}, state)
    assert torch.equal(tensors["b"], kept[0]) and torch.equal(state["b"]["momentum"], kept[1])
    assert not torch.equal(tensors["a"], kept[0])


def test_one_step_by_hand():
    tensors, state = {"a": torch.tensor(2.0)}, State()
    optimizer = make_optimizer(TrainSettings(lr=0.1, momentum=0.5, weight_decay=0.25))
    optimizer.step(tensors, {"a": torch.tensor(1.0)}, state)
    assert float(tensors["a"]) == pytest.approx(2 - 0.1 * (1 + 0.25 * 2))
    optimizer.step(tensors, {"a": torch.tensor(1.0)}, state)
    second = 0.5 * 1.5 + (1 + 0.25 * 1.85)
    assert float(tensors["a"]) == pytest.approx(1.85 - 0.1 * second)
