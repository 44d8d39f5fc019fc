"""One step of local training of a stack: the gradient of each client's loss, built anew or replayed."""

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.engines import handle
from counterpoint.engines.gather import Look
from counterpoint.engines.identity import NotRecordable, identity
from counterpoint.engines.profile import Profile
from counterpoint.engines.record import record
from counterpoint.engines.replay import Replay, compiled, descending
from counterpoint.engines.values import Stack, of_client, parted
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Loss
from counterpoint.models.mode import stacked

LOG = logging.getLogger("counterpoint")
BESIDE = "beside"
"""Under this name `using` has the second batch, if there is one: the fields of a batch."""
WORTH = 100
"""Steps of a training, over all rounds of a run, from which on they are recorded: about what recording costs."""


def call(fn: Callable[..., Any], params: Mapping[str, Any], look: Look, using: Mapping[str, Any]) -> Any:
    """fn(params, batch, using) of one client, for all: tensors [clients, ...]."""
    values, dims = parted(params)
    needed, needed_dims = parted(using)

    def one(tensors: Tensors, fields: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
        return fn(tensors, Batch(**fields), given)

    return torch.vmap(one, in_dims=(dims, look.dims, needed_dims))(values, look.fields, needed)


def gradients(
    loss: Loss, tensors: Mapping[str, Tensor], moving: Sequence[str], look: Look, using: Mapping[str, Any]
) -> list[Tensor]:
    """Gradient of each client's mean loss over the rows that count; zero where the loss does not reach.

    Args:
        loss: of one client.
        tensors: [clients, *shape] by name.
        moving: names of those that are differentiated.
        look: the clients' batches.
        using: what the loss needs beside, with stacks for what differs between clients.
    """
    leaves = {name: tensors[name].detach().requires_grad_() for name in moving}
    every = {name: Stack(leaves.get(name, value)) for name, value in tensors.items()}
    value = call(loss, every, look, using)
    if value.shape == look.mask.shape:
        value = torch.where(look.mask, value, 0.0).sum(1) / look.mask.sum(1)
    elif value.dim() != 1:
        raise TypeError(f"a loss returns one value a row or a scalar, not a tensor of shape {tuple(value.shape[1:])}")
    if not value.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves.values()]
    return list(torch.autograd.grad(value.sum(), list(leaves.values()), allow_unused=True, materialize_grads=True))


class _Inputs:
    """All tensors that go into a step in one list, and the way back.

    A second batch, if it has as many rows as the first, goes in as a batch; else no recording serves the step.

    Attributes:
        tensors: the list.
    """

    def __init__(self, tensors: Mapping[str, Tensor], look: Look, using: Mapping[str, Any]) -> None:
        self.tensors: list[Tensor] = []
        self._dims: list[tuple[bool, bool]] = []
        self._names: list[Hashable] = []
        self._params = {name: self._put(value, True, False) for name, value in tensors.items()}
        self._fields = {name: self._field(value, look.dims[name]) for name, value in look.fields.items()}
        self._field_dims = look.dims
        self._using = self._needed(using)
        second = using.get(BESIDE)
        self.alike = second is None or second["mask"].each.shape == look.mask.shape

    def _put(self, value: Tensor, clients: bool, rows: bool) -> int:
        self.tensors.append(value)
        self._dims.append((clients, rows))
        return len(self.tensors) - 1

    def _field(self, value: Any, dim: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._field(part, dim[name]) for name, part in value.items()}
        return self._put(value, dim is not None, True)

    def _needed(self, value: Any, rows: bool = False) -> Any:
        """Places of tensors in the shape of `using`: a place of a stack is in a stack."""
        if isinstance(value, Stack):
            return Stack(self._put(value.each, True, rows))  # type: ignore[arg-type]  # a place stands for the tensor
        if isinstance(value, Tensor):
            return self._put(value, False, rows)
        if isinstance(value, Mapping):
            self._names.append(tuple(value))
            return {name: self._needed(part, rows or name == BESIDE) for name, part in value.items()}
        raise NotRecordable(f"its objective gets a {type(value).__name__} in `using`")

    def place_of(self, name: str) -> int:
        """Where a parameter is in the list."""
        return self._params[name]

    def signature(self) -> Hashable:
        """Equal for steps that one recording serves: what is the same for any number of clients and rows."""
        kinds = [
            (clients, rows, value.shape[clients + rows :], value.dtype)
            for value, (clients, rows) in zip(self.tensors, self._dims, strict=True)
        ]
        return tuple(self._params), tuple(self._fields["x"]), tuple(self._names), tuple(kinds)

    def resized(self, clients: int, rows: int) -> list[Tensor]:
        """The tensors with as many clients and rows as asked for, some of them repeated."""
        found = []
        for value, (has_clients, has_rows) in zip(self.tensors, self._dims, strict=True):
            whole = value.detach()
            for dim, count in enumerate([clients] * has_clients + [rows] * has_rows):
                index = torch.arange(count, device=value.device) % value.shape[dim]
                whole = whole.index_select(dim, index)
            found.append(whole)
        return found

    def back(self, given: Sequence[Tensor]) -> tuple[dict[str, Tensor], Look, dict[str, Any]]:
        """Tensors, look and `using` out of a list like `tensors`."""

        def of(place: Any) -> Any:
            if isinstance(place, Mapping):
                return {name: of(part) for name, part in place.items()}
            return Stack(given[place.each]) if isinstance(place, Stack) else given[place]  # type: ignore[call-overload]

        fields = of(self._fields)
        return of(self._params), Look(torch.empty(0), fields, self._field_dims, fields["mask"]), of(self._using)


@dataclass
class _Known:
    """What is known of a kind of step: how to replay it, or that it cannot be.

    Attributes:
        gradients: returns the gradients.
        descent: moves the tensors.
        fits: by number of rows, whether it gave the right gradients: a loss may do other things with few rows.
    """

    gradients: Replay | None = None
    descent: Replay | None = None
    fits: dict[int, bool] = field(default_factory=dict)


@dataclass
class Steps:
    """Gradient steps of stacks. Kinds of step that come again and again are recorded and replayed.

    Whether a training is recorded depends on the run alone, not on what was computed before or on time: a replayed
    step, which adds a gradient to what it moves as it is computed, may differ from one built anew in the last bit.

    Args:
        profile: where it is told how many were recorded.
    """

    profile: Profile
    _known: dict[Hashable, _Known] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def of(self, loss: Loss, count: float, *, draws: bool = False) -> "Training":
        """The steps of one training.

        Args:
            loss: of one client.
            count: how many such steps there will be in the run.
            draws: whether layers draw random numbers: then no step is recorded.
        """
        if draws or count < WORTH:
            return Training(self, loss, None)
        try:
            return Training(self, loss, identity(loss))
        except NotRecordable as error:
            self.say(str(error))
            return Training(self, loss, None)

    def known(self, kind: Hashable, recorded: Callable[[], _Known]) -> _Known:
        """What is known of a kind of step, recorded if it is new."""
        if kind not in self._known:
            try:
                self._known[kind] = recorded()
                self.profile.recorded += 1
            except NotRecordable as error:
                self._known[kind] = _Known()
                self.say(str(error))
        return self._known[kind]

    def say(self, why: str) -> None:
        """Tell once why steps are not recorded."""
        if why not in self._said:
            self._said.add(why)
            LOG.info("steps of stacks are built anew each time: %s", why)


class Training:
    """Gradient steps of one training: the same loss, the same names, types and shapes of what goes in.

    Args:
        steps: what is known from other trainings.
        loss: of one client.
        kind: tells the loss from others; None if its steps are not to be recorded.
    """

    def __init__(self, steps: Steps, loss: Loss, kind: Hashable | None) -> None:
        self._steps = steps
        self._loss = loss
        self._kind = kind
        self._found: dict[tuple[str, ...], _Known] = {}

    def gradients(
        self, tensors: Mapping[str, Tensor], moving: Sequence[str], look: Look, using: Mapping[str, Any]
    ) -> list[Tensor]:
        """As the function `gradients`. One client alone goes the way of the loop, which is faster for one."""
        if len(look.mask) == 1:
            one = {name: value[0] for name, value in tensors.items()}
            with stacked(False):
                found = handle.gradients(self._loss, one, moving, look.alone(), of_client(using, 0))
            return [found[name].unsqueeze(0) for name in moving]
        if (replayable := self._replayable(tensors, moving, look, using)) is not None:
            known, inputs = replayable
            assert known.gradients is not None
            return known.gradients(*look.mask.shape, *inputs.tensors)
        return gradients(self._loss, tensors, moving, look, using)

    def descend(
        self, tensors: Mapping[str, Tensor], moving: Sequence[str], look: Look, using: Mapping[str, Any], rate: float
    ) -> bool:
        """w <- w - rate * gradient, in place, for the tensors that move; nothing, if the step cannot be replayed.

        Returns:
            Whether it was done.
        """
        if (replayable := self._replayable(tensors, moving, look, using)) is None:
            return False
        known, inputs = replayable
        assert known.descent is not None
        known.descent(*look.mask.shape, *inputs.tensors, -rate)
        return True

    def _replayable(
        self, tensors: Mapping[str, Tensor], moving: Sequence[str], look: Look, using: Mapping[str, Any]
    ) -> tuple[_Known, _Inputs] | None:
        """How to replay a step, and what goes into it."""
        if self._kind is None or min(look.mask.shape) < 2:
            return None
        try:
            inputs = _Inputs(tensors, look, using)
        except NotRecordable as error:
            self._steps.say(str(error))
            self._kind = None
            return None
        if not inputs.alike:
            return None
        known = self._found.get(tuple(moving))
        if known is None:
            kind = (self._kind, tuple(moving), inputs.signature())
            known = self._steps.known(kind, lambda: self._recorded(moving, inputs))
            self._found[tuple(moving)] = known
        rows = look.mask.shape[1]
        if rows not in known.fits:
            known.fits[rows] = known.gradients is not None and self._fits(known.gradients, moving, inputs, look)
        return (known, inputs) if known.fits[rows] else None

    def _recorded(self, moving: Sequence[str], inputs: _Inputs) -> _Known:
        """A recording of a step.

        Raises:
            NotRecordable: it cannot be recorded.
        """
        recording = record(lambda *given: self._anew(moving, inputs, given), inputs.resized)
        return _Known(compiled(recording), descending(recording, [inputs.place_of(name) for name in moving]))

    def _anew(self, moving: Sequence[str], inputs: _Inputs, given: Sequence[Tensor]) -> list[Tensor]:
        tensors, look, using = inputs.back(given)
        return gradients(self._loss, tensors, moving, look, using)

    def _fits(self, replay: Replay, moving: Sequence[str], inputs: _Inputs, look: Look) -> bool:
        """Whether a replay gives the gradients of a step to the bit."""
        expected = self._anew(moving, inputs, inputs.tensors)
        try:
            found = replay(*look.mask.shape, *inputs.tensors)
        except RuntimeError as error:
            self._steps.say(f"a replayed step fails with {look.mask.shape[1]} rows ({error})".splitlines()[0])
            return False
        if all(map(_alike, found, expected)):
            return True
        self._steps.say(f"a replayed step gives other numbers with {look.mask.shape[1]} rows")
        return False


def _alike(found: Tensor, expected: Tensor) -> bool:
    """Equal to the bit."""
    return found.shape == expected.shape and torch.equal(found.nan_to_num(), expected.nan_to_num())
