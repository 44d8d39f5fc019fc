"""What methods share that learn without labels of clients: autoencoders, and a classifier that the server trains."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from counterpoint.data.modality import Modality, Task
from counterpoint.data.samples import Batch
from counterpoint.exchange import Weights
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client, Objective
from counterpoint.methods.federation import Federation
from counterpoint.methods.label_shares import chosen_rows, of_chosen
from counterpoint.methods.method import Method
from counterpoint.methods.search import Search
from counterpoint.methods.settings import TrainSettings
from counterpoint.models.autoencoders import SplitAutoencoder
from counterpoint.models.build import ModelSettings, Network
from counterpoint.objectives import cross_entropy, reconstruction_error

HEAD = "head"
"""The block of the classifier."""


class Autoencoding(Method):
    """Base of methods whose clients learn autoencoders from rows without labels.

    Network: `models.autoencoders.SplitAutoencoder`. The server alone learns from labels, those of its own rows
    (`--labels server:SHARE`): after a method's round it trains the classifier for `head_epochs` epochs on the
    embeddings of each modality, which stay as they are (linear evaluation). A client's labels are never read.

    Clients train with Adam, whose state stays with them; `adapted` is the received model after `epochs` of plain
    reconstruction.

    `label_shares` asks what fewer labels would do: for each share of the server's labelled rows, chosen once by label
    in proportion, what learns from labels is trained a second time on those rows alone, with batches of as many of
    them, for as many epochs; measured on the global test as `accuracy[labels SHARE]` and `macro_f1[labels SHARE]`.
    Nothing else depends on labels, so one run serves all shares.
    """

    needs_labels: ClassVar[bool] = False
    takes_terms: ClassVar[bool] = False
    needs: ClassVar[frozenset[Literal["proxy", "labelled"]]] = frozenset({"labelled"})
    usual_lr: ClassVar[float] = 0.001

    first: Annotated[int, Field(ge=1, description="N, width of first layers")] = 32
    second: Annotated[int, Field(ge=1, description="r, width of embeddings")] = 10
    head_lr: Annotated[
        float, Field(gt=0, description="learning rate of the classifier"), Search(1e-3, 0.1, log=True)
    ] = 0.01
    head_epochs: Annotated[int, Field(ge=0, description="epochs of the classifier a round")] = 5
    label_shares: Annotated[
        tuple[Annotated[float, Field(gt=0, lt=1)], ...],
        Field(description="of the labelled rows, for which what labels teach is learnt beside: 0.1,0.5"),
    ] = ()

    def network(self) -> Network | None:
        """The split autoencoder."""
        return self._network

    def _network(self, modalities: Mapping[str, Modality], task: Task, settings: ModelSettings) -> nn.Module:
        return SplitAutoencoder(modalities, len(task.classes), self.first, self.second)

    def owned(self, params: Mapping[str, Any]) -> list[str]:
        """The modalities of which there are tensors."""
        return [m for m in self.model.modalities if any(name.startswith(f"encoder.{m}.") for name in params)]

    def blocks(self, params: Mapping[str, Any], side: str = "") -> list[str]:
        """The blocks of autoencoders that there are; of the server's own with `side=self.server_side`."""
        return [f"{side}{part}.{m}" for part in ("encoder", "decoder") for m in self.owned(params)]

    @property
    def server_side(self) -> str:
        """What names of blocks of the server's own autoencoders begin with, if it has any."""
        return ""

    def learner(self, client: Client) -> TrainSettings:
        """How autoencoders are trained: as the run's clients are, but with Adam."""
        return adam(client.settings, client.settings.lr)

    def start(self, fed: Federation) -> None:
        """As initialised."""
        super().start(fed)
        self.chosen = chosen_rows(fed.server, self.weights, self.label_shares, fed.rng("label shares"))
        self.with_fewer: dict[str, Tensors] = {name: {} for name in self.chosen}

    def train_head(self, fed: Federation) -> None:
        """Train the classifier on the server's own rows."""
        if self.head_epochs:
            self.learn_labels(fed, [HEAD], adam(fed.server.settings, self.head_lr, self.head_epochs))

    def learn_labels(self, fed: Federation, blocks: Sequence[str], how: TrainSettings) -> None:
        """Train blocks on the server's own rows; and once more for each share of them, from what that share taught."""
        start, server = self.weights, fed.server
        self.weights = server.train(
            start, self.head_loss, over="labelled", trainable=blocks, remember=HEAD, settings=how
        )
        taught = [name for name, spec in self.model.layout.specs.items() if spec.block in blocks]
        for (name, rows), share in zip(self.chosen.items(), self.label_shares, strict=True):
            trained = server.train(
                {**start, **self.with_fewer[name]},
                of_chosen(self.head_loss),
                over="labelled",
                using={"chosen": rows},
                trainable=blocks,
                remember=f"{HEAD} {name}",
                settings=replace(how, batch_size=max(1, round(how.batch_size / share))),
            )
            self.with_fewer[name] = {n: trained[n] for n in taught}

    def others(self) -> dict[str, Tensors]:
        """The server's model as fewer labels make it."""
        return {f"labels {name}": {**self.weights, **taught} for name, taught in self.with_fewer.items()}

    def head_loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """Sum over modalities of the cross-entropy of the classifier at every step, one value a row.

        Embeddings get no gradient: the classifier alone is trained.
        """
        parts = self.model.parts(params, batch, answers=True, server=True)
        total = torch.zeros_like(batch.label, dtype=torch.float32)
        for m, logits in parts["logits"].items():
            total = total + torch.where(batch.present[m], cross_entropy(logits, batch.label), 0.0)
        return total

    def reconstruction(self, parts: Mapping[str, Any], batch: Batch) -> Tensor:
        """Sum of the errors of what is written from the codes of the modalities that are read, one value a row.

        Of a pair of modalities only rows that have both count.
        """
        reads = torch.stack([batch.present[m] for m in parts["h1"]])
        total = torch.zeros_like(batch.mask, dtype=torch.float32)
        for m, written in parts["written"].items():
            error = reconstruction_error(written, parts["target"][m])
            total = total + torch.where(reads & batch.present[m], error, 0.0).sum(0)
        return total

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """Sum of all reconstruction errors of the server's network, one value a row."""
        parts = self.model.parts(params, batch, writes=True, server=True)
        return self.reconstruction(parts, batch)

    def in_turn(self, params: Mapping[str, Any]) -> list[Objective]:
        """An objective a modality that is read: its encoder and all decoders move."""
        decoders = [f"decoder.{m}" for m in self.owned(params)]
        return [Objective(partial(self.reading, modality=m), [f"encoder.{m}", *decoders]) for m in self.owned(params)]

    def reading(self, params: Tensors, batch: Batch, using: Mapping[str, Any], *, modality: str) -> Tensor:
        """Reconstruction from one modality, one value a row."""
        return self.reconstruction(self.model.parts(params, batch, reads=[modality], writes=True), batch)

    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The received model after plain reconstruction of the client's rows; the classifier stays."""
        start = client.load(received.weights)
        how = self.learner(client)
        blocks = self.blocks(start, self.server_side)
        return client.train(start, self.loss, over="inputs", trainable=blocks, settings=how)


def adam(like: TrainSettings, lr: float, epochs: int | None = None) -> TrainSettings:
    """The same settings with Adam at a learning rate, for so many epochs."""
    return TrainSettings(
        epochs=like.epochs if epochs is None else epochs, batch_size=like.batch_size, lr=lr, optimizer="adam"
    )
