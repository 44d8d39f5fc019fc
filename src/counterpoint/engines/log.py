"""What happened in a round."""

from collections.abc import Mapping
from dataclasses import dataclass, field

REFUSED = "refused"
"""Under this name the bytes of refused uploads are counted, in place of a block."""


@dataclass
class RoundLog:
    """What happened in one round beside the method's own state.

    Attributes:
        traffic: bytes by (direction, client, block), direction `up` or `down`.
        refused: why uploads were refused, by client.
        notes: the method's own numbers, by (measure, scope).
    """

    traffic: dict[tuple[str, int, str], int] = field(default_factory=dict)
    refused: list[tuple[int, str]] = field(default_factory=list)
    notes: dict[tuple[str, str], float] = field(default_factory=dict)

    def count(self, direction: str, client: int, by_block: Mapping[str, int]) -> None:
        """Add the bytes of one package."""
        for block, size in by_block.items():
            key = (direction, client, block)
            self.traffic[key] = self.traffic.get(key, 0) + size
