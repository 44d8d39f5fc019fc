"""Multimodal FedAvg on autoencoders: the baseline of learning with few labels."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from counterpoint.aggregation import block_average
from counterpoint.exchange import Weights
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.autoencoding import HEAD, Autoencoding
from counterpoint.methods.client import Client, Value
from counterpoint.methods.federation import Federation


class MMFedAvg(Autoencoding):
    """Autoencoders averaged over clients, a classifier on the server (Zhao, Barnaghi, Haddadi, IoTDI 2022).

    A round: sampled clients go on from the received autoencoders with Adam, whose state stays with them, on all their
    rows without labels; for each modality in turn a step of its encoder and all decoders on what is written from it.
    Encoder and decoder of a modality are averaged over the clients that own it; a client with several modalities
    weighs `multimodal_weight`, one with a single one 1. Then the server trains the classifier, see `Autoencoding`.

    Deviations from the authors' code: gradients of one step do not leak into the next; rows are windows of one length.
    The classifier never travels.
    """

    name = "mm-fedavg"

    multimodal_weight: Annotated[
        int, Field(ge=1, description="weight of clients with several modalities in averages; theirs is 100")
    ] = 1

    def offer(self) -> Weights:
        """All that the server has: clients are scored with the classifier too."""
        return Weights(self.weights)

    def round(self, fed: Federation) -> None:
        """Visit a sample of clients, average autoencoders, train the classifier."""
        down = Weights({n: v for n, v in self.weights.items() if not n.startswith(HEAD)})
        uploads = fed.stream(fed.sample(), self.local, down)
        self.weights = block_average(self.weights, uploads)
        self.train_head(fed)

    def local(self, client: Client, received: Weights) -> Weights:
        """Train from the received autoencoders."""
        trained = self.trained(client, received)
        told = {n: v for n, v in trained.items() if n.startswith(("encoder.", "decoder."))}
        weight = self.multimodal_weight if len(self.owned(trained)) > 1 else 1
        return Weights(told, samples=client.map(lambda n: torch.full_like(n, weight), client.sizes))

    def trained(self, client: Client, received: Weights) -> Tensors:
        """The received autoencoders after local training."""
        start = client.load(received.weights)
        return client.train(
            start,
            self.in_turn(start),
            over="inputs",
            using=self.needed(client, start),
            trainable=self.blocks(start),
            remember="optimizer",
            settings=self.learner(client),
        )

    def needed(self, client: Client, start: Tensors) -> dict[str, Value]:
        """What the objectives need beside."""
        return {"received": start}


def norm_of_difference(a: dict[str, Tensor], b: dict[str, Tensor], floor: float = 1e-12) -> Tensor:
    """||a - b||_2 over the tensors that both have; the root is taken of at least `floor`, so that 0 has a gradient."""
    squares = torch.stack([(a[n] - b[n]).square().sum() for n in a if n in b])
    return squares.sum().clamp(min=floor).sqrt()
