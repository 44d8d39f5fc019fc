"""Losing an exact number of modalities, and never all of a row."""

import math

import torch
from torch import Tensor

from counterpoint.errors import UserError


def check_rate(rate: float, modalities: int) -> None:
    """Refuse a rate that would leave rows without any modality.

    Raises:
        UserError: rate > (modalities - 1) / modalities.
    """
    if rate == 0 or rate * modalities <= modalities - 1:
        return
    if modalities == 1:
        raise UserError(f"missing rate {rate:g}: there is only one modality and it cannot be missing; use none.")
    most = math.floor(1e4 * (modalities - 1) / modalities) / 1e4
    raise UserError(
        f"missing rate {rate:g} is too high: with {modalities} modalities, of which everyone keeps one, at most {most} "
        "can be lost; use that or less."
    )


def draw(
    present: Tensor,
    rate: float,
    generator: torch.Generator,
    *,
    odds: Tensor | None = None,
    always: int | None = None,
) -> Tensor:
    """Lose an exact number of modalities and never all of a row.

    Every row protects one of its present modalities, uniformly at random, or `always` the same where it has that one.
    Of the other present entries exactly round(rate * entries) are lost, without replacement, where `entries` counts
    what is present. If the origin itself lacks so much that fewer can be lost, all that can be are.

    Which are lost is uniform; with `odds`, entries are drawn one after another, each time with a chance in proportion
    to exp(odds) among those that are left. These are the ones with the largest odds + g, where every entry has a g of
    its own from the Gumbel distribution.

    Args:
        present: bool [rows, modalities], what is there to begin with. A row may be a client or a sample.
        rate: in [0, 1).
        generator: where the chance comes from.
        odds: float64 [rows], finite log-odds of the rows.
        always: the column that is never lost.

    Returns:
        bool [rows, modalities], what is kept: never more than `present`, never nothing in a row that had something.

    Raises:
        UserError: the rate is too high for so few modalities.
    """
    check_rate(rate, present.shape[1])
    luck = torch.rand(present.shape, generator=generator, dtype=torch.float64)
    if always is not None:
        luck[:, always] = 1.0  # all others are below
    luck = luck.masked_fill(~present, -1.0)
    protected = torch.zeros_like(present).scatter_(1, luck.argmax(dim=1, keepdim=True), True)
    spare = (present & ~protected).flatten().nonzero().flatten()
    lost = min(round(rate * int(present.sum())), len(spare))
    kept = present.clone().flatten()
    kept[spare[_order(spare // present.shape[1], odds, generator)[:lost]]] = False
    return kept.view_as(present)


def _order(row: Tensor, odds: Tensor | None, generator: torch.Generator) -> Tensor:
    """The order in which entries are lost, int64 [entries].

    Args:
        row: int64 [entries], the row of each.
        odds: float64 [rows], or None.
        generator: where the chance comes from.
    """
    if odds is None:
        return torch.randperm(len(row), generator=generator)
    gumbel = -torch.log(-torch.log(torch.rand(len(row), generator=generator, dtype=torch.float64)))
    return (odds[row] + gumbel).argsort(descending=True, stable=True)
