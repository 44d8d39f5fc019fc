"""Local programs that score models. They are the same for every method."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.evaluate import OBSERVED, balance_rows, patterns, tally_rows
from counterpoint.exchange.layout import Tensors
from counterpoint.exchange.package import Package, Weights, named
from counterpoint.methods.client import Client, Value
from counterpoint.methods.exhibit import Exhibit
from counterpoint.models.model import Model


@dataclass(frozen=True)
class Tallies(Package):
    """Results of scoring: sums over rows, under `PATTERN/confusion`, `PATTERN/loss` and the like.

    See `tally_rows`; of the global test also `balance_rows`.
    """

    sums: Tensors = named()


class Scoring(ABC):
    """What evaluation needs of a method, and the local programs that do it.

    Attributes:
        model: the model as a function.
    """

    model: Model

    def predict(self, params: Tensors, batch: Batch, shown: Mapping[str, Collection[str]]) -> dict[str, Tensor]:
        """Logits [rows, classes] by pattern, with only the pattern's modalities shown."""
        return self.model.by_pattern(params, batch, shown)

    def more_scores(self, sums: Mapping[str, Tensor]) -> Mapping[str, Mapping[str, float]]:
        """Scores of the method's own, by pattern and measure, out of what `tally` summed up beside the usual."""
        return {}

    def across(self, sums: Mapping[int, Mapping[str, Tensor]]) -> Mapping[tuple[str, str], float]:
        """Numbers that compare clients with each other, by measure and pattern.

        Args:
            sums: by client, what `tally` summed up on a split.
        """
        return {}

    def measures(self, server: Client, *, last: bool) -> Mapping[tuple[str, str], float]:
        """Numbers of the method's own about the server's model, by measure and pattern, where there is a global test.

        Args:
            server: its handle; in simulation it has the clients' rows as `pool` and `inputs`.
            last: whether this is the last round.
        """
        return {}

    def exhibit(self, server: Client, *, last: bool) -> Exhibit | None:
        """Embeddings and searches of the server's model to be looked at; None where there is nothing to see.

        Args:
            server: its handle.
            last: whether this is after the last round, and not before the first.
        """
        return None

    @abstractmethod
    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The client's tensors after local training."""

    def score_before(self, client: Client, received: Weights) -> Tallies:
        """Score the received model on the client's own test."""
        return Tallies(self.tally(client, client.load(received.weights), "test"))

    def score_after(self, client: Client, received: Weights) -> Tallies:
        """Score the client's model after local training on the client's own test."""
        return Tallies(self.tally(client, self.adapted(client, received), "test"))

    def score_after_global(self, client: Client, received: Weights) -> Tallies:
        """Score the client's model after local training on the global test; in simulation only."""
        return Tallies(self.tally(client, self.adapted(client, received), "global_test"))

    def tally(self, client: Client, params: Tensors, over: str) -> Value:
        """Sums over a split for every pattern that the client's modalities allow, and for samples as they are."""
        program = self._tally_balance if over == "global_test" else self._tally_batch
        return client.fold(program, params, over=over, reduce="sum")

    def _tally_batch(
        self, params: Tensors, batch: Batch, using: Mapping[str, Any], *, balance: bool = False
    ) -> Tensors:
        shown: dict[str, Collection[str]] = {OBSERVED: tuple(sorted(batch.x))}
        shown |= {n: chosen for n, chosen in patterns(self.model.modalities).items() if set(chosen) <= set(batch.x)}
        owned = torch.stack([batch.present[m] for m in sorted(batch.x)])
        complete = batch.mask & owned.all(0) if len(batch.x) == len(self.model.modalities) else None
        sums: Tensors = {}
        for name, logits in self.predict(params, batch, shown).items():
            there = torch.stack([batch.present[m] for m in shown[name]])
            counted = batch.mask & (there.any(0) if name == OBSERVED else there.all(0))
            found = tally_rows(logits, batch.label, counted)
            if balance and name != OBSERVED and len(self.model.modalities) > 1:
                found |= balance_rows(logits, batch.label, counted, complete, single=len(shown[name]) == 1)
            sums |= {f"{name}/{key}": value for key, value in found.items()}
        return sums

    def _tally_balance(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensors:
        return self._tally_batch(params, batch, using, balance=True)
