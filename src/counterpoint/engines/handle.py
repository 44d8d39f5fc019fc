"""The client handle of engines that run one client at a time, in plain autograd: the reference of what is right."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.samples import Batch, Samples
from counterpoint.engines.layers import layer_randomness
from counterpoint.engines.limits import in_turn, step_limits
from counterpoint.engines.memory import ClientMemory, GeneratorDraws, copied
from counterpoint.engines.optimizers import make_optimizer
from counterpoint.engines.plan import batches as drawn_batches
from counterpoint.engines.plan import steps_in, whole_batches
from counterpoint.engines.profile import COMPUTE, DATA, Profile
from counterpoint.errors import unknown
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client, Draws, Loss, Objective, Reduce, Steps, Value
from counterpoint.methods.settings import TrainSettings
from counterpoint.models.mode import training
from counterpoint.models.model import Model
from counterpoint.randomness import Key, fold_key, generator

FOLD_ROWS = 256


class OneClient(Client):
    """One client, whose values are ordinary tensors.

    Args:
        splits: the client's samples by name of the split, made when first asked for.
        model: of the run.
        modalities: that the client owns.
        settings: of local training.
        memory: what it remembers.
        seed: of the run.
        key: (client, round, visit) as a key of randomness.
        profile: where the time is counted.
    """

    def __init__(
        self,
        splits: Mapping[str, Callable[[], Samples]],
        *,
        model: Model,
        modalities: Sequence[str],
        settings: TrainSettings,
        memory: ClientMemory,
        seed: int,
        key: tuple[Key, ...],
        profile: Profile | None = None,
    ) -> None:
        self.settings = settings
        self.memory = memory
        self._splits = splits
        self._model = model
        self._owned = model.layout.owned(modalities)
        self._seed = seed
        self._key = key
        self._trainings = 0
        self._profile = profile or Profile()

    def _split(self, name: str) -> Samples:
        if name not in self._splits:
            raise unknown("split", name, self._splits)
        return self._splits[name]()

    @property
    def sizes(self) -> Value:
        """Number of training samples."""
        return torch.tensor(len(self._split("train")))

    def steps(self, epochs: int | None = None) -> Value:
        """Steps of that many epochs."""
        return torch.tensor(_steps(len(self._split("train")), epochs, self.settings))

    def load(self, tensors: Mapping[str, Tensor]) -> Tensors:
        """Received, else remembered, else initial; copies, since a model that trains moves its buffers in place."""
        kept = self.memory.get("model", {})
        known = {**self._model.initial, **kept, **tensors}
        return {name: known[name].clone() for name in self._owned}

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
        """Gradient descent on a loss, step by step."""
        settings = settings or self.settings
        samples = self._split(over)
        self._trainings += 1
        purpose = f"train {self._trainings}"
        tensors = {name: value.detach().clone() for name, value in params.items()}
        wanted = _steps(len(samples), epochs, settings) if steps is None else steps
        limits = step_limits(tensors, self._model.layout, trainable, wanted)
        turns = in_turn(loss, tensors, self._model.layout)
        longest = max(limits.values(), default=0)
        other = samples if beside is None else self._split(beside)
        with self._profile.of(DATA):
            order = drawn_batches(len(samples), settings.batch_size, longest, self._generator(purpose))
            along = self._generator(f"{purpose} beside")
            second = drawn_batches(len(other), settings.batch_size, longest, along) if beside else []
        optimizer = make_optimizer(settings)
        state = {} if remember is None else copied(self.memory.get(remember, {}))
        layers = fold_key(self._seed, *self._key, purpose, "layers")
        with self._profile.of(COMPUTE), training(True), layer_randomness([layers], str(samples.label.device)) as draws:
            for step, rows in enumerate(order):
                draws.begin(step)
                with self._profile.of(DATA):
                    batch = samples.batch(rows.to(samples.label.device))
                    given = dict(using or {})
                    if beside is not None:
                        given["beside"] = other.batch(second[step].to(samples.label.device))
                    if numbered:
                        given["step"] = torch.tensor(step, device=samples.label.device)
                for turn, movers in turns:
                    moving = [name for name, limit in limits.items() if step < limit and name in movers]
                    grads = gradients(turn, tensors, moving, batch, given)
                    optimizer.step(tensors, grads, state)
        if remember is not None:
            self.memory[remember] = state
        self._took(limits)
        return tensors

    def _took(self, limits: Mapping[str, int]) -> None:
        """Told after a training how many steps it took of each tensor; a peer pays for them."""

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
        """Run a function over a split in order and reduce its rows."""
        samples = self._split(over)
        count = len(samples) if batches is None else whole_batches(len(samples), batches)
        with self._profile.of(COMPUTE), torch.no_grad(), training(False):
            chunks = torch.split(torch.arange(count, device=samples.label.device), batches or FOLD_ROWS)
            parts = [fn(params, samples.batch(rows), using or {}) for rows in chunks]
            if isinstance(parts[0], Tensor):
                return _reduced(parts, reduce)
            return {name: _reduced([part[name] for part in parts], reduce) for name in parts[0]}

    def map(self, fn: Callable[..., Value], *values: Value) -> Value:
        """fn(*values), without gradient."""
        with self._profile.of(COMPUTE), torch.no_grad():
            return fn(*values)

    def rng(self, purpose: str) -> Draws:
        """Randomness for this client, round, visit and purpose."""
        return GeneratorDraws(self._generator(f"draw {purpose}"), next(iter(self._model.initial.values())).device)

    def _generator(self, purpose: str) -> torch.Generator:
        return generator(self._seed, *self._key, purpose)


def _steps(rows: int, epochs: int | None, settings: TrainSettings) -> int:
    return steps_in(rows, settings.batch_size, settings.epochs if epochs is None else epochs)


def _reduced(parts: Sequence[Tensor], how: Reduce) -> Tensor:
    rows = torch.cat(list(parts))
    return rows if how == "concatenate" else rows.sum(0) if how == "sum" else rows.mean(0)


def gradients(loss: Loss, tensors: Tensors, moving: Sequence[str], batch: Batch, using: Mapping[str, Any]) -> Tensors:
    """Gradient of the mean loss; zero where the loss does not reach."""
    leaves = {name: tensors[name].detach().requires_grad_() for name in moving}
    value = loss({**tensors, **leaves}, batch, using)
    if value.shape == batch.label.shape:
        value = value.mean()
    elif value.dim():
        raise TypeError(f"a loss returns one value a row or a scalar, not a tensor of shape {tuple(value.shape)}")
    if not value.requires_grad:
        return {name: torch.zeros_like(leaf) for name, leaf in leaves.items()}
    grads = torch.autograd.grad(value, list(leaves.values()), allow_unused=True, materialize_grads=True)
    return dict(zip(leaves, grads, strict=True))
