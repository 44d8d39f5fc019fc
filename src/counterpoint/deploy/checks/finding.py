"""What a check finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from counterpoint.errors import UserError


class Level(StrEnum):
    """How bad it is."""

    READY = "ready"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: what was looked at.
        level: how bad it is.
        text: a sentence: what is wrong, where, and what to do; where nothing is, what was seen.
    """

    topic: str
    level: Level
    text: str


Said = Iterator[tuple[Level, str]]
"""What one look yields: as many complaints as there are, and what it saw if there is none."""


def looked(topic: str, look: Callable[[], Said]) -> list[Finding]:
    """The findings of one look, complaints first; a mistake that ends it is one of them.

    Args:
        topic: what is looked at.
        look: yields what it finds.
    """
    found = []
    try:
        for level, text in look():
            found.append(Finding(topic, level, text))
    except UserError as error:
        found.append(Finding(topic, Level.ERROR, " ".join(str(error).split())))
    wrong = [finding for finding in found if finding.level != Level.READY]
    return wrong or found
