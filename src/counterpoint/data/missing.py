"""Which modalities are missing: the text that says so, and the one draw that decides."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from counterpoint.errors import UserError, unknown

Level = Literal["none", "client", "sample"]


@dataclass(frozen=True)
class Missing:
    """What is missing.

    Attributes:
        level: `client`: whole modalities of clients; `sample`: modalities of single rows; `none`: nothing.
        rate: the share of all (client, modality) or (row, modality) pairs that is lost, in [0, 1).
    """

    level: Level = "none"
    rate: float = 0.0

    @property
    def spec(self) -> str:
        """The text that stands for it, for example `client:0.3`."""
        return self.level if self.level == "none" else f"{self.level}:{self.rate}"


def parse(spec: str) -> Missing:
    """Read `none`, `client:RATE` or `sample:RATE`; looks at no data.

    Raises:
        UserError: it is none of these, or RATE is not a number in [0, 1).
    """
    name, colon, argument = spec.partition(":")
    levels: dict[str, Level] = {level: level for level in get_args(Level)}
    if name not in levels:
        raise unknown("missingness", name, levels)
    if name == "none":
        if colon:
            raise UserError(f"missing {spec!r}: none takes nothing after it; write none.")
        return Missing()
    try:
        rate = float(argument)
    except ValueError:
        rate = math.nan
    if not 0 <= rate < 1:
        raise UserError(f"missing {spec!r}: write {name}:RATE with a number from 0 to below 1, for example {name}:0.3.")
    return Missing(levels[name], rate)


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


def draw(present: Tensor, rate: float, generator: torch.Generator) -> Tensor:
    """Lose an exact number of modalities and never all of a row.

    Every row protects one of its present modalities, uniformly at random. Of the other present entries exactly
    round(rate * entries) are lost, chosen uniformly without replacement, where `entries` counts what is present. If the
    origin itself lacks so much that fewer can be lost, all that can be are.

    Args:
        present: bool [rows, modalities], what is there to begin with. A row may be a client or a sample.
        rate: in [0, 1).
        generator: where the chance comes from.

    Returns:
        bool [rows, modalities], what is kept: never more than `present`, never nothing in a row that had something.

    Raises:
        UserError: the rate is too high for so few modalities.
    """
    check_rate(rate, present.shape[1])
    luck = torch.rand(present.shape, generator=generator, dtype=torch.float64).masked_fill(~present, -1.0)
    protected = torch.zeros_like(present).scatter_(1, luck.argmax(dim=1, keepdim=True), True)
    spare = (present & ~protected).flatten().nonzero().flatten()
    lost = min(round(rate * int(present.sum())), len(spare))
    kept = present.clone().flatten()
    kept[spare[torch.randperm(len(spare), generator=generator)[:lost]]] = False
    return kept.view_as(present)
