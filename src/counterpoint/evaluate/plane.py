"""A map in two dimensions of the embeddings of two modalities."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

AXES = 2


@dataclass(frozen=True)
class Plane:
    """Where embeddings lie in the plane that shows most of how they differ.

    Attributes:
        a: of one modality, float64 [n, 2].
        b: of the other, float64 [m, 2].
        share: of the variance of both together, along each axis, float64 [2].
        centre: of both together, float64 [width].
        axes: float64 [2, width]; zeros where nothing varies.
    """

    a: Tensor
    b: Tensor
    share: Tensor
    centre: Tensor
    axes: Tensor

    def onto(self, x: Tensor) -> Tensor:
        """Where other embeddings [n, width], normalised too, lie in this plane, float64 [n, 2]."""
        return (normalize(x.detach().double(), dim=1) - self.centre) @ self.axes.T


def plane(a: Tensor, b: Tensor) -> Plane:
    """The first two principal components of the normalised embeddings of both modalities together.

    Rows are centred on the mean of all, so that a gap between modalities shows. An axis points to where the largest
    of its loadings is positive; the first of equally large ones. Double precision throughout. An axis along which
    nothing varies is 0.

    Args:
        a: [n, width].
        b: [m, width].

    Raises:
        ValueError: there is no row.
    """
    if not len(a) + len(b):
        raise ValueError("a map needs embeddings")
    both = normalize(torch.cat([a, b]).detach().double(), dim=1)
    centre = both.mean(0)
    centred = both - centre
    _, lengths, found = torch.linalg.svd(centred, full_matrices=False)
    largest = found.abs().argmax(1, keepdim=True)
    found = found * found.gather(1, largest).sign()
    kept = min(AXES, len(lengths))
    axes, share = both.new_zeros(AXES, both.shape[1]), both.new_zeros(AXES)
    variance = lengths.square()
    if float(variance.sum()) > torch.finfo(both.dtype).eps:  # else all lie in one point, up to rounding
        axes[:kept] = found[:kept]
        share[:kept] = variance[:kept] / variance.sum()
    places = centred @ axes.T
    return Plane(places[: len(a)], places[len(a) :], share, centre, axes)
