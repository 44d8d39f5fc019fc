"""Pictures from files as tensors of one size."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from counterpoint.errors import UserError

FIRST = 512
"""Pictures of twice this size or more are first averaged down to between once and twice, quickly."""
BAND = 2**22
"""So many pixels are averaged at a time."""
MOST_PIXELS = 2**28
"""Larger files are refused: they may be made to exhaust memory."""
TURNED = 0x0112
"""Exif's tag of how the camera was held."""


def picture(file: Path | IO[bytes], size: int, name: str = "") -> Tensor:
    """A picture on white, whole, upright, centred in a square: uint8 [3, size, size].

    Args:
        file: in any format that Pillow reads; the first picture, if it holds several.
        size: pixels a side.
        name: of the file, for complaints; its path where not given.

    Raises:
        UserError: it is no picture that can be read, is too large, or Pillow is not installed.
    """
    module = pillow()
    named = name or str(file)
    try:
        with _limit(module), module.open(file) as opened:
            image = _small(module, opened)
    except module.DecompressionBombError as error:
        raise UserError(
            f"{named} has more than {MOST_PIXELS:,} pixels, which is too many to read: make it smaller."
        ) from error
    except (OSError, EOFError, SyntaxError, ValueError, LookupError, TypeError, struct.error, zlib.error) as error:
        raise UserError(f"{named} is no picture that can be read ({error}).") from error
    side = max(image.size)
    square = module.new("RGBA", (side, side), "white")
    square.alpha_composite(image, ((side - image.width) // 2, (side - image.height) // 2))
    scaled = square.convert("RGB").resize((size, size), module.Resampling.BILINEAR)
    return torch.from_numpy(np.array(scaled)).permute(2, 0, 1).contiguous()


def _small(module: Any, image: Any) -> Any:
    """The picture in RGBA, upright, each side divided by one whole number, so that the longer is below 2 FIRST.

    Besides the file's own pixels, which may be many, only one band of them is held at a time.
    """
    from PIL import ImageOps

    image.draft(None, (FIRST, FIRST))
    width, height = image.size
    factor = max(1, max(image.size) // FIRST)
    rows = factor * max(1, BAND // (width * factor))
    small = module.new("RGBA", (ceil(width / factor), ceil(height / factor)))
    for top in range(0, height, rows):
        band = _coloured(image.crop((0, top, width, min(top + rows, height))))
        small.paste(band.reduce(factor), (0, top // factor))
    small.getexif()[TURNED] = image.getexif().get(TURNED, 1)
    return ImageOps.exif_transpose(small)


def _coloured(image: Any) -> Any:
    """The same in RGBA; grey of 16 bits, which Pillow would cut off at 255, by its upper byte."""
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return image.convert("RGBA")


@contextmanager
def _limit(module: Any) -> Iterator[None]:
    """Let Pillow refuse what has more than MOST_PIXELS, and say nothing of less, nor of blemishes that it can read."""
    before, module.MAX_IMAGE_PIXELS = module.MAX_IMAGE_PIXELS, MOST_PIXELS // 2
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        module.MAX_IMAGE_PIXELS = before


def pillow() -> Any:
    """Pillow's module of images.

    Raises:
        UserError: it is not installed.
    """
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise UserError("reading pictures needs Pillow: pip install 'counterpoint[media]'.") from error
    return Image
