"""The client handle of a stack: clients of one structure, whose local steps are taken together."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.engines.gather import Gathered, Look
from counterpoint.engines.handle import FOLD_ROWS
from counterpoint.engines.limits import step_limits
from counterpoint.engines.many_memory import ManyDraws, ManyMemories
from counterpoint.engines.memory import ClientMemory, GeneratorDraws
from counterpoint.engines.optimizers import State, make_optimizer
from counterpoint.engines.plan import batches, steps_in
from counterpoint.engines.values import (
    Stack,
    for_each,
    gathered,
    has_stack,
    of_client,
    parted,
    rebuilt,
    rows_of,
    stacked_of,
)
from counterpoint.errors import unknown
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client, Draws, Loss, Reduce, Steps, Value
from counterpoint.methods.settings import TrainSettings
from counterpoint.models.mode import stacked, training
from counterpoint.models.model import Model
from counterpoint.randomness import Key, generator

STACKED_FOLD_ROWS = 64
"""Rows of each client at a time: few, since clients are padded to the longest."""


class ManyClients(Client):
    """Clients of one structure at once; a value of theirs is a `Stack`.

    Args:
        splits: the samples of all of them by name of the split, made when first asked for.
        model: of the run.
        modalities: that each of them owns.
        settings: of local training.
        memories: what each remembers.
        seed: of the run.
        keys: (client, round, visit) of each, as keys of randomness.
    """

    def __init__(
        self,
        splits: Mapping[str, Callable[[], Gathered]],
        *,
        model: Model,
        modalities: Sequence[str],
        settings: TrainSettings,
        memories: Sequence[ClientMemory],
        seed: int,
        keys: Sequence[tuple[Key, ...]],
    ) -> None:
        self.settings = settings
        self.memory = self._memories = ManyMemories(memories)
        self._splits = splits
        self._model = model
        self._owned = model.layout.owned(modalities)
        self._seed = seed
        self._keys = keys
        self._trainings = 0
        self._device = next(iter(model.initial.values())).device

    def _split(self, name: str) -> Gathered:
        if name not in self._splits:
            raise unknown("split", name, self._splits)
        return self._splits[name]()

    @property
    def sizes(self) -> Value:
        """Number of training samples of each."""
        return Stack(torch.tensor(self._split("train").sizes))

    def steps(self, epochs: int | None = None) -> Value:
        """Steps of that many epochs of each."""
        return Stack(torch.tensor(self._steps("train", epochs)))

    def _steps(self, over: str, epochs: int | None) -> list[int]:
        count = self.settings.epochs if epochs is None else epochs
        return [steps_in(rows, self.settings.batch_size, count) for rows in self._split(over).sizes]

    def load(self, tensors: Mapping[str, Any]) -> Tensors:
        """Received, else remembered, else initial. What is the same for all clients stays one tensor."""
        initial, kept = self._model.initial, self._memories.of_each("model")
        own = [name for name in self._owned if any(name in values for values in kept)]
        remembered = gathered([{name: values.get(name, initial[name]) for name in own} for values in kept])
        known = {**initial, **remembered, **tensors}
        return {name: known[name] for name in self._owned}

    def _own(self, value: Any, order: Tensor | None) -> Tensor:
        """A copy of a value for each client, [clients, ...], in this order; in theirs where None."""
        if not isinstance(value, Stack):
            return torch.as_tensor(value).expand(len(self._keys), *value.shape).clone()
        return value.each.clone() if order is None else value.each[order]

    def train(
        self,
        params: Tensors,
        loss: Loss,
        *,
        using: Mapping[str, Any] | None = None,
        epochs: int | None = None,
        steps: Steps | None = None,
        trainable: Sequence[str] | None = None,
        over: str = "train",
        remember: str | None = None,
    ) -> Tensors:
        """Gradient descent on a loss, the same step of all clients together.

        Clients are sorted by how many steps they take, and only those are computed that still have steps to take.
        """
        self._trainings += 1
        samples = self._split(over)
        limits = self._limits(params, trainable, self._steps(over, epochs) if steps is None else steps)
        none = torch.zeros(len(self._keys), dtype=torch.long)
        longest = torch.stack([none, *limits.values()]).amax(0)
        order = longest.argsort(descending=True, stable=True)
        plan = samples.steps(self._rows(samples.sizes, longest.tolist()), order.tolist())
        sorted_already = order.equal(torch.arange(len(order)))
        tensors = {n: self._own(v, None if sorted_already else order) for n, v in params.items()}
        limits = {name: limit[order] for name, limit in limits.items()}
        needed = rows_of(using or {}, order)
        state = self._remembered(remember, order)
        optimizer = make_optimizer(self.settings)
        with training(True), stacked():
            for step, look in enumerate(plan):
                active = len(look.at)
                front = {name: value[:active] for name, value in tensors.items()}
                movers = {name: _movers(limit[:active], step) for name, limit in limits.items()}
                moving = [name for name, who in movers.items() if len(who)]
                grads = _gradients(loss, front, moving, look, rows_of(needed, slice(active)))
                for name, grad in grads.items():
                    optimizer.step_some(tensors[name], grad, state.setdefault(name, {}), movers[name])
        back = order.argsort()
        if remember is not None:
            self.memory[remember] = stacked_of({n: {k: v[back] for k, v in s.items()} for n, s in state.items()})
        if sorted_already:
            return {name: Stack(value) for name, value in tensors.items()}  # type: ignore[misc]
        return {name: Stack(value[back]) for name, value in tensors.items()}  # type: ignore[misc]

    def _limits(self, params: Tensors, trainable: Sequence[str] | None, steps: Any) -> dict[str, Tensor]:
        """For each tensor that moves, how many steps each client takes of it, int64 [clients]."""
        plain = {name: of_client(value, 0) for name, value in params.items()}
        layout = self._model.layout
        many = len(self._keys)
        if isinstance(steps, Mapping):
            each = [step_limits(plain, layout, trainable, of_client(steps, place)) for place in range(many)]
            return {name: torch.tensor([limits[name] for limits in each]) for name in each[0]}
        counts = steps.each if isinstance(steps, Stack) else torch.as_tensor(steps).expand(many)
        return {name: counts.to("cpu", torch.long) for name in step_limits(plain, layout, trainable, 1)}

    def _rows(self, sizes: Sequence[int], steps: Sequence[int]) -> list[list[Tensor]]:
        """Each client's own batch order, drawn as the reference draws it."""
        purpose = f"train {self._trainings}"
        return [
            batches(rows, self.settings.batch_size, count, generator(self._seed, *key, purpose))
            for rows, count, key in zip(sizes, steps, self._keys, strict=True)
        ]

    def _remembered(self, name: str | None, order: Tensor) -> State:
        """The optimiser's state of each; it starts at zero for a client that has none yet of a tensor."""
        if name is None:
            return {}
        kept = self._memories.of_each(name)
        some: State = {n: parts for own in kept for n, parts in own.items()}
        fresh = {n: {k: torch.zeros_like(v) for k, v in parts.items()} for n, parts in some.items()}
        every = gathered([{n: own.get(n, parts) for n, parts in fresh.items()} for own in kept])
        return {n: {k: v.each[order] for k, v in parts.items()} for n, parts in every.items()}

    def fold(
        self,
        fn: Callable[[Tensors, Batch, Mapping[str, Any]], Value],
        params: Tensors,
        *,
        using: Mapping[str, Any] | None = None,
        over: str = "train",
        reduce: Reduce = "sum",
    ) -> Value:
        """Run a function over a split of all clients together, and reduce each one's rows."""
        samples, needed = self._split(over), using or {}
        with torch.no_grad(), training(False):
            if not has_stack((params, needed)):
                outputs = [(fn(params, batch, needed), whose) for batch, whose in samples.flat(FOLD_ROWS)]
                return _by_name(outputs, lambda rows: _reduced(rows, samples.sizes, reduce))
            with stacked():
                looks = [
                    (_call(fn, rows_of(params, look.at), look, rows_of(needed, look.at)), look)
                    for look in samples.chunks(STACKED_FOLD_ROWS)
                ]
            outputs = [(_counting(out, look.mask), _whose(look)) for out, look in looks]
            return _by_name(outputs, lambda rows: _reduced(rows, samples.sizes, reduce))

    def map(self, fn: Callable[..., Value], *values: Value) -> Value:
        """fn of the values of each."""
        with torch.no_grad(), stacked():
            return for_each(fn, *values)

    def rng(self, purpose: str) -> Draws:
        """Randomness of each, for this round, visit and purpose."""
        return ManyDraws(
            [GeneratorDraws(generator(self._seed, *key, f"draw {purpose}"), self._device) for key in self._keys]
        )


def _movers(limit: Tensor, step: int) -> Tensor | range:
    """Which of the active clients move a tensor in a step; a range where all of them do."""
    moves = limit > step
    return range(len(limit)) if bool(moves.all()) else moves.nonzero().flatten()


def _call(fn: Callable[..., Any], params: Mapping[str, Any], look: Look, using: Mapping[str, Any]) -> Any:
    """fn(params, batch, using) of one client, for all: tensors [clients, ...]."""
    values, dims = parted(params)
    needed, needed_dims = parted(using)

    def one(tensors: Tensors, fields: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
        return fn(tensors, Batch(**fields), given)

    return torch.vmap(one, in_dims=(dims, look.dims, needed_dims))(values, look.fields, needed)


def _gradients(
    loss: Loss, tensors: Mapping[str, Tensor], moving: Sequence[str], look: Look, using: Mapping[str, Any]
) -> dict[str, Tensor]:
    """Gradient of each client's mean loss over the rows that count; zero where the loss does not reach."""
    leaves = {name: tensors[name].detach().requires_grad_() for name in moving}
    every = {name: Stack(leaves.get(name, value)) for name, value in tensors.items()}
    value = _call(loss, every, look, using)
    if value.shape == look.mask.shape:
        value = torch.where(look.mask, value, 0.0).sum(1) / look.mask.sum(1)
    elif value.dim() != 1:
        raise TypeError(f"a loss returns one value a row or a scalar, not a tensor of shape {tuple(value.shape[1:])}")
    if not value.requires_grad:
        return {name: torch.zeros_like(leaf) for name, leaf in leaves.items()}
    grads = torch.autograd.grad(value.sum(), list(leaves.values()), allow_unused=True, materialize_grads=True)
    return dict(zip(leaves, grads, strict=True))


def _counting(output: Any, mask: Tensor) -> Any:
    """The rows of an output, a tensor or named tensors [active, rows, ...], that count."""
    return rebuilt(output, lambda rows: rows[mask])


def _whose(look: Look) -> Tensor:
    """Whose each row of a look is that counts, in the order of its mask."""
    at = look.at.to(look.mask.device)
    return at[:, None].expand(look.mask.shape)[look.mask]


def _by_name(outputs: Sequence[tuple[Any, Tensor]], reduce: Callable[[Sequence[tuple[Tensor, Tensor]]], Stack]) -> Any:
    """Outputs of a folded function, tensors or named tensors of rows with their owners, reduced name by name."""
    first = outputs[0][0]
    if isinstance(first, Tensor):
        return reduce(outputs)
    return {name: reduce([(output[name], whose) for output, whose in outputs]) for name in first}


def _reduced(parts: Sequence[tuple[Tensor, Tensor]], sizes: Sequence[int], how: Reduce) -> Stack:
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
