"""FedOpt: the average of the clients' updates as a gradient for an adaptive optimiser on the server."""

from abc import abstractmethod
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from counterpoint.aggregation import block_average
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.fedavg import FedAvg
from counterpoint.methods.federation import Federation
from counterpoint.methods.search import Search


class FedOpt(FedAvg):
    """Adaptive federated optimisation (Reddi et al., ICLR 2021, Algorithm 2), base of its three members.

    With D = average(w_i) - w: m <- beta1 m + (1 - beta1) D; v as the member says;
    w <- w + server_lr m / (sqrt(v) + tau). At the start m = 0 and v = tau^2, the least that the paper allows.

    Deviations: D is the block-wise average weighted by samples (the paper's algorithm is written with equal weights); a
    block that nobody uploaded keeps its w, m and v; buffers are averaged, not optimised.
    """

    name = "fedopt"

    server_lr: Annotated[float, Field(gt=0, description="learning rate of the server"), Search(1e-3, 1, log=True)] = (
        0.03
    )
    beta1: Annotated[float, Field(ge=0, lt=1, description="decay of the first moment")] = 0.9
    tau: Annotated[
        float, Field(gt=0, description="degree of adaptivity, added to the root of v"), Search(1e-4, 1e-1, log=True)
    ] = 1e-3

    @abstractmethod
    def second_moment(self, v: Tensor, square: Tensor) -> Tensor:
        """The new v from the old one and D^2."""

    def start(self, fed: Federation) -> None:
        """Weights as initialised, m = 0, v = tau^2."""
        super().start(fed)
        layout = self.model.layout
        trained = {n: w for n, w in self.weights.items() if not layout[n].fixed}
        self.first: Tensors = {n: torch.zeros_like(w) for n, w in trained.items()}
        self.second: Tensors = {n: torch.full_like(w, self.tau**2) for n, w in trained.items()}

    def round(self, fed: Federation) -> None:
        """Visit a sample of clients; step towards their average."""
        weights = block_average(self.weights, fed.stream(fed.sample(), self.local, self.offer()))
        for name in self.first:
            old = self.weights[name]
            if weights[name] is not old:
                delta = weights[name] - old
                self.first[name] = self.beta1 * self.first[name] + (1 - self.beta1) * delta
                self.second[name] = self.second_moment(self.second[name], delta.square())
                weights[name] = old + self.server_lr * self.first[name] / (self.second[name].sqrt() + self.tau)
        self.weights = weights


class FedAdagrad(FedOpt):
    """Adagrad on the server: FedOpt with v <- v + D^2."""

    def second_moment(self, v: Tensor, square: Tensor) -> Tensor:
        """v + D^2."""
        return v + square


class FedAdam(FedOpt):
    """Adam on the server: FedOpt with v <- beta2 v + (1 - beta2) D^2."""

    beta2: Annotated[float, Field(ge=0, lt=1, description="decay of the second moment")] = 0.99

    def second_moment(self, v: Tensor, square: Tensor) -> Tensor:
        """beta2 v + (1 - beta2) D^2."""
        return self.beta2 * v + (1 - self.beta2) * square


class FedYogi(FedOpt):
    """Yogi on the server: FedOpt with v <- v - (1 - beta2) D^2 sign(v - D^2)."""

    beta2: Annotated[float, Field(ge=0, lt=1, description="decay of the second moment")] = 0.99

    def second_moment(self, v: Tensor, square: Tensor) -> Tensor:
        """v - (1 - beta2) D^2 sign(v - D^2)."""
        return v - (1 - self.beta2) * square * torch.sign(v - square)
