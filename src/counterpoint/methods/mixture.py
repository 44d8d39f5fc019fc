"""Min-max over clients: weights that move towards those whose pairs the model aligns worst."""

import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from counterpoint.aggregation import BlockAverage
from counterpoint.data.samples import Batch
from counterpoint.errors import PackageError
from counterpoint.evaluate import client_scope
from counterpoint.exchange import Weights
from counterpoint.exchange.layout import Tensors
from counterpoint.exchange.many import Many
from counterpoint.methods.aligning import Aligning
from counterpoint.methods.client import Client, Value
from counterpoint.methods.federation import Federation
from counterpoint.objectives import contrastive


@dataclass(frozen=True)
class Reported(Weights):
    """What a client made of a model, and how it fares on rows that it does not train on.

    Attributes:
        loss: mean contrast there, float64 scalar.
        rows: how many such rows there were, int64 scalar; of none the loss says nothing.
    """

    loss: Tensor | None = None
    rows: Tensor | None = None

    def verify(self) -> None:
        """Both are single numbers."""
        super().verify()
        for name, value in (("loss", self.loss), ("rows", self.rows)):
            if value is None or value.dim():
                raise PackageError(f"its {name!r} is not one number")


class Mixture(Aligning):
    """Base of methods that weigh clients by how badly the model does on them.

    min_w max_{lambda in Lambda} sum_i lambda_i L_i(w), with L_i the contrast on pairs of client i. Each client holds a
    share of its rows out (`hold_out`), measures the received model there in batches of `hold_batch` rows, and sends
    this one number; `raised` then moves lambda. A contrast of a batch grows with the logarithm of its rows: that of a
    smaller batch, of a client that holds out fewer, is scaled to what `hold_batch` rows would have by chance. A client
    without such rows counts as the mean of the others.

    State: `mixture`, lambda by client in the order of their ids, 1/N each at the start.
    """

    hold_out: Annotated[float, Field(ge=0, lt=1, description="share of a client's rows to measure by")] = 0.1
    hold_batch: Annotated[int, Field(ge=2, description="rows of a batch in which that is measured")] = 8

    @property
    def holds_out(self) -> float:
        """The share, where lambda moves at all."""
        return self.hold_out if self.moves else 0.0

    @property
    @abstractmethod
    def moves(self) -> bool:
        """Whether lambda moves."""

    @abstractmethod
    def raised(self, mixture: Tensor, losses: Tensor) -> Tensor:
        """lambda after a step against the model, float64 [clients], from lambda and losses of the same clients."""

    def start(self, fed: Federation) -> None:
        """As initialised, and even weights."""
        super().start(fed)
        self.mixture = torch.full((len(fed.clients),), 1 / len(fed.clients), dtype=torch.float64)

    def hear(self, fed: Federation, losses: Mapping[int, tuple[float, int]]) -> None:
        """Move lambda by (loss, rows) of the clients that reported; those that did not keep their share of it.

        Not in the first round: all have the model that nobody has trained.
        """
        place = {client: i for i, client in enumerate(fed.clients)}
        measured = {client: loss for client, (loss, rows) in losses.items() if rows}
        if self.moves and measured and fed.round > 1:
            mean = sum(measured.values()) / len(measured)
            some = torch.tensor([place[client] for client in sorted(losses)])
            told = torch.tensor([measured.get(client, mean) for client in sorted(losses)], dtype=torch.float64)
            own = self.mixture[some]
            moved = self.mixture.clone()
            moved[some] = own.sum() * self.raised(own / own.sum(), told)
            self.mixture = moved
        for client, value in zip(fed.clients, self.mixture.tolist(), strict=True):
            fed.note("mixture", value, client_scope(client))

    def weighted(
        self, fed: Federation, current: Tensors, uploads: Iterable[Many[Any]], mixture: Tensor | None
    ) -> Tensors:
        """sum_i lambda_i v_i / sum_i lambda_i of each block over those who sent it; evenly where there is no mixture.

        What weighs nothing, as it had nothing to contrast, is left out.
        """
        average = BlockAverage()
        for many in uploads:
            assert many.together.samples is not None
            average.add(many.together.weights, many.together.samples * self.shares(fed, many.clients, mixture))
        return average.over(current)

    def shares(self, fed: Federation, clients: Sequence[int], mixture: Tensor | None) -> Tensor:
        """lambda of some clients over the largest of all: exactly 1 where all are equal."""
        if mixture is None:
            return torch.ones(len(clients), dtype=torch.float64)
        place = {client: i for i, client in enumerate(fed.clients)}
        return mixture[[place[client] for client in clients]] / mixture.max()

    def held_loss(self, client: Client, params: Tensors) -> tuple[Value, Value]:
        """Mean contrast on the rows that the client holds out, and how many of them counted."""
        sums = client.fold(self._held, params, over="held", batches=self.hold_batch)
        mean = client.map(lambda s: s["loss"] / s["rows"].clamp(min=1), sums)
        return mean, client.map(lambda s: s["rows"].long(), sums)

    def _held(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
        z = self.embed(params, batch, train=False)
        loss = rows = torch.zeros_like(batch.mask, dtype=torch.float64)
        for a, b in combinations(sorted(z), 2):
            counts = batch.mask & batch.present[a] & batch.present[b]
            chance = counts.sum().clamp(min=1).log()
            scale = torch.where(chance > 0, math.log(self.hold_batch) / chance.clamp(min=1e-6), 0.0)
            value = scale * contrastive(z[a], z[b], counts, self.temperature)
            loss = loss + torch.where(counts, value.double(), 0.0)
            rows = rows + (counts & (chance > 0))
        return {"loss": loss, "rows": rows}
