"""Linear probes against an independent solver, and the rows that they learn from."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from counterpoint.errors import CounterpointError
from counterpoint.evaluate import probe
from counterpoint.randomness import generator

CLASSES, WIDTH = 4, 6


def blobs(n: int, *key: str, apart: float = 1.0) -> tuple[Tensor, Tensor]:
    """Features on very different scales, and labels."""
    centres = torch.randn(CLASSES, WIDTH, generator=generator(0, "centres"))
    draws = generator(1, *key)
    label = torch.randint(0, CLASSES, (n,), generator=draws)
    scale = torch.logspace(-3, 3, WIDTH)
    return (apart * centres[label] + torch.randn(n, WIDTH, generator=draws)) * scale + 5, label


def objective(features: Tensor, label: Tensor, penalty: float, flat: np.ndarray) -> float:
    x = features.double().numpy()
    z = (x - x.mean(0)) / x.std(0)
    weight = flat.reshape(CLASSES, WIDTH + 1)
    logits = z @ weight[:, :-1].T + weight[:, -1]
    top = logits.max(1, keepdims=True)
    log_sum = np.log(np.exp(logits - top).sum(1)) + top[:, 0]
    loss = (log_sum - logits[np.arange(len(x)), label.numpy()]).mean()
    return float(loss + penalty / 2 * (flat**2).sum())


def solution(found: probe.Probe) -> Tensor:
    return torch.cat([found.weight, found.bias[:, None]], 1)


@pytest.mark.parametrize("penalty", [1.0, 1e-2, 1e-3])
def test_it_is_the_minimum_that_another_solver_finds(penalty: float) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    features, label = blobs(120, "train")
    found = probe.fit(features, label, CLASSES, penalty)
    answer = optimize.minimize(
        lambda flat: objective(features, label, penalty, flat),
        np.zeros(CLASSES * (WIDTH + 1)),
        method="BFGS",
        options={"gtol": 1e-7},
    )
    own = solution(found).numpy().ravel()
    assert objective(features, label, penalty, own) <= answer.fun + 1e-10
    assert np.abs(own - answer.x).max() < 1e-3


@pytest.mark.parametrize(("n", "penalty", "apart"), [(300, 1e-4, 0.0), (40, 1e-6, 4.0), (5, 0.1, 1.0), (1, 0.1, 1.0)])
def test_the_gradient_vanishes(n: int, penalty: float, apart: float) -> None:
    """Of noise, of what can be told apart, and of fewer rows than classes."""
    features, label = blobs(n, "train", apart=apart)
    found = probe.fit(features, label, CLASSES, penalty)
    weight = solution(found).requires_grad_()
    z = torch.cat([(features.double() - found.mean) / found.scale, torch.ones(n, 1)], 1)
    loss = torch.nn.functional.cross_entropy(z @ weight.T, label) + penalty / 2 * weight.square().sum()
    assert torch.autograd.grad(loss, weight)[0].abs().max() < 1.1e-7


def test_units_of_features_are_of_no_account() -> None:
    features, label = blobs(200, "train")
    found, scaled = (probe.fit(x, label, CLASSES, 1e-2) for x in (features, features * 1000 - 7))
    assert torch.allclose(probe.predict(found, features), probe.predict(scaled, features * 1000 - 7), atol=1e-3)
    wide = torch.cat([features, torch.full((200, 1), 0.1)], 1)
    constant = probe.fit(wide, label, CLASSES, 1e-2)
    assert float(constant.scale[-1]) == 1, "what does not vary is not blown up"
    assert constant.weight[:, -1].abs().max() < 1e-5
    assert torch.allclose(probe.predict(constant, wide), probe.predict(found, features), atol=1e-4)


def test_it_predicts_what_it_never_saw() -> None:
    (features, label), (unseen, truth) = blobs(400, "train", apart=3), blobs(400, "test", apart=3)
    found = probe.fit(features, label, CLASSES, 1e-2)
    assert probe.predict(found, unseen).shape == (400, CLASSES)
    assert float((probe.predict(found, unseen).argmax(1) == truth).double().mean()) > 0.9


def test_a_class_without_rows_becomes_improbable() -> None:
    features, label = blobs(100, "train")
    kept = label != 2
    found = probe.fit(features[kept], label[kept], CLASSES, 1e-2)
    shares = probe.predict(found, features[kept]).softmax(1)
    assert bool(shares.isfinite().all())
    assert 0 < float(shares[:, 2].mean()) < 0.05
    single = probe.fit(features[label == 1], label[label == 1], CLASSES, 1e-2)
    assert set(probe.predict(single, features).argmax(1).tolist()) == {1}


def test_nothing_is_drawn_and_no_gradient_is_kept() -> None:
    features, label = blobs(80, "train")
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with torch.no_grad():
        one = probe.fit(features, label, CLASSES, 1e-3)
    two = probe.fit(features.requires_grad_(), label, CLASSES, 1e-3)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(solution(one), solution(two))
    assert features.grad is None
    assert not probe.predict(two, features).requires_grad
    assert solution(one).dtype == torch.float64


def test_what_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    features, label = blobs(10, "train")
    for wrong in ((features[:0], label[:0], 4, 1.0), (features, label - 4, 4, 1.0), (features, label, 1, 1.0)):
        with pytest.raises(ValueError, match="a probe needs rows"):
            probe.fit(*wrong)
    for penalty in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="penalty above 0"):
            probe.fit(features, label, CLASSES, penalty)
    features[3, 1] = math.nan
    with pytest.raises(CounterpointError, match="features are not finite"):
        probe.fit(features, label, CLASSES, 1.0)
    monkeypatch.setattr(probe, "MOST_STEPS", 2)
    with pytest.raises(CounterpointError, match="did not converge in 2 steps: give it a penalty above 1e-06"):
        probe.fit(*blobs(100, "train"), CLASSES, 1e-6)


LABEL = torch.tensor([0] * 600 + [1] * 300 + [2] * 97 + [3] * 3)


@pytest.mark.parametrize(("share", "counts"), [(0.01, [6, 3, 1, 1]), (0.1, [60, 30, 10, 1]), (1, [600, 300, 97, 3])])
def test_a_share_has_every_class_in_proportion(share: float, counts: list[int]) -> None:
    chosen = probe.labelled_share(LABEL, share, generator(0, "share"))
    assert chosen.dtype == torch.bool
    assert LABEL[chosen].bincount(minlength=4).tolist() == counts


def test_shares_lie_in_one_another_and_are_drawn_by_the_key_alone() -> None:
    one, ten, again, other = (
        probe.labelled_share(LABEL, share, generator(0, *key))
        for share, *key in ((0.01, "a"), (0.1, "a"), (0.1, "a"), (0.1, "b"))
    )
    assert bool(ten[one].all())
    assert torch.equal(ten, again)
    assert not torch.equal(ten, other)


def test_few_rows_give_one_of_each_class_that_has_any() -> None:
    label = torch.tensor([5, 1, 5, 8, 1, 5])
    chosen = probe.labelled_share(label, 0.01, generator(0))
    assert sorted(label[chosen].tolist()) == [1, 5, 8]
    drawn = {tuple(probe.labelled_share(label, 0.01, generator(0, key)).tolist()) for key in range(60)}
    assert len(drawn) == 3 * 2, "which of a class is chosen is drawn"
    assert probe.labelled_share(label[:0], 0.1, generator(0)).tolist() == []
    for share in (0, 1.1, math.nan):
        with pytest.raises(ValueError, match="a share is above 0"):
            probe.labelled_share(label, share, generator(0))
