"""A generator of features of a class."""

import torch
from torch import Tensor
from torch.func import functional_call

from counterpoint.models.generator import ConditionalGenerator
from counterpoint.models.stacking import stackable_copy, unstackable
from counterpoint.objectives import cross_entropy, diversity

NOISE, CLASSES, OUT = 5, 4, 6


def made(seed: int = 0) -> ConditionalGenerator:
    torch.manual_seed(seed)
    return ConditionalGenerator(NOISE, CLASSES, 16, OUT)


def noises(rows: int, seed: int = 1) -> Tensor:
    return torch.rand(rows, NOISE, generator=torch.Generator().manual_seed(seed))


def test_it_is_the_formula() -> None:
    g, e, y = made(), noises(7), torch.tensor([0, 1, 2, 3, 3, 0, 1])
    hidden = torch.cat([e, torch.eye(CLASSES)[y]], 1) @ g.hidden.weight.T + g.hidden.bias
    centred = hidden - hidden.mean(1, keepdim=True)
    normed = centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()
    expected = torch.relu(normed) @ g.out.weight.T + g.out.bias
    assert torch.allclose(g(e, y), expected, atol=1e-6)
    assert {n: tuple(p.shape) for n, p in g.named_parameters()} == {
        "hidden.weight": (16, NOISE + CLASSES),
        "hidden.bias": (16,),
        "norm.weight": (16,),
        "norm.bias": (16,),
        "out.weight": (OUT, 16),
        "out.bias": (OUT,),
    }
    assert not list(g.buffers()), "nothing that mixing could not average"


def test_a_row_depends_on_no_other_and_on_both_inputs() -> None:
    g, e, y = made(), noises(6), torch.tensor([0, 1, 2, 3, 0, 1])
    whole = g(e, y)
    assert torch.allclose(whole[2:4], g(e[2:4], y[2:4]), atol=1e-6)
    assert not torch.allclose(whole, g(noises(6, seed=2), y), atol=1e-2), "two noises are two features"
    assert not torch.allclose(whole, g(e, (y + 1) % CLASSES), atol=1e-2), "two classes are two features"


def test_many_generators_at_once_are_those_of_each() -> None:
    many = [made(seed) for seed in range(3)]
    assert unstackable(many[0]) == []
    twin = stackable_copy(many[0])
    stack = {n: torch.stack([dict(g.named_parameters())[n] for g in many]) for n, _ in many[0].named_parameters()}
    e = torch.stack([noises(8, seed) for seed in range(3)])
    y = torch.stack([torch.arange(8) % CLASSES, torch.zeros(8, dtype=torch.int64), torch.arange(8) // 2])

    def loss(params: dict[str, Tensor], noise: Tensor, label: Tensor) -> Tensor:
        return functional_call(twin, params, (noise, label)).square().sum()

    grads, values = torch.vmap(torch.func.grad_and_value(loss))(stack, e, y)
    for i, g in enumerate(many):
        alone = g(e[i], y[i]).square().sum()
        assert torch.allclose(values[i], alone)
        for (name, _), grad in zip(g.named_parameters(), torch.autograd.grad(alone, list(g.parameters())), strict=True):
            assert torch.allclose(grads[name][i], grad, atol=1e-4), name


def test_it_learns_what_a_classifier_calls_each_class_and_keeps_its_variety() -> None:
    g, source = made(), torch.Generator().manual_seed(3)
    classifier = torch.nn.Linear(OUT, CLASSES).requires_grad_(False)
    optimiser = torch.optim.Adam(g.parameters(), 1e-2)
    for _ in range(150):
        e = torch.rand(32, NOISE, generator=source)
        y = torch.randint(CLASSES, (32,), generator=source)
        feature = g(e, y)
        loss = cross_entropy(classifier(feature), y).mean() + diversity(e, feature)
        optimiser.zero_grad(), loss.backward(), optimiser.step()
    y = torch.arange(CLASSES).repeat(50)
    features = g(noises(len(y), seed=9), y).detach()
    right = classifier(features).argmax(1) == y
    assert min(float(right[y == c].float().mean()) for c in range(CLASSES)) >= 0.9
    assert min(float(features[y == c].std(0).mean()) for c in range(CLASSES)) > 0.05
