"""What a partition gives to one client, and the least that it must be."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from counterpoint.data.population import Dataset
from counterpoint.errors import UserError

LEAST_TRAIN = 8
"""Every client has at least this many training rows,"""
LEAST_TEST = 2
"""and at least this many test rows."""
DEFAULT_CLIENTS = 10
"""How many clients rows are dealt to where nobody says."""

Summary = dict[str, object]


@dataclass(frozen=True)
class Share:
    """One client's rows.

    Attributes:
        name: of the client.
        train: int64, indices into the data set's rows, all of `Side.TRAIN`, ascending.
        test: int64, likewise of `Side.CLIENT_TEST`, or of `Side.TRAIN` where the source declares no client test.
    """

    name: str
    train: Tensor
    test: Tensor


class Partition(Protocol):
    """A way to deal a data set's rows to clients. No row is dealt twice.

    Rows of TRAIN and CLIENT_TEST are dealt, no others. Where there are none of CLIENT_TEST, each client's test is drawn
    out of its TRAIN rows, see `holdout`: then no client trains on a natural unit that any client is tested on.
    """

    @property
    def spec(self) -> str:
        """The text that stands for it, for example `dirichlet:0.5`."""

    def deal(self, dataset: Dataset, clients: int | None, seed: int) -> tuple[list[Share], Summary]:
        """Deal: shares in order of client ids, and plain values that tell what was drawn.

        Args:
            dataset: what is dealt. Its global test rows are left alone.
            clients: how many there shall be, or None for the partition's own number.
            seed: of the run; equal seeds deal equally.

        Raises:
            UserError: there cannot be so many clients.
        """


def check_clients(clients: int | None) -> None:
    """Refuse a number of clients below one.

    Raises:
        UserError: it is.
    """
    if clients is not None and clients < 1:
        raise UserError(f"clients={clients}: there must be at least 1 client.")
