"""Sound and frames of clips, prepared as is usual for audio-visual classification."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from counterpoint.data.images import picture
from counterpoint.data.sound import FULL_SCALE, resampled, sndfile
from counterpoint.errors import UserError


def recording(file: Path, rate: int, seconds: float, start: float = 0.0, end: float | None = None) -> Tensor | None:
    """A stretch of a recording, as `tiled` gives it: int16 [round(rate * seconds)]; None where it has no samples.

    Args:
        file: in any format that libsndfile reads, such as WAV.
        rate: samples a second of the result.
        seconds: length of the result.
        start: second at which the stretch begins,
        end: and ends; the end of the recording where None.

    Raises:
        UserError: it is no sound that can be read, or soundfile is not installed.
    """
    module = sndfile()
    try:
        with module.SoundFile(file) as sound:
            found = sound.samplerate
            first = min(round(start * found), sound.frames)
            last = sound.frames if end is None else min(round(end * found), sound.frames)
            sound.seek(first)
            values = sound.read(min(last - first, math.ceil((seconds + 1) * found)), dtype="float32", always_2d=True)
    except (module.SoundFileError, OSError, TypeError) as error:
        said = str(getattr(error, "error_string", error)).rstrip(".")
        raise UserError(f"{file} is no sound that can be read ({said}).") from error
    if not np.isfinite(values).all():
        raise UserError(f"{file} has samples that are not finite.")
    return tiled(values, found, rate, seconds) if len(values) else None


def tiled(values: NDArray[Any], found: int, rate: int, seconds: float) -> Tensor:
    """One channel of a given rate, repeated from its beginning until it is long enough: int16 [round(rate * seconds)].

    Channels are averaged, then resampled, then repeated and cut; what exceeds full scale is clipped.

    Args:
        values: [samples, channels], where 1 is full scale; at least one sample.
        found: their rate, samples a second.
        rate: samples a second of the result.
        seconds: length of the result.
    """
    mono = resampled(values.mean(axis=1, dtype=np.float64), found, rate)
    whole = np.clip(np.rint(mono * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return torch.from_numpy(np.resize(whole, round(rate * seconds)))


def stacked_frames(files: Sequence[Path], frames: int, size: int) -> Tensor | None:
    """The first frames of a clip, one behind the other along the channels: uint8 [3 frames, size, size].

    Where there are fewer frames than asked for, the last is repeated; None where there is none. Each is made a square
    by `picture`.

    Args:
        files: pictures, in order of time.
        frames: how many.
        size: pixels a side.

    Raises:
        UserError: a file is no picture that can be read, or Pillow is not installed.
    """
    read = [picture(file, size) for file in files[:frames]]
    return torch.cat(read + read[-1:] * (frames - len(read))) if read else None


def frame_files(folder: Path) -> list[Path]:
    """The .jpg files of a folder in order of their names, which are numbers of frames."""
    found = [file for file in folder.iterdir() if file.suffix.lower() == ".jpg" and not file.name.startswith(".")]
    return sorted(found, key=lambda file: (len(file.name), file.name))
