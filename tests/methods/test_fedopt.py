"""The adaptive server optimisers against the paper's formulas on single numbers."""

from math import sqrt
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from counterpoint.exchange import Weights
from counterpoint.methods import METHODS
from counterpoint.methods.fedopt import FedOpt
from counterpoint.models import Model

LR, BETA1, TAU, BETA2 = 0.1, 0.9, 0.01, 0.99


class Two(nn.Module):
    """Two blocks of one number each, and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
        self.register_buffer("seen", torch.tensor(5.0))
        nn.init.constant_(self.a.weight, 1.0)
        nn.init.constant_(self.b.weight, 2.0)


def number(value: float) -> torch.Tensor:
    return torch.tensor([[value]])


def upload(samples: int, a: float, b: float | None = None) -> Weights:
    held = {"a.weight": number(a), "seen": torch.tensor(a)}
    return Weights(held | ({} if b is None else {"b.weight": number(b)}), torch.tensor(samples))


def started(name: str) -> Any:
    options = {"server_lr": LR, "beta1": BETA1, "tau": TAU} | ({} if name == "fedadagrad" else {"beta2": BETA2})
    method = METHODS[name](**options)
    method.build(Model(Two(), []))
    method.start(SimpleNamespace())  # type: ignore[arg-type]
    return method


def meets(method: Any, *uploads: Weights) -> None:
    method.round(SimpleNamespace(sample=lambda: [0], stream=lambda *_: iter(uploads)))


def second_moment(name: str, v: float, delta: float) -> float:
    square = delta * delta
    if name == "fedadagrad":
        return v + square
    if name == "fedadam":
        return BETA2 * v + (1 - BETA2) * square
    sign = (v > square) - (v < square)
    return v - (1 - BETA2) * square * sign


@pytest.mark.parametrize("name", ["fedadam", "fedyogi", "fedadagrad"])
def test_two_rounds_by_hand(name: str):
    method = started(name)
    # round 1: averages by samples: a = (1*1 + 3*3)/4 = 2.5, b = 2.001; so D = 1.5 and 0.001
    meets(method, upload(1, 1.0, 2.001), upload(3, 3.0, 2.001))
    w, m, v = {}, {}, {}
    for block, start, delta in (("a", 1.0, 1.5), ("b", 2.0, 0.001)):
        m[block] = (1 - BETA1) * delta
        v[block] = second_moment(name, TAU**2, delta)
        w[block] = start + LR * m[block] / (sqrt(v[block]) + TAU)
        assert float(method.weights[f"{block}.weight"]) == pytest.approx(w[block], rel=1e-5)
    # round 2: only a comes, at -1; b is nobody's
    meets(method, upload(2, -1.0))
    delta = -1.0 - w["a"]
    m["a"] = BETA1 * m["a"] + (1 - BETA1) * delta
    v["a"] = second_moment(name, v["a"], delta)
    w["a"] += LR * m["a"] / (sqrt(v["a"]) + TAU)
    for block in ("a", "b"):
        assert float(method.weights[f"{block}.weight"]) == pytest.approx(w[block], rel=1e-5)
        assert float(method.first[f"{block}.weight"]) == pytest.approx(m[block], rel=1e-4)
        assert float(method.second[f"{block}.weight"]) == pytest.approx(v[block], rel=1e-4)


def test_the_start():
    method = started("fedadam")
    assert float(method.first["a.weight"]) == 0.0
    assert float(method.second["a.weight"]) == pytest.approx(TAU**2)


@pytest.mark.parametrize("name", ["fedadam", "fedyogi", "fedadagrad"])
def test_a_block_that_nobody_uploaded_keeps_everything(name: str):
    method = started(name)
    meets(method, upload(1, 2.0, 3.0))
    held = [state["b.weight"].clone() for state in (method.weights, method.first, method.second)]
    meets(method, upload(1, 2.5))
    meets(method)
    after = [state["b.weight"] for state in (method.weights, method.first, method.second)]
    assert all(torch.equal(old, new) for old, new in zip(held, after, strict=True))
    assert float(method.first["b.weight"]) != 0


def test_buffers_are_averaged_not_optimised():
    method = started("fedadam")
    meets(method, upload(1, 2.0), upload(3, 6.0))
    assert float(method.weights["seen"]) == 5.0 * 0 + (2.0 + 3 * 6.0) / 4
    assert "seen" not in method.first and "seen" not in method.second


def test_yogi_on_either_side_of_the_square():
    yogi: FedOpt = started("fedyogi")
    v, square = torch.tensor([4.0, 1.0, 2.0]), torch.tensor([1.0, 4.0, 2.0])
    assert yogi.second_moment(v, square).tolist() == pytest.approx([4 - 0.01, 1 + 0.04, 2.0])
