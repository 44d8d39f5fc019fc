"""SCAFFOLD: control variates that cancel the clients' drift."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from counterpoint.aggregation import BlockAverage
from counterpoint.data.samples import Batch
from counterpoint.errors import UserError
from counterpoint.exchange import Weights, per_block
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.client import Client
from counterpoint.methods.federation import Federation
from counterpoint.methods.method import Method
from counterpoint.methods.settings import TrainSettings
from counterpoint.objectives import inner_product


@dataclass(frozen=True)
class Controlled(Weights):
    """Weights and control variates: down w and c, up y_i and c_i+ - c_i."""

    control: Tensors = per_block()


def _difference(a: Tensors, b: Tensors) -> Tensors:
    return {name: a[name] - b[name] for name in b}


def _zeros(like: Tensors) -> Tensors:
    return {name: torch.zeros_like(value) for name, value in like.items()}


def _new_control(own: Tensors, server: Tensors, start: Tensors, end: Tensors, rate: Tensor) -> Tensors:
    return {n: own[n] - server[n] + (start[n] - end[n]) / rate for n in own}


class Scaffold(Method):
    """Control variates against client drift (Karimireddy et al., ICML 2020), by its option II.

    Client i takes K_i steps y <- y - lr (g(y) - c_i + c) from the received w, that is, gradient descent on
    L(y) + <c - c_i, y>. Then c_i+ = c_i - c + (w - y) / (K_i lr), and it sends y and c_i+ - c_i. The server, for each
    block over the set S_b of visited clients that own it, of N_b owners in all:
    w <- w + server_lr * mean_{S_b}(y_i - w), c <- c + |S_b| / N_b * mean_{S_b}(c_i+ - c_i).

    Deviations: both are per block over owners, where the paper knows one model that all own; buffers have no control
    variate and are averaged uniformly. The mean is uniform over clients, as in the paper, where FedAvg weights by
    samples. A client whose upload was refused has renewed its own control variate all the same, as there is no
    acknowledgement: the server's is then off by that one change. Option II holds for plain gradient descent only: other
    optimisers are refused.
    """

    server_lr: Annotated[float, Field(gt=0, description="step of the server towards the clients' mean")] = 1.0

    def check(self, settings: TrainSettings) -> None:
        """Only plain SGD."""
        if settings.optimizer != "sgd" or settings.momentum or settings.weight_decay:
            raise UserError("scaffold needs plain SGD: set train.optimizer=sgd, train.momentum=0, train.weight_decay=0")

    def start(self, fed: Federation) -> None:
        """Weights as initialised, control variates zero."""
        super().start(fed)
        layout = self.model.layout
        self.control = {n: torch.zeros_like(w) for n, w in self.weights.items() if not layout[n].fixed}

    def offer(self) -> Controlled:
        """Weights and the server's control variate."""
        return Controlled(self.weights, control=self.control)

    def round(self, fed: Federation) -> None:
        """Visit a sample of clients; move weights and control variates by what comes back."""
        average, changes = BlockAverage(), BlockAverage()
        for many in fed.stream(fed.sample(), self.local, self.offer()):
            even = torch.ones(len(many))
            average.add(many.together.weights, even)
            changes.add(many.together.control, even)
        mean = average.over(self.weights)
        change = changes.over({n: torch.zeros_like(c) for n, c in self.control.items()})
        layout = self.model.layout
        for name, old in self.control.items():
            share = changes.holders(name) / max(fed.owners(layout[name].block), 1)
            self.control[name] = old + share * change[name]
            mean[name] = self.weights[name] + self.server_lr * (mean[name] - self.weights[name])
        self.weights = mean

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The local objective with the drift correction <c - c_i, y>, one value a row."""
        plain = super().loss(params, batch, using)
        return plain + inner_product(params, using["correction"]) if "correction" in using else plain

    def adapted(self, client: Client, received: Weights) -> Tensors:
        """The received model after corrected local training."""
        assert isinstance(received, Controlled)
        return self._trained(client, received)[1]

    def _trained(self, client: Client, received: Controlled) -> tuple[Tensors, Tensors, Tensors]:
        """Starting point, end point, and the client's control variate before."""
        start = client.load(received.weights)
        own = client.memory.get("control", client.map(_zeros, received.control))
        correction = client.map(_difference, received.control, own)
        using = {"correction": correction, **self.prepared(client, start)}
        return start, client.train(start, self.loss, using=using), own

    def local(self, client: Client, received: Controlled) -> Controlled:
        """Train with the correction, renew the client's control variate."""
        start, end, own = self._trained(client, received)
        rate = client.map(lambda steps: steps * client.settings.lr, client.steps())
        new = client.map(_new_control, own, received.control, start, end, rate)
        client.memory["control"] = new
        return Controlled(end, client.sizes, client.map(_difference, new, own))
