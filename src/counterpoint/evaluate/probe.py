"""A linear probe: what a linear classifier makes of features that stay as they are."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from counterpoint.data.stratify import stratified
from counterpoint.errors import CounterpointError

CONVERGED = 1e-7
"""The largest derivative of the objective at what counts as its minimum."""
MOST_STEPS = 5000
CONSTANT = 1e-6
"""A feature whose standard deviation is no more than this share of its size does not vary, up to rounding."""


@dataclass(frozen=True)
class Probe:
    """A linear classifier of standardised features, in double precision.

    Attributes:
        weight: [classes, width].
        bias: [classes].
        mean: of the training features, [width].
        scale: their standard deviations, 1 where a feature does not vary, [width].
    """

    weight: Tensor
    bias: Tensor
    mean: Tensor
    scale: Tensor


def fit(features: Tensor, label: Tensor, classes: int, penalty: float) -> Probe:
    """Multinomial logistic regression, to convergence.

    With z the features less their mean, over their (population) standard deviation, both of the rows given:

        mean over rows of -log softmax(W z + b)[label] + penalty / 2 (||W||^2 + ||b||^2).

    Other programs weigh the sum over rows with C: penalty = 1 / (C rows). The bias is penalised too: so there is one
    minimum, also where a class has no row, which then becomes improbable and not impossible. L-BFGS from zero, in
    double precision: nothing is drawn. It stops where no derivative exceeds 1e-7, at most their norm / penalty away.

    Args:
        features: [rows, width], at least one row.
        label: int64 [rows], from 0 to classes - 1.
        classes: how many there are.
        penalty: above 0.

    Raises:
        ValueError: there is no row, a label is none, or the penalty is not above 0.
        CounterpointError: features are not finite, or the minimum was not reached.
    """
    if not len(label) or int(label.min()) < 0 or int(label.max()) >= classes or not penalty > 0:
        raise ValueError("a probe needs rows, labels from 0 to classes - 1, and a penalty above 0")
    x = features.detach().double()
    if not bool(x.isfinite().all()):
        raise CounterpointError("a linear probe cannot be fitted: features are not finite")
    mean, deviation = x.mean(0), x.std(0, correction=0)
    scale = torch.where(deviation > CONSTANT * x.abs().amax(0), deviation, 1.0)
    solution = _minimum((x - mean) / scale, label, classes, penalty)
    return Probe(solution[:, :-1], solution[:, -1], mean, scale)


def predict(probe: Probe, features: Tensor) -> Tensor:
    """Logits, float64 [rows, classes], as `tally_rows` takes them.

    Args:
        probe: of `fit`.
        features: [rows, width].
    """
    return ((features.detach().double() - probe.mean) / probe.scale) @ probe.weight.T + probe.bias


def labelled_share(label: Tensor, share: float, draws: torch.Generator) -> Tensor:
    """Choose a share of rows, of each class as many as its share of all, bool [n].

    round(share n) rows by `stratified`, and the first of each class that has rows and would have none. Of generators in
    the same state, larger shares hold the rows of smaller ones, as far as rounding leaves them.

    Args:
        label: int64 [n].
        share: above 0, at most 1.
        draws: says which rows of a class come first.

    Raises:
        ValueError: share is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"a share is above 0 and at most 1, not {share}")
    order = torch.randperm(len(label), generator=draws)
    known = label.cpu()
    chosen = stratified(known, round(share * len(known)), order)
    for one in torch.unique(known).tolist():
        own = (known == one).nonzero().flatten()
        if not bool(chosen[own].any()):
            chosen[own[order[own].argmin()]] = True
    return chosen.to(label.device)


def _minimum(z: Tensor, label: Tensor, classes: int, penalty: float) -> Tensor:
    """Weights and, in the last column, biases: [classes, width + 1]."""
    z = torch.cat([z, z.new_ones(len(z), 1)], 1)
    solution = z.new_zeros(classes, z.shape[1]).requires_grad_()
    solver = torch.optim.LBFGS(
        [solution],
        max_iter=MOST_STEPS,
        max_eval=2 * MOST_STEPS,
        tolerance_grad=CONVERGED,
        tolerance_change=0,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def objective() -> Tensor:
        solver.zero_grad()
        with torch.enable_grad():
            value = cross_entropy(z @ solution.T, label) + penalty / 2 * solution.square().sum()
            value.backward()  # type: ignore[no-untyped-call]
        return value

    solver.step(objective)  # type: ignore[no-untyped-call]
    found = solution.detach()
    error = (z @ found.T).softmax(1) - one_hot(label, classes)
    gradient = error.T @ z / len(z) + penalty * found
    if not float(gradient.abs().max()) <= CONVERGED:
        raise CounterpointError(
            f"a linear probe did not converge in {MOST_STEPS} steps: give it a penalty above {penalty:g}"
        )
    return found
