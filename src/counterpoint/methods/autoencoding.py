"""What methods share that learn without labels of clients: autoencoders, and a classifier that the server trains."""

from collections.abc import Mapping
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

    def network(self) -> Network | None:
        """The split autoencoder."""
        return self._network

    def _network(self, modalities: Mapping[str, Modality], task: Task, settings: ModelSettings) -> nn.Module:
        return SplitAutoencoder(modalities, len(task.classes), self.first, self.second)

    def owned(self, params: Mapping[str, Any]) -> list[str]:
        """The modalities of which there are tensors."""
        return [m for m in self.model.modalities if any(name.startswith(f"encoder.{m}.") for name in params)]

    def blocks(self, params: Mapping[str, Any]) -> list[str]:
        """The blocks of autoencoders that there are."""
        return [f"{part}.{m}" for part in ("encoder", "decoder") for m in self.owned(params)]

    def learner(self, client: Client) -> TrainSettings:
        """How autoencoders are trained: as the run's clients are, but with Adam."""
        return adam(client.settings, client.settings.lr)

    def train_head(self, fed: Federation) -> None:
        """Train the classifier on the server's own rows."""
        if self.head_epochs:
            self.weights = fed.server.train(
                self.weights,
                self.head_loss,
                over="labelled",
                trainable=[HEAD],
                remember=HEAD,
                settings=adam(fed.server.settings, self.head_lr, self.head_epochs),
            )

    def head_loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """Sum over modalities of the cross-entropy of the classifier at every step, one value a row.

        Embeddings get no gradient: the classifier alone is trained.
        """
        parts = self.model.parts(params, batch, answers=True)
        total = torch.zeros_like(batch.label, dtype=torch.float32)
        for m, logits in parts["logits"].items():
            total = total + torch.where(batch.present[m], cross_entropy(logits, batch.label), 0.0)
        return total

    def reconstruction(self, parts: Mapping[str, Any], batch: Batch, read: str) -> Tensor:
        """Sum over modalities of the error of what is written from the code of one, one value a row.

        Only of rows that have both.
        """
        total = torch.zeros_like(batch.mask, dtype=torch.float32)
        for m in sorted(batch.x):
            error = reconstruction_error(parts["written"][f"{read}>{m}"], parts["target"][m])
            total = total + torch.where(batch.present[read] & batch.present[m], error, 0.0)
        return total

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """Sum of all reconstruction errors, one value a row."""
        parts = self.model.parts(params, batch, writes=True)
        return torch.stack([self.reconstruction(parts, batch, m) for m in sorted(batch.x)]).sum(0)

    def in_turn(self, params: Mapping[str, Any]) -> list[Objective]:
        """An objective a modality that is read: its encoder and all decoders move."""
        decoders = [f"decoder.{m}" for m in self.owned(params)]
        return [Objective(partial(self.reading, modality=m), [f"encoder.{m}", *decoders]) for m in self.owned(params)]

    def reading(self, params: Tensors, batch: Batch, using: Mapping[str, Any], *, modality: str) -> Tensor:
        """Reconstruction from one modality, one value a row."""
        return self.reconstruction(self.model.parts(params, batch, reads=[modality], writes=True), batch, modality)

    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The received model after plain reconstruction of the client's rows; the classifier stays."""
        start = client.load(received.weights)
        how = self.learner(client)
        return client.train(start, self.loss, over="inputs", trainable=self.blocks(start), settings=how)


def adam(like: TrainSettings, lr: float, epochs: int | None = None) -> TrainSettings:
    """The same settings with Adam at a learning rate, for so many epochs."""
    return TrainSettings(
        epochs=like.epochs if epochs is None else epochs, batch_size=like.batch_size, lr=lr, optimizer="adam"
    )
