"""Recordings from files as waveforms of one rate and one length."""

import math
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from counterpoint.errors import UserError

FULL_SCALE = 2**15
MARGIN = 0.25
"""Seconds read beyond the end and zeros put behind it, so that neither the cut nor the wrap of the FFT is heard."""


def waveform(file: Path | IO[bytes], rate: int, seconds: float, name: str = "") -> Tensor:
    """The beginning of a recording, as `fitted` gives it: int16 [round(rate * seconds)].

    Silence at the beginning is kept. Of a longer file no more is read than is needed.

    Args:
        file: in any format that libsndfile reads, such as WAV, FLAC, OGG or MP3.
        rate: samples a second of the result.
        seconds: length of the result.
        name: of the file, for complaints; its path where not given.

    Raises:
        UserError: it is no sound that can be read, or soundfile is not installed.
    """
    module = sndfile()
    named = name or str(file)
    try:
        with module.SoundFile(file) as sound:
            found = sound.samplerate
            values = sound.read(math.ceil((seconds + MARGIN) * found), dtype="float32", always_2d=True)
    except (module.SoundFileError, OSError, TypeError) as error:
        said = str(getattr(error, "error_string", error)).rstrip(".")
        raise UserError(f"{named} is no sound that can be read ({said}).") from error
    if not len(values):
        raise UserError(f"{named} is a sound without samples.")
    if not np.isfinite(values).all():
        raise UserError(f"{named} has samples that are not finite.")
    return fitted(values, found, rate, seconds)


def fitted(values: NDArray[Any], found: int, rate: int, seconds: float) -> Tensor:
    """One channel of a given rate and length: int16 [round(rate * seconds)], where 2 ** 15 would be full scale.

    Channels are averaged, then resampled, then cut, or filled with zeros at the end. What is louder than full scale, as
    decoders of compressed sound return it, is made as quiet as that, the whole of it; what is quiet stays so.

    Args:
        values: [samples, channels], where 1 is full scale.
        found: their rate, samples a second.
        rate: samples a second of the result.
        seconds: length of the result.
    """
    length = round(rate * seconds)
    mono = resampled(values.mean(axis=1, dtype=np.float64), found, rate)[:length]
    loudest = np.abs(mono).max(initial=1.0)
    whole = np.clip(np.rint(mono / loudest * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return torch.from_numpy(np.pad(whole, (0, length - len(whole))))


def resampled(values: NDArray[np.float64], found: int, rate: int) -> NDArray[np.float64]:
    """The same signal at another rate; frequencies at or above half of either rate are removed, not folded back.

    Args:
        values: [samples], zero before and after.
        found: their rate, samples a second.
        rate: wanted.

    Returns:
        [ceil(samples * rate / found)].
    """
    if found == rate:
        return values
    common = math.gcd(found, rate)
    blocks = math.ceil((len(values) + MARGIN * found) * common / found)
    before, after = blocks * found // common, blocks * rate // common
    spectrum = np.fft.rfft(values, before)[: (min(before, after) + 1) // 2]
    out: NDArray[np.float64] = np.fft.irfft(spectrum, after)[: math.ceil(len(values) * rate / found)]
    return out * (after / before)


def sndfile() -> Any:
    """The package soundfile.

    Raises:
        UserError: it, or the library that it wraps, is not installed.
    """
    try:
        import soundfile as module
    except (ModuleNotFoundError, OSError) as error:
        raise UserError("reading sound needs soundfile: pip install 'counterpoint[media]'.") from error
    return module
