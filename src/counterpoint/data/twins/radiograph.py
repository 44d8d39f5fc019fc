"""Synthetic radiographs of the chest: lungs, heart, ribs, and a finding that is a blot of its own form and place."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from counterpoint.data.images import pillow
from counterpoint.randomness import generator

SIZE = (112, 92)
"""Height and width, pixels."""


@dataclass(frozen=True)
class Look:
    """How a finding looks: a soft ellipse. Lengths are shares of half the picture's height.

    Attributes:
        x: of its middle, from the spine outwards,
        y: and from the middle of the picture downwards.
        wide: its half width,
        high: and half height, of a finding of middle extent.
        light: what it adds to brightness; negative where it is darker.
        both: whether it is on both sides, or in the middle, so that it has no side.
    """

    x: float
    y: float
    wide: float
    high: float
    light: float
    both: bool = False


LOOKS = {
    "atelectasis": Look(0.38, 0.28, 0.26, 0.05, 0.5),
    "cardiomegaly": Look(0.0, 0.32, 0.44, 0.24, 0.45, both=True),
    "consolidation": Look(0.36, 0.0, 0.17, 0.17, 0.6),
    "edema": Look(0.26, -0.05, 0.16, 0.34, 0.4, both=True),
    "enlarged cardiomediastinum": Look(0.0, -0.4, 0.26, 0.3, 0.5, both=True),
    "fracture": Look(0.62, -0.15, 0.05, 0.12, -0.6),
    "lung lesion": Look(0.42, -0.28, 0.09, 0.09, 0.8),
    "lung opacity": Look(0.36, -0.45, 0.24, 0.16, 0.45),
    "pleural effusion": Look(0.44, 0.58, 0.3, 0.16, 0.6),
    "pleural other": Look(0.66, 0.1, 0.04, 0.4, 0.5),
    "pneumonia": Look(0.28, 0.2, 0.2, 0.13, 0.55),
    "pneumothorax": Look(0.58, -0.45, 0.13, 0.26, -0.55),
    "support devices": Look(0.12, -0.3, 0.025, 0.5, 0.8),
}
"""By finding, in words of the reports."""


@dataclass(frozen=True)
class Sign:
    """A finding in one picture.

    Attributes:
        finding: one of LOOKS.
        left: whether it is on the patient's left, which is to the right in the picture.
        extent: how large it is, from 0 to 1.
    """

    finding: str
    left: bool
    extent: float


def radiograph(signs: list[Sign], contrast: float, person: float, key: int, size: tuple[int, int] = SIZE) -> Tensor:
    """A picture: uint8 [height, width].

    Args:
        signs: what there is to be found.
        contrast: how strongly it stands out, from 0 to 1.
        person: how broad the chest is, and how dark the film, from 0 to 1.
        key: of the mottling.
        size: height and width, pixels.
    """
    height, width = size
    y = ((torch.arange(height) + 0.5) / height * 2 - 1)[:, None]
    x = ((torch.arange(width) + 0.5) * 2 - width)[None, :] / height
    broad = 0.9 + 0.2 * person
    lungs = sum(_soft(x / broad - side * 0.38, y + 0.05, 0.27, 0.62) for side in (-1, 1))
    values = 0.62 * _soft(x / broad, y - 0.1, 0.85, 1.2) - 0.42 * lungs
    values = values + 0.3 * _soft(x - 0.1, y - 0.32, 0.26, 0.24) + 0.18 * _soft(x, y, 0.09, 1.1)
    values = values + 0.05 * torch.cos(2 * math.pi * (3.2 * y - 1.3 * x.abs())) * lungs
    for sign in signs:
        look, grown = LOOKS[sign.finding], 0.75 + 0.5 * sign.extent
        for side in (-1, 1) if look.both and look.x else (1 if sign.left else -1,):
            place = x / broad - side * look.x, y - look.y
            values = values + contrast * look.light * _soft(*place, look.wide * grown, look.high * grown, sharp=2)
    drawn = generator(key, "radiograph")
    mottled = torch.nn.functional.interpolate(torch.randn(1, 1, 9, 9, generator=drawn), size=size, mode="bicubic")[0, 0]
    grain = torch.randn(size, generator=drawn)
    values = values * (0.85 + 0.3 * person) + 0.03 * mottled + 0.02 * grain
    return (values.clamp(0, 1) * 255).round().to(torch.uint8)


def _soft(x: Tensor, y: Tensor, wide: float, high: float, sharp: int = 4) -> Tensor:
    """1 in the middle of an ellipse, about 1/3 at its border, 0 far from it; the sharper, the steeper."""
    return torch.exp(-(((x / wide) ** 2 + (y / high) ** 2) ** (sharp / 2)))


def write_radiograph(file: Path, values: Tensor) -> None:
    """Write a grey picture out of uint8 [height, width], as the file's ending says."""
    image = pillow().fromarray(values.numpy())
    image.save(file, quality=90) if file.suffix == ".jpg" else image.save(file)
