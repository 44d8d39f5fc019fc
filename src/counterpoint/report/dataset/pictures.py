"""Images: a grid of samples."""

import base64
import io

import numpy as np
from PIL import Image
from torch import Tensor

from counterpoint.report.dataset.sample import Sense
from counterpoint.report.parts import Section, Tile

MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def pictures(sense: Sense) -> Section:
    """Samples of each class."""
    name, shape = sense.modality.name, sense.modality.shape
    channels, height, width = shape
    seen_as = "" if channels in MODES else f" Shown is the mean over their {channels} channels."
    tiles = [
        Tile(
            png(sense.values[pick.row]),
            f"{name} of sample {pick.number}: {pick.label}",
            [part for part in (pick.title, pick.owner) if part],
        )
        for pick in sense.picks
    ]
    lead = f"Images of {width} × {height} pixels.{seen_as}"
    return Section(f"modality-{name}", name, lead, facts=sense.facts, tiles=tiles)


def png(values: Tensor) -> str:
    """An image [channels, height, width] from 0 to 1 as a data URI."""
    shown = values if len(values) in MODES else values.mean(dim=0, keepdim=True)
    whole = (shown.clamp(0, 1) * 255).round().permute(1, 2, 0).numpy().astype(np.uint8)
    image = Image.fromarray(whole.squeeze(2) if len(shown) == 1 else whole)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
