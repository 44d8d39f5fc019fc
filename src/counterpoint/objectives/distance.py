"""Distances between models."""

from collections.abc import Mapping

import torch
from torch import Tensor


def squared_distance(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> Tensor:
    """||a - b||^2, the sum of squared differences over all floating-point tensors that both have; a scalar.

    The square matters: the gradient of mu/2 ||w - v||^2 is mu (w - v), which vanishes at w = v. That of the plain norm
    has length mu everywhere. Buffers have no gradient, so they only shift the value.

    Args:
        a: tensors by name.
        b: tensors by name.
    """
    return torch.stack([(a[n] - b[n]).square().sum() for n in a if n in b and a[n].is_floating_point()]).sum()


def inner_product(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> Tensor:
    """<a, b>, the sum of products over all tensors that `b` has; a scalar. Its gradient with respect to a is b.

    Args:
        a: tensors by name, at least those of b.
        b: tensors by name.
    """
    return torch.stack([(a[n] * value).sum() for n, value in b.items()]).sum()
