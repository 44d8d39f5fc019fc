"""Losses that draw one set of predictions towards another."""

from torch import Tensor
from torch.nn import functional


def soft_divergence(student: Tensor, teacher: Tensor, temperature: Tensor | float = 1.0) -> Tensor:
    """KL(p || q) of each row, p = softmax(teacher / T), q = softmax(student / T); no factor T^2.

    0 where both agree, never negative, the same when a constant is added to all logits of a row. Its gradient with
    respect to the student's logits is (q - p) / T; the teacher gets none.

    Args:
        student: logits [rows, classes].
        teacher: logits [rows, classes].
        temperature: T, one for all or [rows].

    Returns:
        [rows].
    """
    t = temperature[:, None] if isinstance(temperature, Tensor) and temperature.dim() else temperature
    p = functional.log_softmax(teacher.detach() / t, 1)
    q = functional.log_softmax(student / t, 1)
    return (p.exp() * (p - q)).sum(1)
