"""What is missing in training, and what in tests."""

from dataclasses import dataclass

from counterpoint.data.missing.client_types import ClientTypes
from counterpoint.data.missing.mechanism import Missing
from counterpoint.data.missing.spec import parse
from counterpoint.data.population import Dataset
from counterpoint.errors import UserError


@dataclass(frozen=True)
class Gaps:
    """What is missing in training, and what in all tests: those of the clients, and the global one.

    A client is never tested on a modality that it does not own, and no test row loses its last one, even where a rate
    asks for more. What the tests lose says `test`: where it is the same as `train`, a client's test loses what the
    client does; where it is another (a shift),

    | in training | in tests | what a client's test loses |
    | --- | --- | --- |
    | any | `none`, `sample:...`, `time:...` | what the client lacks, and then a draw over what is left |
    | any | `client:RATE` | what the client lacks, and then that share of the (client, modality) pairs that are left |
    | any but `client:...` | `client:PATTERN:N,...` | all but the modalities of a type that is drawn for the test |
    | `client:...` | `client:PATTERN:N,...` | refused: who owns what says the training |

    Attributes:
        train: in training.
        test: in tests.
    """

    train: Missing
    test: Missing

    @property
    def shifted(self) -> bool:
        """Whether tests lose in another way than training."""
        return self.train != self.test

    def check(self, dataset: Dataset) -> None:
        """Refuse what cannot be in this data set, or does not go together.

        Raises:
            UserError: a mechanism does not suit the data, or the two do not suit each other.
        """
        self.train.check(dataset)
        if not self.shifted:
            return
        self.test.check(dataset)
        if self.train.level == "client" and isinstance(self.test, ClientTypes):
            raise UserError(
                f"missing_test {self.test.spec!r}: who owns what is settled by missing {self.train.spec!r}, and nobody "
                "can be tested on what they do not own; use client:RATE, sample:RATE or time:RATE for tests."
            )

    def clients(self, asked: int | None, *, natural: bool) -> int | None:
        """How many clients to deal to: as many as asked for; else, unless they are natural, as many as have types.

        Raises:
            UserError: types are for another number than is asked for.
        """
        if asked is not None:
            self.check_clients(asked)
            return asked
        return None if natural else self.train.clients or self.test.clients

    def check_clients(self, clients: int) -> None:
        """Refuse a number of clients that the types do not add up to.

        Raises:
            UserError: it is.
        """
        for what, mechanism in (("missing", self.train), ("missing_test", self.test)):
            if mechanism.clients not in (None, clients):
                raise UserError(
                    f"{what} {mechanism.spec!r} is for {mechanism.clients} clients, but there are {clients}: "
                    f"let the types add up to {clients}, or ask for {mechanism.clients} clients."
                )


def parse_gaps(missing: str, missing_test: str | None) -> Gaps:
    """Read both texts, see `parse`; tests lose as training does where there is no text for them.

    Raises:
        UserError: a text cannot be read.
    """
    train = parse(missing)
    return Gaps(train, train if missing_test is None else parse(missing_test, "missing_test"))
