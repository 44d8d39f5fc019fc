"""The steps of local training of some clients of a stack, one objective after another on each batch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from counterpoint.engines.beside import beside_of
from counterpoint.engines.gather import Look
from counterpoint.engines.measure import measured
from counterpoint.engines.optimizers import Optimizer, State
from counterpoint.engines.steps import Training
from counterpoint.engines.values import rows_of
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Loss
from counterpoint.models.draws import LayerDraws

Turn = tuple[Training, set[str]]
"""What takes the gradients of an objective, and names of the tensors that it may move."""


def descend(
    optimizer: Optimizer,
    turns: Sequence[Turn],
    tensors: Tensors,
    limits: Mapping[str, Sequence[int]],
    longest: Sequence[int],
    looks: Iterator[Look],
    second_looks: Iterator[Look] | None,
    using: Mapping[str, Any],
    state: State,
    drawn: LayerDraws,
) -> None:
    """All steps of some clients, in place.

    Args:
        optimizer: moves them.
        turns: what takes the gradients of each objective, and names of the tensors that it may move.
        tensors: of the clients, in order of falling numbers of steps.
        limits: for each tensor that moves, how many steps each client takes of it.
        longest: how many steps each client takes of any.
        looks: their batches.
        second_looks: batches that are walked beside these.
        using: what the loss needs beside; under `step` it gets the number of the step, if it has such an entry.
        state: of the optimiser.
        drawn: what layers draw from.
    """
    alike = all(limit == longest for limit in limits.values())
    names = list(limits)
    for step, look in enumerate(looks):
        active = len(look.mask)
        drawn.begin(step)
        front = {name: value[:active] for name, value in tensors.items()}
        given = rows_of(using, slice(active)) if using else using
        if second_looks is not None:
            given = {**given, "beside": beside_of(next(second_looks))}
        if "step" in given:
            given = {**given, "step": torch.full_like(given["step"], step)}
        if alike:
            movers: dict[str, Tensor | range] = dict.fromkeys(names, range(active))
        else:
            movers = {name: _movers(limit, step, active) for name, limit in limits.items()}
            names = [name for name, who in movers.items() if len(who)]
        together = alike or all(isinstance(who, range) and len(who) in (0, active) for who in movers.values())
        for gradients, some in turns:
            mine = [name for name in names if name in some]
            lr = optimizer.settings.lr
            if optimizer.plain and together and gradients.descend(front, mine, look, given, lr):
                continue
            for name, grad in zip(mine, gradients.gradients(front, mine, look, given), strict=True):
                optimizer.step_some(tensors[name], grad, state.setdefault(name, {}), movers[name])


def measure_first(
    turn: Turn,
    loss: Loss,
    tensors: Mapping[str, Tensor],
    limits: Mapping[str, Tensor],
    looks: Iterator[Look],
    second_looks: Iterator[Look] | None,
    using: Mapping[str, Any],
) -> None:
    """Time the first step of the first objective, see `measured`."""
    look = None if second_looks is None else next(second_looks, None)
    given = using if look is None else {**using, "beside": beside_of(look)}
    gradients, movers = turn
    measured(gradients, loss, tensors, [name for name in limits if name in movers], looks, given)


def _movers(limit: Sequence[int], step: int, active: int) -> Tensor | range:
    """Which of the first so many clients move a tensor in a step; a range where these are the first ones."""
    if min(limit[:active]) > step:
        return range(active)
    moves = [own > step for own in limit[:active]]
    count = sum(moves)
    return range(count) if all(moves[:count]) else torch.tensor(moves).nonzero().flatten()
