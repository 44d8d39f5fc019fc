"""Which rows are looked at in which step."""

import torch
from torch import Tensor


def steps_in(rows: int, batch_size: int, epochs: int) -> int:
    """Steps of that many epochs: the last batch of an epoch may be short."""
    return -(-rows // batch_size) * epochs


def batches(rows: int, batch_size: int, steps: int, generator: torch.Generator) -> list[Tensor]:
    """Row indices of each step: a new order every epoch, drawn from the generator, walked until the steps are used up.

    Args:
        rows: of the split, at least one unless there are no steps.
        batch_size: rows a step.
        steps: how many.
        generator: the client's, for this training.
    """
    plan: list[Tensor] = []
    while len(plan) < steps:
        plan.extend(torch.split(torch.randperm(rows, generator=generator), batch_size))
    return plan[:steps]
