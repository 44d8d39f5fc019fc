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

    epochs: Annotated[int, Field(ge=1, description="passes over a client's samples in a visit")] = 2
    batch_size: Annotated[int, Field(ge=1, description="rows a step")] = 16
    lr: Annotated[float, Field(gt=0, allow_inf_nan=False, description="learning rate of the clients")] = 0.1
    optimizer: Annotated[OptimizerKind, Field(description="of the clients, fresh in every visit")] = "sgd"
    momentum: Annotated[float, Field(ge=0, lt=1, description="of sgd")] = 0.0
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False, description="L2 term; decoupled for adamw")] = 0.0
