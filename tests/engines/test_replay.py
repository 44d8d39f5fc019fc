"""A replayed step gives the bits of the step itself, at any number of clients and rows."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from counterpoint.engines.identity import NotRecordable
from counterpoint.engines.record import PROBES, record
from counterpoint.engines.replay import compiled

Step = Callable[..., list[Tensor]]
SIZES = [size for size in product(range(2, 10), range(2, 14)) if size not in PROBES]


def values(clients: int, rows: int, seed: int = 0) -> list[Tensor]:
    source = torch.Generator().manual_seed(1000 * seed + 100 * clients + rows)
    shapes = ((clients, rows, 4), (clients, 4), (rows, 4), (4, 4), ())
    return [torch.randn(shape, generator=source) for shape in shapes]


def kept_first(x: Tensor) -> Tensor:
    y = x.clone()
    y[:, 0] = 0
    return y.mul_(2).sub_(x)


def counted(x: Tensor) -> Tensor:
    total = torch.zeros(4)
    total.add_(1.5)
    total[1] += 2
    return x.sum(1) * total


def halves(x: Tensor) -> Tensor:
    a, b = x.chunk(2, -1)
    return functional.cosine_similarity(a, b, dim=-1)


STEPS: dict[str, Step] = {
    "products": lambda x, w, c, m, s: [torch.bmm(x @ m, x.transpose(1, 2)).softmax(-1).sum(2), w * s],
    "means": lambda x, w, c, m, s: [x.mean(1), x.var(1, unbiased=False), (x - c).mean(), x.sum() / x.shape[1]],
    "some rows": lambda x, w, c, m, s: [x[:, :2].sum(1), x[:, -2:], x[:, 1:].amax(1)],
    "places of rows": lambda x, w, c, m, s: [(torch.arange(x.shape[1])[:, None] * x).sum(1), torch.eye(x.shape[1])],
    "shapes": lambda x, w, c, m, s: [
        x.reshape(-1, 4),
        x.flatten(1),
        x.view(x.shape[0] * x.shape[1], 2, 2).sum(0),
        w[:, None].expand(-1, x.shape[1], -1),
        x.permute(1, 0, 2),
        x.permute(0, 1, 2),
    ],
    "constants": lambda x, w, c, m, s: [x * torch.tensor([1.0, 2.0, 3.0, 4.0]), w + torch.arange(4.0), torch.ones(2)],
    "not finite": lambda x, w, c, m, s: [x.clamp(max=float("inf")), torch.where(x > 0, x, float("-inf")).amax(1)],
    "float sizes": lambda x, w, c, m, s: [x.sum(1) * (0.5 * x.shape[1]), x.sum(1) * float(x.shape[1])],
    "several results": lambda x, w, c, m, s: [*x.max(1), *x.topk(2, 1), *x.split(2, -1), *torch.unbind(m)],
    "repeats": lambda x, w, c, m, s: [x.exp() + x.exp(), x.exp().sum(1), (x.exp() * x.exp()).sum(1), x.sum(1)],
    "almost repeats": lambda x, w, c, m, s: [
        x.sum(1) * 1,
        x.sum(1) * 1.0,
        x.sum(2),
        x.sum(1, keepdim=True),
        x + 0.0,
        x - 0.0,
    ],
    "moves": lambda x, w, c, m, s: [x.detach().view(x.shape).expand_as(x).sum(1), x.detach(), w.clone()],
    "dead code": lambda x, w, c, m, s: [(x.exp(), x.sum(1))[1]],
    "inputs handed on": lambda x, w, c, m, s: [w, x, x, s],
    "parts of nothing": lambda x, w, c, m, s: [x[:, :0].sum(1), torch.zeros(0)],
    "in place": lambda x, w, c, m, s: [kept_first(x), kept_first(x).sum(1), x.clone().relu_()],
    "in place on a constant": lambda x, w, c, m, s: [counted(x)],
    "halves of columns": lambda x, w, c, m, s: [halves(x)],
    "types": lambda x, w, c, m, s: [(x > 0).sum(1), x.double().mean(1).float(), x.long().bool(), x.argmax(1)],
    "vmap": lambda x, w, c, m, s: [torch.vmap(lambda a, b: (a @ m * b).sum(0))(x, w)],
}


def same(found: Sequence[Tensor], expected: Sequence[Tensor]) -> bool:
    return all(
        a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.nan_to_num(), b.nan_to_num())
        for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_replay_has_the_bits_of_the_step(step: Step):
    """Twice at each size: a replay leaves nothing behind in its constants, and nothing in its inputs."""
    replay = compiled(record(step, values))
    for clients, rows in [*PROBES, *SIZES]:
        for seed in range(2):
            given = values(clients, rows, seed)
            before = [value.clone() for value in given]
            assert same(replay(clients, rows, *given), step(*given)), (clients, rows)
            assert same(given, before)


def test_gradients_of_a_step():
    def step(x: Tensor, w: Tensor, c: Tensor, m: Tensor, s: Tensor) -> list[Tensor]:
        leaf = w.detach().requires_grad_()
        loss = functional.cross_entropy((x * leaf[:, None] - c).flatten(0, 1), x.argmax(-1).flatten(), reduction="none")
        loss = loss.view(x.shape[:2]).mean(1) + s * (leaf - m[0]).square().sum(1)
        return list(torch.autograd.grad(loss.sum(), [leaf]))

    replay = compiled(record(step, values))
    for clients, rows in SIZES:
        given = values(clients, rows)
        found = replay(clients, rows, *given)
        assert same(found, step(*given)) and not found[0].requires_grad


def test_what_is_not_needed_is_left_out():
    """Dead code, what only hands a value on, and what was computed already."""

    def step(x: Tensor, w: Tensor, c: Tensor, m: Tensor, s: Tensor) -> list[Tensor]:
        x.exp()
        moved = x.detach().view(x.shape)
        return [moved.sin() + x.sin(), x.detach().sin()]

    given = values(4, 6)
    replay = compiled(record(step, values))
    with Watching() as called:
        found = replay(4, 6, *given)
    assert called == ["aten.sin.default", "aten.add.Tensor"]
    assert same(found, step(*given))


def test_a_number_as_a_tensor_is_made_once():
    def step(x: Tensor, w: Tensor, c: Tensor, m: Tensor, s: Tensor) -> list[Tensor]:
        return [w + torch.scalar_tensor(2.0), c + torch.arange(x.shape[1])[:, None]]

    given = values(4, 6)
    replay = compiled(record(step, values))
    with Watching() as called:
        found = replay(4, 6, *given)
    assert "aten.scalar_tensor.default" not in called and any("arange" in name for name in called)
    assert same(found, step(*given))


def test_a_number_that_is_written_to_is_made_anew():
    def step(x: Tensor, w: Tensor, c: Tensor, m: Tensor, s: Tensor) -> list[Tensor]:
        total = torch.scalar_tensor(0.0)
        total.add_(1.5)
        return [w * total]

    replay, given = compiled(record(step, values)), values(4, 6)
    for _ in range(2):
        assert same(replay(4, 6, *given), step(*given))


class Watching(TorchDispatchMode):
    """Writes down which operations are called."""

    def __enter__(self) -> list[str]:
        super().__enter__()
        self.called: list[str] = []
        return self.called

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.called.append(str(func))
        return func(*args, **(kwargs or {}))


CONTRASTIVE: dict[str, Step] = {
    "slices half of the rows": lambda x, w, c, m, s: [x[:, : x.shape[1] // 2].sum(1)],
    "divides by pairs": lambda x, w, c, m, s: [x.sum(1) / (x.shape[1] * (x.shape[1] - 1))],
    "leaves out one": lambda x, w, c, m, s: [x[:, : x.shape[1] - 1].sum(1)],
    "means of pairs": lambda x, w, c, m, s: [torch.triu(x @ x.transpose(1, 2), 1).sum((1, 2)) / x.shape[1] ** 2],
}


@pytest.mark.parametrize("step", CONTRASTIVE.values(), ids=CONTRASTIVE)
def test_sizes_of_contrastive_losses(step: Step):
    """They are refused, or right."""
    try:
        replay = compiled(record(step, values))
    except NotRecordable:
        return
    for clients, rows in SIZES:
        given = values(clients, rows)
        assert same(replay(clients, rows, *given), step(*given)), (clients, rows)
