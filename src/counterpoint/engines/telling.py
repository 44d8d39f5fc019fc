"""What peers and their devices tell of a round, as notes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

import torch
from torch import Tensor

from counterpoint.aggregation.gossip import consensus_distance
from counterpoint.exchange.layout import Tensors

ADDS_UP = ("joules_compute", "joules_send", "silent")
"""Measures of which the sum over peers says something."""
LEAST_IS_WORST = ("battery",)
EACH = 50
"""Up to so many peers, what each tells is recorded in every round; of more, after the last one alone."""

Told = dict[str, dict[int, float]]
"""By measure, by client."""
Notes = Iterator[tuple[str, str, float]]
"""Measure, scope, value."""


def notes_of(told: Told, *, last: bool) -> Notes:
    """What peers told, each one's and in sum; what is not a number is left out.

    Args:
        told: by measure, by client.
        last: whether this is the last round.
    """
    for measure, values in told.items():
        known = {client: value for client, value in values.items() if math.isfinite(value)}
        if not known:
            continue
        if len(values) <= EACH or last:
            for client, value in known.items():
                yield measure, f"client:{client}", value
        yield measure, "clients:mean", fmean(known.values())
        yield measure, "clients:worst", (min if measure in LEAST_IS_WORST else max)(known.values())
        if measure in ADDS_UP:
            yield measure, "clients:sum", math.fsum(known.values())


def by_client(measures: Mapping[str, Tensor], clients: Sequence[int], here: Sequence[int]) -> Told:
    """Measures of all peers in order, by client, of those that run here."""
    some = set(here)
    return {
        measure: {client: v for client, v in zip(clients, values.tolist(), strict=True) if client in some}
        for measure, values in measures.items()
    }


def disagreement(models: list[Tensors]) -> float:
    """sqrt(sum_b mean_k ||w_kb - mean_b||^2): how far the peers' models are from each other, each block over owners."""
    names = sorted({name for model in models for name in model})
    every = ([model[name] for model in models if name in model] for name in names)
    apart = [consensus_distance(torch.stack(own)) ** 2 for own in every if own[0].is_floating_point()]
    return math.sqrt(math.fsum(apart))
