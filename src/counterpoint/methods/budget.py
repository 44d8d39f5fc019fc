"""How many local steps a battery pays for."""

from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from torch import Tensor

Spending = Literal["freely", "evenly"]


def affordable(
    device: Mapping[str, Tensor], wanted: Tensor, blocks: Iterable[str], size: int, spending: Spending, rounds_left: int
) -> Tensor:
    """Local steps of a device in a round, all of whose blocks move in each: int64 scalar, 0 where it is silent.

    A round of K steps costs E(K) = K sum_b e_b + E_send. `freely`: the steps that are wanted, as long as the battery
    pays for them all, and then none. `evenly`: the most steps, up to those wanted, with E(K) <= left / rounds left;
    none where that does not pay for one, and what is saved is shared by the rounds to come.

    Args:
        device: what it has and what it costs, see `Peer.device`.
        wanted: steps, int64 scalar.
        blocks: those that move.
        size: bytes that are sent.
        spending: see above.
        rounds_left: rounds to come, this one included.
    """
    step = torch.stack([device[f"step.{block}"] for block in blocks]).sum()
    purse = device["left"] / (rounds_left if spending == "evenly" else 1)
    rest = purse - device["byte"] * size
    most = torch.where(step > 0, torch.floor(rest / step.clamp(min=1e-300) + 1e-9), wanted.double())
    most = torch.where(rest >= 0, most, 0.0)
    if spending == "freely":
        return torch.where(most >= wanted, wanted, 0)
    return torch.minimum(most, wanted.double()).clamp(min=0).long()
