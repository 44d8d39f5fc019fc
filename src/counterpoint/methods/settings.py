"""How clients train: what every method starts from, so that methods are compared on equal terms."""

from dataclasses import dataclass
from typing import Literal

OptimizerKind = Literal["sgd", "adam", "adamw"]


@dataclass(frozen=True)
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

    epochs: int = 1
    batch_size: int = 32
    lr: float = 0.05
    optimizer: OptimizerKind = "sgd"
    momentum: float = 0.0
    weight_decay: float = 0.0
