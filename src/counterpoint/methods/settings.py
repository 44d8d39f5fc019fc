"""How clients train: what every method starts from, so that methods are compared on equal terms."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

OptimizerKind = Literal["sgd", "adam", "adamw"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class TrainSettings:
    """Local training.

    Attributes:
        epochs: passes over the client's samples a visit.
        batch_size: rows a step; the last batch of an epoch may have fewer.
        lr: learning rate of the clients' optimiser.
        optimizer: sgd, adam or adamw; its state is fresh in every visit.
        momentum: of sgd.
        weight_decay: an L2 term for sgd and adam, decoupled for adamw.
        lr_end: what the learning rate falls to, evenly by round; it stays as it is where None.
        lr_hold: rounds before it falls: lr_r = lr for r <= lr_hold, then lr - (lr - lr_end) r / R in round r of R (a
            step, where lr_hold > 0: so the published schedule of FedCMI's authors has it).
    """

    epochs: Annotated[int, Field(ge=1, description="passes over a client's samples in a visit")] = 2
    batch_size: Annotated[int, Field(ge=1, description="rows a step")] = 16
    lr: Annotated[float, Field(gt=0, allow_inf_nan=False, description="learning rate of the clients")] = 0.1
    optimizer: Annotated[OptimizerKind, Field(description="of the clients, fresh in every visit")] = "sgd"
    momentum: Annotated[float, Field(ge=0, lt=1, description="of sgd")] = 0.0
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False, description="L2 term; decoupled for adamw")] = 0.0
    lr_end: Annotated[
        Annotated[float, Field(gt=0, allow_inf_nan=False)] | None,
        Field(description="learning rate of the last round, towards which it falls evenly"),
    ] = None
    lr_hold: Annotated[int, Field(ge=0, description="rounds before the learning rate falls")] = 0

    def in_round(self, number: int, rounds: int) -> "TrainSettings":
        """The settings of a round, counted from 1: the same but for the learning rate."""
        if self.lr_end is None or number <= self.lr_hold:
            return self
        return replace(self, lr=self.lr - (self.lr - self.lr_end) * number / rounds)
