"""Both engines on a GPU, where there is one, against the sequential engine on the CPU."""

from collections.abc import Callable

import pytest
import torch

from counterpoint.engines import ENGINES, Engine
from counterpoint.exchange import Tensors
from counterpoint.methods import METHODS

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", ["local", "centralized", "fedavg", "scaffold", "fedadam"])
def test_a_gpu_gives_the_weights_of_the_cpu(
    make_engine: Callable[..., Engine], play: Callable[..., Tensors], method: str, engine: str
) -> None:
    expected = play(make_engine(METHODS[method]()))
    there = make_engine(METHODS[method](), kind=ENGINES[engine], device="cuda")
    found = play(there)
    assert all(value.device.type == "cuda" for value in found.values())
    assert max(float((found[name].cpu() - expected[name]).abs().max()) for name in expected) < 1e-4
    answers = there.ask(there.clients, there.method.score_before, there.method.offer())
    assert sorted(answers) == list(there.clients)
