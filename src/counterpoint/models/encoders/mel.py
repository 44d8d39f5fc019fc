"""A bank of filters on the mel scale."""

import math

import torch
from torch import Tensor


def mel(hertz: float) -> float:
    """Pitch of a frequency on the mel scale, by the formula of HTK: 2595 log10(1 + f / 700)."""
    return 2595 * math.log10(1 + hertz / 700)


def mel_bank(bins: int, rate: float, bands: int) -> Tensor:
    """Triangular filters of height one, float32 [bins, bands].

    `bands` + 2 corners lie from 0 to half the rate, equally far apart in `mel`. Band b rises from 0 at corner b to 1 at
    corner b + 1 and falls to 0 at corner b + 2.

    Args:
        bins: of a spectrum, frequencies from 0 to half the rate.
        rate: samples a second.
        bands: how many.
    """
    steps = torch.linspace(0, mel(rate / 2), bands + 2, dtype=torch.float64)
    corners = 700 * (10 ** (steps / 2595) - 1)
    frequency = torch.linspace(0, rate / 2, bins, dtype=torch.float64)[:, None]
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (frequency - low) / (middle - low), (high - frequency) / (high - middle)
    return torch.minimum(rising, falling).clamp(min=0).float()
