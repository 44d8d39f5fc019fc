"""What comes of a function that was run over the rows of many clients."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from counterpoint.engines.gather import Look
from counterpoint.engines.values import Stack, rebuilt
from counterpoint.methods.client import Reduce


def counting(output: Any, mask: Tensor) -> Any:
    """The rows of an output, a tensor or named tensors [active, rows, ...], that count."""
    return rebuilt(output, lambda rows: rows[mask])


def whose(look: Look) -> Tensor:
    """Whose each row of a look is that counts, in the order of its mask."""
    at = look.at.to(look.mask.device)
    return at[:, None].expand(look.mask.shape)[look.mask]


def by_name(outputs: Sequence[tuple[Any, Tensor]], reduce: Callable[[Sequence[tuple[Tensor, Tensor]]], Stack]) -> Any:
    """Outputs of a folded function, tensors or named tensors of rows with their owners, reduced name by name."""
    first = outputs[0][0]
    if isinstance(first, Tensor):
        return reduce(outputs)
    return {name: reduce([(output[name], whose) for output, whose in outputs]) for name in first}


def reduced(parts: Sequence[tuple[Tensor, Tensor]], sizes: Sequence[int], how: Reduce) -> Stack:
    """Rows and whose they are, as one value a client."""
    rows, whose = (torch.cat([part[i] for part in parts]) for i in (0, 1))
    rows = rows if rows.is_floating_point() or rows.is_complex() or how == "concatenate" else rows.long()
    if how == "concatenate":
        if len(set(sizes)) > 1:
            raise TypeError("rows of clients with unequal numbers of samples cannot be concatenated in one stack")
        return Stack(rows[whose.argsort(stable=True)].view(len(sizes), -1, *rows.shape[1:]))
    total = rows.new_zeros((len(sizes), *rows.shape[1:])).index_add_(0, whose, rows)
    if how == "sum":
        return Stack(total)
    return Stack(total / torch.tensor(sizes, device=rows.device).view(-1, *[1] * (rows.dim() - 1)))
