"""The handle through which a local program sees its client, on every engine."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.settings import TrainSettings

Value = Any
"""A value of one client: a tensor, or tensors nested in mappings and sequences.

Outside the functions given to `train`, `fold` and `map` it is opaque: hand it on, do not look inside, for an engine may
let it stand for the values of many clients at once."""

Loss = Callable[[Tensors, Batch, Mapping[str, Any]], Tensor]
"""loss(params, batch, using): one client, one batch; one value a row (the engine takes the mean over the rows that
count) or a scalar. Pure."""


@dataclass(frozen=True)
class Objective:
    """One of several objectives that are taken in turn on each batch, a step each.

    Attributes:
        loss: of one client on one batch.
        trainable: blocks that move by it; all that move in this training where None.
    """

    loss: Loss
    trainable: Sequence[str] | None = None


Steps = int | Value | Mapping[str, Any]
Reduce = Literal["sum", "mean", "concatenate"]


class Memory(ABC):
    """Named values that stay with a client from round to round, are saved with the run, and never travel."""

    @abstractmethod
    def get(self, name: str, default: Value) -> Value:
        """What was stored under this name, or the default where the client has stored nothing yet."""

    @abstractmethod
    def __setitem__(self, name: str, value: Value) -> None:
        """Store tensors under a name."""


class Draws(ABC):
    """Randomness of one client for one purpose. Each call draws anew from the same stream."""

    @abstractmethod
    def normal(self, *shape: int) -> Value:
        """Standard normal numbers."""

    @abstractmethod
    def uniform(self, *shape: int) -> Value:
        """Numbers uniform in [0, 1)."""

    @abstractmethod
    def integers(self, high: int, *shape: int) -> Value:
        """Integers uniform in 0 .. high - 1."""


class Client(ABC):
    """One client, as its local program sees it; or the server with what it holds (`fed.server`).

    Splits of a client: `train`, its labelled rows; `inputs`, all its training rows with every label hidden (-1);
    `held`, those that it does not train on, where the method holds some out, labels hidden; `proxy`, the rows that
    everyone holds, labels hidden, in the same order for all; `test`, its own; `global_test`, the common one, for
    evaluation in simulation only. The server has `labelled`, its own rows; `proxy`; `global_test`; and, in simulation
    only, `pool` and `inputs`: the rows of `train` and `inputs` of all clients.

    Attributes:
        settings: how clients train in this run.
        memory: what stays with the client.
    """

    settings: TrainSettings
    memory: Memory

    @property
    @abstractmethod
    def sizes(self) -> Value:
        """Number of training samples, an int64 scalar a client."""

    @abstractmethod
    def steps(self, epochs: int | None = None) -> Value:
        """How many optimiser steps `train` takes in that many epochs (the run's where None), int64 scalar a client."""

    @abstractmethod
    def load(self, tensors: Mapping[str, Tensor]) -> Tensors:
        """The client's parameters.

        For every tensor of the blocks that the client owns: what was received, if it was; else what its memory holds
        under "model"; else the common initial value, which every party can draw for itself.
        """

    @abstractmethod
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
        """Gradient descent on a loss; the only training loop there is.

        Args:
            params: where to start.
            loss: of one client on one batch; or several objectives, taken in turn on each batch. A tensor that several
                of them move has one state of the optimiser, and moves as many times a batch.
            using: what the loss needs beside: values common to all clients and values of the client, freely mixed.
            epochs: passes over the data; the run's setting where neither epochs nor steps are given.
            steps: optimiser steps instead of epochs (the data is walked again and again): a number, a value a client,
                or {block: number or value}; a block stops moving, with all its optimiser state, once its steps are
                used up. Blocks that the mapping leaves out take as many steps as the longest of those it names that
                the client has.
            trainable: blocks that move; all that the client owns where None. Weight decay acts on all that moves.
            over: the split.
            remember: keep the optimiser's state in memory under this name and go on from it next time; fresh if None.
            beside: a second split that is walked along: the loss finds a batch of it in `using["beside"]`, a `Batch` of
                as many rows a step, in an order of its own, begun anew when it ends.
            numbered: whether the loss finds the number of the step, from 0, int64 scalar, in `using["step"]`.
            settings: optimiser, learning rate, batch size and epochs in place of the run's.

        Returns:
            The tensors after training; buffers as the forward passes left them.
        """

    @abstractmethod
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
        """Run a function over a split in order, without gradient, with models in evaluation mode.

        Args:
            fn: fn(params, batch, using) -> a tensor, or named tensors, with one entry a row, [rows, ...]. Pure.
            params: what fn gets.
            using: as in `train`.
            over: the split.
            reduce: what becomes of the rows: their sum, their mean, or all of them in order.
            batches: rows of a batch, for a function that mixes rows: it gets so many at a time, and what is left at the
                end is left out; of a split with fewer rows all are one batch. Where None, how many rows come together
                is the engine's affair.
        """

    @abstractmethod
    def map(self, fn: Callable[..., Value], *values: Value) -> Value:
        """fn applied to values of the client, without gradient. Pure."""

    @abstractmethod
    def rng(self, purpose: str) -> Draws:
        """Randomness keyed by (seed, client, round, visit, purpose): the same on every engine."""
