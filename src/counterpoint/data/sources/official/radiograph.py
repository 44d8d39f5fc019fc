"""Radiographs as grey squares."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from counterpoint.data.images import MOST_PIXELS, pillow
from counterpoint.data.modality import Modality
from counterpoint.errors import UserError

SIZE = 64
IMAGE = Modality("image", "image", (1, SIZE, SIZE), "grey")
TOLD = f"image, 1 x {SIZE} x {SIZE}, grey"
MADE = f"pictures are made grey, their longer side scaled to {SIZE} pixels, and put on black in a square, uncropped"
"""For cards."""


def radiograph(file: Path, size: int) -> Tensor:
    """A radiograph out of a file, as `squared` gives it: uint8 [1, size, size].

    Args:
        file: in any format that Pillow reads. Colours become grey, and what is transparent black; grey of 16 bits
            counts by its upper byte.
        size: pixels a side.

    Raises:
        UserError: it is no picture that can be read, is too large, or Pillow is not installed.
    """
    module = pillow()
    try:
        with module.open(file) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise module.DecompressionBombError
            opened.draft("L", (4 * size, 4 * size))
            return squared(_grey(module, opened), size)
    except module.DecompressionBombError as error:
        raise UserError(f"{file} has too many pixels for a radiograph: make it smaller.") from error
    except (OSError, EOFError, SyntaxError, ValueError, LookupError, TypeError, struct.error, zlib.error) as error:
        raise UserError(f"{file} is no picture that can be read ({error}).") from error


def squared(image: Any, size: int) -> Tensor:
    """A grey picture in a square: its longer side scaled to `size`, centred on black: uint8 [1, size, size].

    The whole picture is kept. The published protocol crops at random in training, which is an augmentation, and in the
    middle at test, which would cut off the borders of the lungs; at this size neither is done.

    Args:
        image: of Pillow, mode L.
        size: pixels a side.
    """
    module = pillow()
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    scaled = image.resize((width, height), module.Resampling.BILINEAR)
    square = module.new("L", (size, size), 0)
    square.paste(scaled, ((size - width) // 2, (size - height) // 2))
    return torch.from_numpy(np.array(square))[None]


def _grey(module: Any, image: Any) -> Any:
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        whole = image.convert("RGBA")
        black = module.new("RGBA", whole.size, "black")
        black.alpha_composite(whole)
        return black.convert("L")
    return image.convert("L")
