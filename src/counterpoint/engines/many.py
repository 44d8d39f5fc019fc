"""The client handle of a stack: clients of one structure, whose local steps are taken together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.engines.beside import along
from counterpoint.engines.descent import descend, measure_first
from counterpoint.engines.folding import by_name, counting, reduced, whose
from counterpoint.engines.gather import Gathered, Look
from counterpoint.engines.handle import FOLD_ROWS
from counterpoint.engines.layers import layer_randomness
from counterpoint.engines.limits import in_turn, step_limits
from counterpoint.engines.many_memory import ManyDraws, ManyMemories
from counterpoint.engines.memory import ClientMemory, GeneratorDraws
from counterpoint.engines.optimizers import State, make_optimizer
from counterpoint.engines.plan import Plan, evenly, plan, steps_in, whole_batches
from counterpoint.engines.profile import COMPUTE, DATA, Profile
from counterpoint.engines.steps import Steps as GradientSteps
from counterpoint.engines.steps import call
from counterpoint.engines.values import Stack, for_each, gathered, has_stack, of_client, rows_of, stacked_of
from counterpoint.errors import unknown
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client, Draws, Loss, Objective, Reduce, Steps, Value
from counterpoint.methods.settings import TrainSettings
from counterpoint.models.draws import LayerDraws
from counterpoint.models.mode import stacked, training
from counterpoint.models.model import Model
from counterpoint.randomness import Key, fold_key, generator

STACKED_FOLD_ROWS = 2048
"""Rows of all clients together at a time."""
LEAST_ROWS, MOST_ROWS = 4, 64
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
        gradients: takes the gradient steps.
        profile: where the time is counted.
        times: how often about as much will be computed in the run.
        width: how many of them take their steps together.
        measuring: whether the first training is only to measure what its steps cost, see `measured`.
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
        gradients: GradientSteps | None = None,
        profile: Profile | None = None,
        times: float = 1,
        width: int | None = None,
        measuring: bool = False,
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
        self._profile = profile or Profile()
        self._gradients = gradients or GradientSteps(self._profile)
        self._times = times
        self._width = width or len(keys)
        self._measuring = measuring

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
        return Stack(torch.tensor(self._steps("train", epochs, self.settings)))

    def _steps(self, over: str, epochs: int | None, settings: TrainSettings) -> list[int]:
        count = settings.epochs if epochs is None else epochs
        return [steps_in(rows, settings.batch_size, count) for rows in self._split(over).sizes]

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
        loss: Loss | Sequence[Objective],
        *,
        using: Mapping[str, Any] | None = None,
        epochs: int | None = None,
        steps: Steps | None = None,
        trainable: Sequence[str] | None = None,
        over: str = "train",
        remember: str | None = None,
        beside: str | None = None,
        numbered: bool = False,
        settings: TrainSettings | None = None,
    ) -> Tensors:
        """Gradient descent on a loss, the same step of all clients together.

        Clients are sorted by how many steps they take, and only those are computed that still have steps to take.
        """
        self._trainings += 1
        settings = settings or self.settings
        samples = self._split(over)
        wanted = self._steps(over, epochs, settings) if steps is None else steps
        limits = self._limits(params, trainable, wanted)
        if not self._measuring:
            self._took(limits)
        none = torch.zeros(len(self._keys), dtype=torch.long)
        longest = torch.stack([none, *limits.values()]).amax(0)
        order = longest.argsort(descending=True, stable=True)
        sorted_already = order.equal(torch.arange(len(order)))
        purpose = f"train {self._trainings}"
        other = samples if beside is None else self._split(beside)
        with self._profile.of(DATA):
            batches = self._plan(samples.sizes, longest, order, purpose, settings)
            second = self._plan(other.sizes, longest, order, f"{purpose} beside", settings) if beside else None
        tensors = {n: self._own(v, None if sorted_already else order) for n, v in params.items()}
        movers = {name: limit[order].tolist() for name, limit in limits.items()}
        taken = longest[order].tolist()
        needed = using or {} if sorted_already else rows_of(using or {}, order)
        state = self._remembered(remember, order)
        parts = evenly(len(order), self._width)
        count = float("inf") if self._measuring else len(batches) * len(parts) * self._times
        turns = [
            (self._gradients.of(along(turn) if beside else turn, count, draws=self._model.draws), movers)
            for turn, movers in in_turn(loss, params, self._model.layout)
        ]
        states = []
        with self._profile.of(COMPUTE), training(True), stacked():
            for part in parts:
                some = {name: value[part] for name, value in tensors.items()}
                looks = self._looks(samples, order[part], batches.of(part))
                second_looks = None if second is None else self._looks(other, order[part], second.of(part))
                given = rows_of(needed, part)
                if numbered:
                    given = {**given, "step": torch.zeros((), dtype=torch.long, device=self._device)}
                if self._measuring:
                    first = in_turn(loss, params, self._model.layout)[0][0]
                    measure_first(turns[0], along(first) if beside else first, some, limits, looks, second_looks, given)
                own = {name: {key: value[part] for key, value in parts.items()} for name, parts in state.items()}
                with self._layer_randomness(order[part]) as drawn:
                    own_limits = {name: limit[part] for name, limit in movers.items()}
                    optimizer = make_optimizer(settings)
                    descend(optimizer, turns, some, own_limits, taken[part], looks, second_looks, given, own, drawn)
                states.append(own)
        back = order.argsort()
        if remember is not None:
            self.memory[remember] = _together(states, [part.stop - part.start for part in parts], back)
        if sorted_already:
            return {name: Stack(value) for name, value in tensors.items()}  # type: ignore[misc]
        return {name: Stack(value[back]) for name, value in tensors.items()}  # type: ignore[misc]

    def _took(self, limits: Mapping[str, Tensor]) -> None:
        """Told of a training how many steps each client takes of each tensor; peers pay for them."""

    def _layer_randomness(self, order: Tensor) -> AbstractContextManager[LayerDraws]:
        """What layers draw from in a training, of clients in this order."""
        if not self._model.draws:
            return nullcontext(LayerDraws([], str(self._device)))
        purpose = f"train {self._trainings}"
        seeds = [fold_key(self._seed, *self._keys[place], purpose, "layers") for place in order.tolist()]
        return layer_randomness(seeds, str(self._device))

    def _looks(self, samples: Gathered, order: Tensor, batches: Plan) -> Iterator[Look]:
        """The batches of the clients that are active in each step."""
        coming = samples.steps(batches, order)
        while True:
            with self._profile.of(DATA):
                look = next(coming, None)
            if look is None:
                return
            yield look

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

    def _plan(self, sizes: Sequence[int], steps: Tensor, order: Tensor, purpose: str, settings: TrainSettings) -> Plan:
        """Each client's own batches, drawn as the reference draws them; clients in this order."""
        places = order.tolist()
        seeds = [fold_key(self._seed, *self._keys[place], purpose) for place in places]
        return plan([sizes[place] for place in places], settings.batch_size, steps[order].tolist(), seeds)

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
        batches: int | None = None,
    ) -> Value:
        """Run a function over a split of all clients together, and reduce each one's rows."""
        samples, needed = self._split(over), using or {}
        sizes = samples.sizes if batches is None else [whole_batches(rows, batches) for rows in samples.sizes]
        with self._profile.of(COMPUTE), torch.no_grad(), training(False):
            if batches is None and not has_stack((params, needed)):
                outputs = [(fn(params, batch, needed), whose) for batch, whose in samples.flat(FOLD_ROWS)]
                return by_name(outputs, lambda rows: reduced(rows, samples.sizes, reduce))
            if not has_stack(
                (params, needed)
            ):  # then rows may be common, too, and nothing tells one client from another
                params = {name: Stack(self._own(value, None)) for name, value in params.items()}  # type: ignore[misc]
            with stacked():
                looks = [
                    (call(fn, rows_of(params, look.at), look, rows_of(needed, look.at)), look)
                    for look in self._chunks(samples, sizes, batches)
                ]
            outputs = [(counting(out, look.mask), whose(look)) for out, look in looks]
            return by_name(outputs, lambda rows: reduced(rows, sizes, reduce))

    def _chunks(self, samples: Gathered, sizes: Sequence[int], batches: int | None) -> Iterator[Look]:
        """Rows of all clients, some of each at a time; none beyond what counts of a client."""
        rows = batches or min(MOST_ROWS, max(LEAST_ROWS, STACKED_FOLD_ROWS // len(self._keys)))
        counted = torch.tensor(sizes)
        for number, look in enumerate(samples.chunks(rows)):
            if batches is None:
                yield look
                continue
            there = number * rows + torch.arange(look.mask.shape[1]) < counted[look.at][:, None]
            if number == 0 or bool(there.any()):
                yield look.among(there.to(look.mask.device))

    def map(self, fn: Callable[..., Value], *values: Value) -> Value:
        """fn of the values of each."""
        with self._profile.of(COMPUTE), torch.no_grad(), stacked():
            return for_each(fn, *values)

    def rng(self, purpose: str) -> Draws:
        """Randomness of each, for this round, visit and purpose."""
        return ManyDraws(
            [GeneratorDraws(generator(self._seed, *key, f"draw {purpose}"), self._device) for key in self._keys]
        )


def _together(states: Sequence[State], sizes: Sequence[int], back: Tensor) -> Any:
    """The optimiser's state of all parts of a stack, in the stack's own order; zero where a part has none yet."""

    def all_of(name: str, key: str, like: Tensor) -> Tensor:
        each = [
            state[name][key] if name in state else like.new_zeros((size, *like.shape[1:]))
            for state, size in zip(states, sizes, strict=True)
        ]
        return torch.cat(each)[back]

    names = {name: parts for state in states for name, parts in state.items()}
    return stacked_of({n: {key: all_of(n, key, like) for key, like in parts.items()} for n, parts in names.items()})
