"""Losses between sequences of embeddings."""

from typing import Literal

from torch import Tensor

Axis = Literal["time", "feature"]
FLOOR = 1e-7
"""Added to a teacher's shares, so that their logarithms are finite."""


def sequence_divergence(student: Tensor, teacher: Tensor, temperature: float = 3.0, axis: Axis = "time") -> Tensor:
    """How far a sequence of embeddings is from another, for each row.

        p = softmax(s / T), q = softmax(t / T) + 1e-7, D(s || t) = T^2 sum q (log q - log p).

    The softmax is over the steps of each feature (`time`) or over the features of each step; the sum over both. D(s||s)
    is of the order of 1e-7 times the number of values, not 0, for the sake of what is added. The teacher gets no
    gradient; that of the student is T (p sum q - q).

    Args:
        student: [rows, steps, features].
        teacher: likewise.
        temperature: T.
        axis: of the softmax. Over a single step all shares are 1 and there is nothing to learn: `feature` is taken.

    Returns:
        [rows].
    """
    dim = 2 if axis == "feature" or student.shape[1] == 1 else 1
    log_p = (student / temperature).log_softmax(dim)
    q = (teacher.detach() / temperature).softmax(dim) + FLOOR
    return temperature**2 * (q * (q.log() - log_p)).sum((1, 2))


def reconstruction_error(written: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of each row over steps and features, [..., rows] from [..., rows, steps, features]."""
    return (written - target.detach()).square().mean((-2, -1))
