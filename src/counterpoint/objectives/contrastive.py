"""Losses between embeddings of two modalities: a row's own counterpart is right, that of any other row is not."""

import torch
from torch import Tensor

from counterpoint.objectives.distillation import soft_divergence

NEVER = -1e9
"""In place of the similarity to what is no candidate: finite, so that no gradient is, and exp of it is exactly 0."""

Pair = tuple[Tensor, Tensor]


def contrastive(a: Tensor, b: Tensor, counts: Tensor, temperature: Tensor | float) -> Tensor:
    """Symmetric contrastive loss of each row of a batch of pairs.

    With z = x / ||x|| and s_ij = <z^a_i, z^b_j> / T over the rows that count:

        -log softmax(s_i.)_i - log softmax(s_.i)_i,

    the sum of both directions, not their half. The same when a and b are exchanged. Where all similarities are equal,
    which is chance, it is 2 ln B with B the number of rows that count; of a single one it is 0.

    Args:
        a: [rows, width].
        b: [rows, width].
        counts: bool [rows]: has both modalities, and does not only fill a batch up. Other rows are neither queries nor
            candidates, whatever their values are, and get 0.
        temperature: T.

    Returns:
        [rows]. For the mean over the rows that count see `mean_of_counted`: that of a batch is over more rows where
        some lack a modality.
    """
    s = _similarities((a, b), counts) / temperature
    s = torch.where(_candidates(counts), s, NEVER)
    return s.logsumexp(1) + s.logsumexp(0) - 2 * s.diagonal()


def similarity_divergence(student: Pair, teacher: Pair, counts: Tensor, temperature: Tensor | float) -> Tensor:
    """How far the similarities of a row to all others are from the teacher's, in both directions.

    With s as in `contrastive` and t likewise of the teacher:

        KL(softmax(t_i.) || softmax(s_i.)) + KL(softmax(t_.i) || softmax(s_.i)).

    It binds how rows lie to one another, not where they lie: a rotation of the student's space, the same for both
    modalities, changes nothing. 0 at agreement, never negative. The teacher gets no gradient.

    Args:
        student: embeddings of both modalities, each [rows, width].
        teacher: likewise, of any width.
        counts: as in `contrastive`.
        temperature: T, of both.

    Returns:
        [rows], 0 where a row does not count.
    """
    candidates = _candidates(counts)
    s, t = (torch.where(candidates, _similarities(pair, counts) / temperature, NEVER) for pair in (student, teacher))
    return soft_divergence(s, t) + soft_divergence(s.T, t.T)


def embedding_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """||z - z_t||^2 of each row, z = x / ||x||, the sum over the width: from 0 to 4.

    The teacher gets no gradient.

    Args:
        student: [rows, width].
        teacher: likewise.

    Returns:
        [rows].
    """
    return (unit(student) - unit(teacher.detach())).square().sum(1)


def mean_of_counted(values: Tensor, counts: Tensor) -> Tensor:
    """The mean over the rows that count of values [rows], a scalar; 0 where none does."""
    return torch.where(counts, values, 0.0).sum() / counts.sum().clamp(min=1)


def unit(x: Tensor) -> Tensor:
    """x / ||x|| of each row.

    A row of zeros stays one and has no gradient; that of a quotient would be without bound.
    """
    square = x.square().sum(1, keepdim=True)
    some = square > 0
    return torch.where(some, x * torch.where(some, square, 1.0).rsqrt(), 0.0)


def _similarities(pair: Pair, counts: Tensor) -> Tensor:
    """Cosines [rows, rows]; 0 where a row does not count."""
    a, b = (unit(torch.where(counts[:, None], x, 0.0)) for x in pair)
    return a @ b.T


def _candidates(counts: Tensor) -> Tensor:
    """Who is a candidate for whom, bool [rows, rows]: those that count for one another, and each row for itself.

    So a row that does not count has itself alone to choose from, and every loss of a choice is 0 there.
    """
    itself = torch.eye(len(counts), dtype=torch.bool, device=counts.device)
    return (counts[:, None] & counts) | itself
