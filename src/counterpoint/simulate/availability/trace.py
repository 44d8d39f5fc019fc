"""Absences out of a file."""

import csv
from pathlib import Path
from typing import NamedTuple, Self

from counterpoint.errors import UserError
from counterpoint.simulate.availability.rule import Rule

HEADER = ("client", "from", "to")


class Absence(NamedTuple):
    """Rounds in which a client, or one of its modalities, is away, the first and the last of them included."""

    client: int
    first: int
    last: int
    modality: str


class Trace(Rule):
    """On, but for the absences in a CSV file with columns client, from, to and, if one likes, modality.

    `from` and `to` are rounds, both included; without a modality the client itself is away.

    Args:
        absences: from the file.
    """

    name = "trace"
    form = "trace:FILE"

    def __init__(self, absences: list[Absence]) -> None:
        self._absences = absences

    @classmethod
    def read(cls, text: str) -> Self:
        """A path."""
        path = Path(text)
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = csv.DictReader(file)
                names = set(rows.fieldnames or ())
                if not set(HEADER) <= names <= {*HEADER, "modality"}:
                    raise UserError(f"{path}: a trace has the columns client, from, to and, if one likes, modality")
                return cls([_absence(row, f"{path}, line {rows.line_num}") for row in rows])
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise UserError(f"cannot read the trace {text!r}: {why}") from error

    def on(self, client: int, what: str, *, seed: int, round: int) -> bool:
        """Whether no absence says otherwise."""
        return not any(a.client == client and a.modality == what and a.first <= round <= a.last for a in self._absences)


def _absence(row: dict[str, str | None], where: str) -> Absence:
    try:
        client, first, last = (int(row[name] or "") for name in HEADER)
    except ValueError:
        raise UserError(f"{where}: client, from and to must be whole numbers") from None
    if client < 0 or not 1 <= first <= last:
        raise UserError(f"{where}: rounds count from 1, and the first must not be after the last")
    return Absence(client, first, last, (row.get("modality") or "").strip())
