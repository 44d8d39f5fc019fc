"""What a step of local training costs a client in stacks of several widths, and in a loop."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from counterpoint.data.samples import Batch
from counterpoint.engines import handle
from counterpoint.engines.gather import Look
from counterpoint.engines.steps import Training
from counterpoint.engines.values import of_client, rows_of
from counterpoint.engines.widths import candidates
from counterpoint.methods.client import Loss
from counterpoint.models.mode import stacked

REPEATS = 3
AT_MOST = 4.0
"""Seconds: no further width is tried after that."""


class Measured(BaseException):
    """Ends a program that was run only to see what its steps cost.

    Not an `Exception`, so that no program catches it by mistake.

    Attributes:
        seconds: a client-step, by width.
        kept: bytes that a step keeps for its backward pass, a client.
    """

    def __init__(self, seconds: dict[int, float], kept: int) -> None:
        super().__init__("measured")
        self.seconds = seconds
        self.kept = kept


def measured(
    gradients: Training,
    loss: Loss,
    tensors: Mapping[str, Tensor],
    moving: Sequence[str],
    looks: Iterator[Look],
    using: Mapping[str, Any],
) -> None:
    """Time the first step at several widths; nothing is moved.

    Raises:
        Measured: always, unless no client takes a step.
    """
    look = next(looks, None)
    if look is None:
        return
    begun = time.perf_counter()
    tries: dict[int, Callable[[], None]] = {}
    for width in reversed(candidates(len(look.mask))):
        front = {name: value[:width].clone() for name, value in tensors.items()}
        given = rows_of(using, slice(width))
        if width == 1:
            one = {name: value[0] for name, value in front.items()}
            tries[1] = partial(_loop_step, loss, one, moving, look.alone(), of_client(given, 0))
        elif time.perf_counter() - begun < AT_MOST:
            tries[width] = partial(_stack_step, gradients, front, moving, look.first(width), given)
            tries[width]()  # which records it, or does at least what is only done once
    kept = _kept(tries[1])
    seconds = dict.fromkeys(tries, float("inf"))
    for _ in range(REPEATS):
        for width, step in tries.items():
            seconds[width] = min(seconds[width], _seconds(step) / width)
    raise Measured(seconds, kept)


def _loop_step(
    loss: Loss, tensors: dict[str, Tensor], moving: Sequence[str], batch: Batch, using: Mapping[str, Any]
) -> None:
    """A step of one client in the loop."""
    with stacked(False):
        _move(tensors, moving, handle.gradients(loss, tensors, moving, batch, using).values())


def _stack_step(
    gradients: Training, tensors: dict[str, Tensor], moving: Sequence[str], look: Look, using: Mapping[str, Any]
) -> None:
    """A step of a stack."""
    _move(tensors, moving, gradients.gradients(tensors, moving, look, using))


def _move(tensors: Mapping[str, Tensor], moving: Sequence[str], grads: Iterable[Tensor]) -> None:
    with torch.no_grad():
        for name, grad in zip(moving, grads, strict=True):
            tensors[name].add_(grad, alpha=-1e-12)


def _seconds(step: Callable[[], None]) -> float:
    begun = time.perf_counter()
    step()
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()  # a GPU computes on while Python has gone ahead
    return time.perf_counter() - begun


def _kept(step: Callable[[], None]) -> int:
    """Bytes that are kept for the backward pass, each storage once."""
    storages: dict[int, int] = {}

    def note(value: Tensor) -> Tensor:
        memory = value.untyped_storage()
        storages[memory.data_ptr()] = memory.nbytes()
        return value

    with saved_tensors_hooks(note, lambda value: value):
        step()
    return sum(storages.values())
