"""A dataset as its source gives it, and the population that a run works on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from torch import Tensor

from counterpoint.data.card import Card
from counterpoint.data.modality import Modality, Task
from counterpoint.data.samples import Samples


class Side(IntEnum):
    """To which side of its source's split a row belongs."""

    TRAIN = 0
    CLIENT_TEST = 1
    GLOBAL_TEST = 2


@dataclass(frozen=True)
class Dataset:
    """What a source returns: all rows, who owns them, and the split that the source declares.

    Attributes:
        name: the source's name.
        task: what is learned.
        modalities: by name.
        samples: all rows, nothing missing but what the origin lacks.
        owner: int64 [rows], index into `owners`: the natural client of a row.
        owners: names of the natural owners.
        side: int64 [rows] of `Side`. A natural unit lies on one side only.
        card: origin, licence, checksum, sizes, traps.
    """

    name: str
    task: Task
    modalities: Mapping[str, Modality]
    samples: Samples
    owner: Tensor
    owners: tuple[str, ...]
    side: Tensor
    card: Card


@dataclass(frozen=True)
class ClientData:
    """What one client holds. `train` and `test` have the same modalities and share no natural unit."""

    id: int
    name: str
    train: Samples
    test: Samples

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities that this client owns, sorted."""
        return self.train.modalities


@dataclass(frozen=True)
class Population:
    """All clients of a run, plus what the server holds.

    Attributes:
        name: of the dataset.
        task: what is learned.
        modalities: every modality that anyone may have, by name.
        clients: in order of their ids, which are 0, 1, 2, ...
        test: the global test set, held by the server.
        card: of the dataset.
        drawn: what partition and missingness drew, as plain values for the run folder and the report.
    """

    name: str
    task: Task
    modalities: Mapping[str, Modality]
    clients: tuple[ClientData, ...]
    test: Samples
    card: Card
    drawn: Mapping[str, object] = field(default_factory=dict)
