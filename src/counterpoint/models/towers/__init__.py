"""Models that put samples of all modalities into one space."""

from counterpoint.models.towers.network import Towers

__all__ = ["Towers"]
