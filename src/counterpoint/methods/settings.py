"""How clients train: what every method starts from, so that methods are compared on equal terms."""

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
    """

    epochs: Annotated[int, Field(ge=1)] = 1
    batch_size: Annotated[int, Field(ge=1)] = 32
    lr: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1
    optimizer: OptimizerKind = "sgd"
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
