"""Sensors that show a class by how they swing."""

import math

import torch
from torch import Tensor

from counterpoint.data.twins.factors import Strength
from counterpoint.randomness import generator

SLOWEST, FASTEST = 1 / 24, 1 / 5
"""Swings a step of the first and of the last class."""


def motion(
    shown: int,
    classes: int,
    private: float,
    shared: float,
    how: Strength,
    size: tuple[int, int],
    sensors: str,
    key: int,
) -> Tensor:
    """A stretch of time of some sensors: float32 [steps, channels], mostly from -3 to 3.

    A class has a pace, and in each channel a strength and a level of its own. Who wears the sensors swings besides at
    a pace of their own, and there is noise.

    Args:
        shown: the class.
        classes: how many there are.
        private: pace of who wears them, from 0 to 1.
        shared: vigour, from 0 to 1.
        how: strongly the class's swing and level stand out.
        size: steps and channels.
        sensors: their name; other sensors have other strengths and levels.
        key: of noise, and of where a swing begins.
    """
    steps, channels = size
    fixed = generator(0, "motion", sensors)
    strength, level = torch.rand(classes, channels, generator=fixed), torch.randn(classes, channels, generator=fixed)
    own = generator(key, "motion", sensors)
    begin, other = torch.rand(channels, generator=own), torch.rand(channels, generator=own)
    time = torch.arange(steps)[:, None]
    pace = SLOWEST * (FASTEST / SLOWEST) ** (shown / max(classes - 1, 1))
    swing = strength[shown] * torch.sin(2 * math.pi * (pace * time + begin)) + 0.5 * level[shown]
    wearer = torch.sin(2 * math.pi * ((0.05 + 0.1 * private) * time + other))
    noise = torch.randn(steps, channels, generator=own)
    return (0.7 + 0.6 * shared) * 2 * how.contrast * swing + 0.4 * wearer + 0.4 * noise
