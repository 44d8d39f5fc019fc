"""Sounds, pictures and texts that show a class, and files of them."""

import math
import wave
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from counterpoint.data.images import pillow
from counterpoint.data.twins.factors import Strength
from counterpoint.randomness import generator

LOWEST, HIGHEST = 250.0, 1800.0
"""Hz of the tones that stand for the first and the last class."""


def sound(
    shown: int, classes: int, private: float, shared: float, how: Strength, samples: int, rate: int, key: int
) -> Tensor:
    """A voice that hums a tone: float32 [samples], from -1 to 1.

    The tone is the class's, the voice has a pitch of its own, and there is noise.

    Args:
        shown: the class.
        classes: how many there are.
        private: pitch of the voice, from 0 to 1.
        shared: loudness, from 0 to 1.
        how: loud the tone is beside the rest.
        samples: length.
        rate: samples a second; at least twice HIGHEST.
        key: of the noise.
    """
    time = torch.arange(samples) / rate
    tone = LOWEST * (HIGHEST / LOWEST) ** (shown / max(classes - 1, 1))
    voice = sum(torch.sin(2 * math.pi * n * (90 + 110 * private) * time) / n for n in (1, 2, 3))
    pulse = 0.6 + 0.4 * torch.sin(2 * math.pi * 3 * time)
    noise = torch.randn(samples, generator=generator(key, "sound"))
    mixed = how.contrast * pulse * torch.sin(2 * math.pi * tone * time) + 0.25 * voice + 0.3 * noise
    return (0.1 + 0.25 * shared) * mixed


def frame(
    shown: int,
    classes: int,
    private: float,
    shared: float,
    how: Strength,
    size: tuple[int, int],
    key: int,
    step: int = 0,
) -> Tensor:
    """A picture with a blot on a mottled ground: uint8 [3, height, width].

    The blot's place on a circle is the class's, the ground has a hue of its own.

    Args:
        shown: the class.
        classes: how many there are.
        private: hue of the ground, from 0 to 1.
        shared: brightness, from 0 to 1.
        how: strongly the blot stands out.
        size: height and width, pixels.
        key: of the mottling.
        step: of a film: the blot swells a little with each.
    """
    height, width = size
    mottled = torch.rand(1, 3, 7, 9, generator=generator(key, "ground", step))
    ground = torch.nn.functional.interpolate(mottled, size=size, mode="bilinear", align_corners=False)[0]
    turn = 2 * math.pi * (private + torch.arange(3) / 3)
    colour = (0.5 + 0.3 * torch.cos(turn))[:, None, None]
    angle = 2 * math.pi * shown / classes
    y = torch.arange(height)[:, None] - height / 2 + 0.33 * height * math.cos(angle)
    x = torch.arange(width)[None, :] - width / 2 - 0.33 * height * math.sin(angle)
    blot = torch.exp(-(x**2 + y**2) / (2 * (height * (0.1 + 0.005 * step)) ** 2))
    values = 0.25 + 0.25 * shared + 0.3 * (colour - 0.5) + 0.3 * (ground - 0.5) + how.contrast * blot
    return (values.clamp(0, 1) * 255).round().to(torch.uint8)


def words(chosen: Sequence[str], fillers: Sequence[str], telling: int, length: int, key: int) -> str:
    """A text of `length` words, of which `telling` are out of `chosen` and the others out of `fillers`, mixed."""
    drawn = generator(key, "words")
    told = [chosen[i] for i in torch.randint(len(chosen), (telling,), generator=drawn).tolist()]
    told += [fillers[i] for i in torch.randint(len(fillers), (length - telling,), generator=drawn).tolist()]
    return " ".join(told[i] for i in torch.randperm(length, generator=drawn).tolist())


def write_sound(file: Path, values: Tensor, rate: int) -> None:
    """Write a .wav file of one channel, 16 bits a sample; values [samples] beyond full scale are clipped."""
    whole = (values * 2**15).round().clamp(-(2**15), 2**15 - 1).to(torch.int16)
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(whole.numpy().astype("<i2").tobytes())


def write_picture(file: Path, values: Tensor) -> None:
    """Write a .jpg file of uint8 [3, height, width]."""
    pillow().fromarray(values.permute(1, 2, 0).numpy()).save(file, quality=90)
