"""Agnostic federated learning of contrastive towers: the worst mixture of clients, without any guide."""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from counterpoint.aggregation import agnostic_weights
from counterpoint.methods.fedaid import FedAID
from counterpoint.methods.search import Search


class ClipAFL(FedAID):
    """min_w max_lambda sum_i lambda_i L_i(w) over the whole simplex (AFL; Mohri, Sivek, Suresh, ICML 2019).

    As `fedaid` without alignment and guide, with the additive step lambda <- project_simplex(lambda + rate l) that AFL
    and DRFA (Deng, Kamani, Mahdavi, NeurIPS 2020) take; lambda weighs the server's averages. Losses are measured in
    every round on rows held out, where DRFA draws a random moment within it.
    """

    name = "clip-afl"

    alignment_steps: Annotated[int, Field(ge=0, description="steps on alignment modules alone")] = 0
    mu: Annotated[float, Field(ge=0, description="weight of a guide")] = 0.0
    rate: Annotated[float, Field(ge=0, description="of the step of lambda"), Search(0.001, 0.3, log=True)] = 0.02

    def raised(self, mixture: Tensor, losses: Tensor) -> Tensor:
        """The additive step, and the projection to the simplex."""
        return agnostic_weights(mixture, losses, self.rate)
