"""Who has labels. It is said by a short text: `all`, `server`, `server:SHARE` or `rate:SHARE`."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from counterpoint.data.stratify import stratified
from counterpoint.errors import UserError, unknown
from counterpoint.randomness import generator

NAMES = ("all", "server", "rate")
SERVER_SHARE = 0.1
"""Of the training units, where nothing else is said."""


@dataclass(frozen=True)
class Labels:
    """Who knows which labels of the training rows. Labels of test rows are known to whoever scores, and to nobody else.

    Attributes:
        kind: `all`: clients know all of their own; `server`: clients know none, and a share of the training units is
            the server's, with labels; `rate`: clients know a share of their own.
        share: of the training units, or of each client's training rows.
    """

    kind: Literal["all", "server", "rate"] = "all"
    share: float = 1.0

    @property
    def spec(self) -> str:
        """The text that stands for it."""
        return self.kind if self.kind == "all" else f"{self.kind}:{self.share}"

    @property
    def server(self) -> float:
        """The share of the training units that the server gets."""
        return self.share if self.kind == "server" else 0.0

    def known(self, label: Tensor, client: int, seed: int) -> Tensor:
        """Choose the training rows whose labels a client knows: bool [rows].

        With `rate` that is the nearest whole number to the share, at least one row, with classes in proportion, see
        `stratified`.

        A choice by class cannot but look at labels that it then hides: how many rows of each class the client has
        decides how many labelled rows of each it gets. Beyond that it looks at the labels of rows up to the last one
        chosen in an order that the seed draws, see `lottery`; all later ones have no influence on anything. (No exact
        choice by class could do without any of that.)

        Args:
            label: int64 [rows], of the client's training rows.
            client: its id.
            seed: of the run.
        """
        if self.kind != "rate":
            return torch.full_like(label, self.kind == "all", dtype=torch.bool)
        count = min(max(1, round(self.share * len(label))), len(label))
        return stratified(label, count, lottery(len(label), client, seed))


def lottery(rows: int, client: int, seed: int) -> Tensor:
    """Each row's place in the order in which a client's rows get labels, int64 [rows]."""
    return torch.randperm(rows, generator=generator(seed, "labels", client))


def parse(spec: str) -> Labels:
    """Read who has labels; looks at no data.

    Args:
        spec: `all`; `server`, which is `server:0.1`; `server:SHARE`; `rate:SHARE`.

    Raises:
        UserError: it is none of these, or SHARE is out of range.
    """
    name, colon, argument = spec.partition(":")
    if name not in NAMES:
        raise unknown("labels", name, NAMES)
    if name == "all":
        if colon:
            raise UserError(f"labels {spec!r}: all takes nothing after it; write all, or rate:0.1 for a tenth.")
        return Labels()
    if name == "server":
        share = _number(argument) if colon else SERVER_SHARE
        if not 0 < share < 1:
            raise UserError(
                f"labels {spec!r}: write server:SHARE with a number above 0 and below 1, for example server:0.1."
            )
        return Labels("server", share)
    share = _number(argument)
    if not 0 < share <= 1:
        raise UserError(f"labels {spec!r}: write rate:SHARE with a number above 0 and up to 1, for example rate:0.1.")
    return Labels("rate", share)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
