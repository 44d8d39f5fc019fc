"""Contrast of pairs, and what ties a student's space to a teacher's."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from counterpoint.engines.record import record
from counterpoint.objectives import contrastive, embedding_distance, mean_of_counted, similarity_divergence
from counterpoint.objectives.contrastive import unit

ROWS, WIDTH, T = 6, 4, 0.2


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def every(rows: int = ROWS) -> Tensor:
    return torch.ones(rows, dtype=torch.bool)


SOME = torch.tensor([True, False, True, True, False, True])
A, B, C, D = (drawn(ROWS, WIDTH, seed=seed) for seed in range(4))

LOSSES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "contrastive": lambda a, b, counts: contrastive(a, b, counts, T),
    "divergence": lambda a, b, counts: similarity_divergence((a, b), (C, D), counts, T),
}


def test_it_is_the_sum_of_two_cross_entropies() -> None:
    s = normalize(A, dim=1) @ normalize(B, dim=1).T / T
    right = torch.arange(ROWS)
    expected = cross_entropy(s, right, reduction="none") + cross_entropy(s.T, right, reduction="none")
    assert torch.allclose(contrastive(A, B, every(), T), expected, rtol=1e-12)
    assert torch.allclose(contrastive(7 * A, B / 3, every(), T), expected, rtol=1e-12), "lengths are of no account"


def test_a_hand_worked_batch() -> None:
    """Cosines ((1, 0), (0.6, 0.8)) / 0.5: row by row and column by column."""
    a, b = torch.tensor([[2.0, 0.0], [3.0, 4.0]]), torch.tensor([[1.0, 0.0], [0.0, 5.0]])
    first = math.log1p(math.exp((0 - 1) / 0.5)) + math.log1p(math.exp((0.6 - 1) / 0.5))
    second = math.log1p(math.exp((0.6 - 0.8) / 0.5)) + math.log1p(math.exp((0 - 0.8) / 0.5))
    assert contrastive(a, b, every(2), 0.5).tolist() == pytest.approx([first, second], abs=1e-6)


def test_chance_is_twice_the_logarithm_and_alignment_next_to_nothing() -> None:
    a, b = drawn(72, 128, seed=5), drawn(72, 128, seed=6)
    assert float(contrastive(a, b, every(72), 1e4).mean()) == pytest.approx(2 * math.log(72), abs=1e-3)
    assert 2 * math.log(72) == pytest.approx(8.55, abs=0.01)
    same = torch.ones(5, 3)
    assert contrastive(same, same, every(5), 0.07).tolist() == pytest.approx([2 * math.log(5)] * 5, rel=1e-6)
    assert float(contrastive(a, a, every(72), 0.02).max()) < 1e-6


def test_images_and_texts_may_be_exchanged() -> None:
    assert torch.allclose(contrastive(A, B, SOME, T), contrastive(B, A, SOME, T), rtol=1e-12)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("junk", [1e30, math.nan, math.inf])
def test_rows_that_do_not_count_have_no_influence(
    loss: Callable[[Tensor, Tensor, Tensor], Tensor], junk: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = A.clone(), B.clone()
    a[~SOME], b[1], b[4] = junk, -junk, 0
    a.requires_grad_(), b.requires_grad_()
    found = loss(a, b, SOME)
    found.sum().backward()
    monkeypatch.setitem(globals(), "C", C[SOME])
    monkeypatch.setitem(globals(), "D", D[SOME])
    alone = A[SOME].requires_grad_(), B[SOME].requires_grad_()
    expected = loss(*alone, every(int(SOME.sum())))
    expected.sum().backward()
    assert torch.allclose(found[SOME], expected, rtol=1e-12)
    assert found[~SOME].tolist() == [0, 0]
    for whole, part in zip((a, b), alone, strict=True):
        assert torch.allclose(whole.grad[SOME], part.grad, rtol=1e-10)
        assert whole.grad[~SOME].abs().max() == 0


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("count", [0, 1])
def test_of_nothing_to_choose_from_the_loss_and_its_gradient_are_zero(
    loss: Callable[[Tensor, Tensor, Tensor], Tensor], count: int
) -> None:
    a, b = A.clone().requires_grad_(), B.clone().requires_grad_()
    counts = torch.arange(ROWS) < count
    found = loss(a, b, counts)
    mean_of_counted(found, counts).backward()
    assert found.tolist() == [0] * ROWS
    assert a.grad.abs().max() == 0
    assert b.grad.abs().max() == 0


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_gradients(loss: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    a, b = A.clone().requires_grad_(), B.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x, y: loss(x, y, SOME), (a, b))


def test_the_temperature_may_be_learnt() -> None:
    t = torch.tensor(T, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda value: contrastive(A, B, SOME, value), (t,))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_many_clients_at_once_are_as_one_after_another(loss: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    a, b = drawn(5, ROWS, WIDTH, seed=8).requires_grad_(), drawn(5, ROWS, WIDTH, seed=9)
    counts = torch.stack([torch.arange(ROWS) < n for n in (0, 1, 2, 5, 6)])
    together = torch.func.vmap(loss)(a, b, counts)
    (gradient,) = torch.autograd.grad(together.sum(), a)
    for client in range(5):
        own = a[client].detach().clone().requires_grad_()
        alone = loss(own, b[client], counts[client])
        assert torch.allclose(together[client], alone, atol=1e-12)
        assert torch.allclose(gradient[client], torch.autograd.grad(alone.sum(), own)[0], atol=1e-12)
    inner = torch.func.vmap(torch.func.grad(lambda x, y, c: loss(x, y, c).sum()))(a.detach(), b, counts)
    assert torch.allclose(inner, gradient, atol=1e-12)


def test_a_step_can_be_recorded() -> None:
    """Sizes of all tensors follow from those of clients and rows, and nothing is a constant that depends on them."""

    def step(a: Tensor, b: Tensor, counts: Tensor) -> list[Tensor]:
        def one(x: Tensor, y: Tensor, c: Tensor) -> Tensor:
            guide = similarity_divergence((x, y), (y, x), c, T) + embedding_distance(x, y)
            return mean_of_counted(contrastive(x, y, c, T) + guide, c)

        leaf = a.detach().requires_grad_()
        return list(torch.autograd.grad(torch.vmap(one)(leaf, b, counts).sum(), [leaf]))

    def arguments(clients: int, rows: int) -> list[Tensor]:
        a, b = (drawn(clients, rows, WIDTH, seed=seed).float() for seed in (1, 2))
        return [a, b, torch.ones(clients, rows, dtype=torch.bool)]

    assert record(step, arguments).constants == {}


def test_divergence_of_a_hand_worked_row() -> None:
    """The teacher's cosines of row 0 are 1 and 0, the student's both 0: 1/2 each against the softmax of 1 and 0."""
    teacher = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], dtype=torch.float64)
    student = teacher[:, [2, 2, 0]], teacher[:, [2, 0, 2]] * torch.tensor([0.0, 1.0, 0.0])
    assert (unit(student[0]) @ unit(student[1]).T).abs().max() == 0
    p = 1 / (1 + math.exp(-1 / 0.5))
    once = p * math.log(2 * p) + (1 - p) * math.log(2 * (1 - p))
    found = similarity_divergence(student, (teacher, teacher), every(2), 0.5)
    assert found.tolist() == pytest.approx([2 * once] * 2, rel=1e-9)


def test_divergence_is_zero_at_agreement_never_negative_and_blind_to_rotations() -> None:
    found = similarity_divergence((A, B), (C, D), SOME, T)
    assert bool((found[SOME] > 0).all())
    rotation = torch.linalg.qr(drawn(WIDTH, WIDTH, seed=11))[0]
    turned = similarity_divergence((A @ rotation, B @ rotation), (A, B), every(), T)
    assert turned.abs().max() < 1e-12
    assert torch.allclose(similarity_divergence((B, A), (D, C), SOME, T), found, rtol=1e-12), (
        "both directions, whichever is first"
    )
    wide = drawn(ROWS, 9, seed=12), drawn(ROWS, 9, seed=13)
    assert similarity_divergence((A, B), wide, every(), T).shape == (ROWS,), "a teacher may be of another width"


def test_teachers_get_no_gradient() -> None:
    student, teacher = [A.clone().requires_grad_(), B.clone()], [C.clone().requires_grad_(), D.clone().requires_grad_()]
    value = similarity_divergence(tuple(student), tuple(teacher), SOME, T) + embedding_distance(student[0], teacher[0])
    value.sum().backward()
    assert student[0].grad.abs().sum() > 0
    assert [t.grad for t in teacher] == [None, None]


def test_embedding_distance_by_hand() -> None:
    student = torch.tensor([[3.0, 4.0], [1.0, 0.0], [0.0, 2.0], [5.0, 0.0]])
    teacher = torch.tensor([[6.0, 8.0], [0.0, 1.0], [0.0, -7.0], [3.0, 4.0]])
    found = embedding_distance(student, teacher)
    assert found.tolist() == pytest.approx([0, 2, 4, 0.4**2 + 0.8**2], abs=1e-6)
    assert torch.autograd.gradcheck(lambda x: embedding_distance(x, B), (A.clone().requires_grad_(),))


def test_a_row_of_zeros_is_no_harm() -> None:
    """A model gives zeros where its last layer is a rectifier that is shut."""
    a = A.clone()
    a[2] = 0
    a.requires_grad_()
    (contrastive(a, B, every(), T) + embedding_distance(a, B)).sum().backward()
    assert bool(a.grad.isfinite().all())
    assert a.grad[2].abs().max() == 0
    assert embedding_distance(a, B)[2].item() == pytest.approx(1)


def test_the_mean_is_over_the_rows_that_count() -> None:
    values = torch.tensor([1.0, math.nan, 4.0])
    assert float(mean_of_counted(values, torch.tensor([True, False, True]))) == 2.5
    assert float(mean_of_counted(values, torch.zeros(3, dtype=torch.bool))) == 0
