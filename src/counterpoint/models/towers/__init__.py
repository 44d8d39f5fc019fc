"""Models that put samples of all modalities into one space."""

from counterpoint.models.towers.network import Towers
from counterpoint.models.towers.zero_shot import ZeroShotTowers, zero_shot

__all__ = ["Towers", "ZeroShotTowers", "zero_shot"]
