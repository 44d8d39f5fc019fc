"""Pictures and recordings among the rows: files, Pillow images, bytes, and sound with a rate of its own."""

import io
import math
import os
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from counterpoint.data.images import picture
from counterpoint.data.modality import Kind
from counterpoint.data.own.rows import Array, Where, is_missing
from counterpoint.data.own.wishes import Wish
from counterpoint.data.progress import each
from counterpoint.data.sound import fitted, sndfile, waveform
from counterpoint.errors import UserError

ENDINGS: dict[str, Kind] = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".webp", ".bmp"), "image"),
    **dict.fromkeys((".wav", ".flac", ".ogg", ".mp3"), "audio"),
    ".npy": "sequence",
}
"""What a file holds, by the ending of its name; an array in an .npy file may be an image too, by its shape."""

SIZE = 64
"""Pixels a side of pictures, unless something else is said,"""
RATE = 16000
"""samples a second of recordings,"""
LONGEST = 10.0
"""and the most seconds of them."""

OVERSHOOT = 2.0
"""Lossy codecs exceed full scale a little, and that is clipped; more than this is another scale."""

_CALLED: dict[Kind | None, str] = {
    "image": "a picture",
    "audio": "a recording",
    "sequence": "an .npy file",
    None: "a plain value",
}

Sound = tuple[Array, int]
"""Samples [samples, channels] and their rate."""


class Opened(NamedTuple):
    """Rows whose pictures and recordings are arrays now; what is said of them, completed; and remarks for the card."""

    rows: list[Any]
    wish: Wish
    notes: tuple[str, ...] = ()


def opened(name: str, rows: list[Any], said: Wish, where: Where) -> Opened:
    """Read what is in files or objects; rows of plain values stay as they are.

    Args:
        name: of the modality.
        rows: a `Path`, a Pillow image, a mapping of `array` and `sampling_rate` or of `bytes` or `path` (as Hugging
            Face has them), a decoder of recordings, a plain value, or None.
        said: of the modality.
        where: a row is.

    Raises:
        UserError: rows are of different kinds, or one cannot be read.
    """
    there = {number: row for number, row in enumerate(rows) if not is_missing(row)}
    forms = {number: _form(name, row, said.kind, where(number)) for number, row in there.items()}
    if not any(forms.values()):
        return Opened(rows, said)
    first = next(number for number, form in forms.items() if form)
    for number, form in forms.items():
        if form != forms[first]:
            one, other = (_CALLED[form], _CALLED[forms[first]])
            raise UserError(
                f"modality {name!r}: {where(number)} holds {one}, {where(first)} {other}: give all rows in one form."
            )
    read = {"image": _pictures, "audio": _recordings, "sequence": _arrays}[forms[first] or "sequence"]
    return read(name, rows, there, said, where)


def _form(name: str, row: Any, wanted: Kind | None, where: str) -> Kind | None:
    """Which reader a row needs, named by what it reads; None where the row is a plain value."""
    if isinstance(row, Path):
        if row.suffix.lower() not in ENDINGS:
            raise UserError(f"modality {name!r}: {where}: {row} has none of the endings {', '.join(ENDINGS)}.")
        return ENDINGS[row.suffix.lower()]
    if hasattr(row, "getbands") and hasattr(row, "convert"):
        if row.mode in ("F", "I"):
            raise UserError(f"modality {name!r}: {where} is a picture of mode {row.mode}: give an array from 0 to 1.")
        return "image"
    if hasattr(row, "get_all_samples"):
        return "audio"
    if isinstance(row, Mapping):
        if {"array", "sampling_rate"} <= row.keys():
            return "audio"
        if (row.get("bytes") is not None or row.get("path")) and wanted in ("image", "audio"):
            return wanted
    return None


def _pictures(name: str, rows: list[Any], there: Mapping[int, Any], said: Wish, where: Where) -> Opened:
    size = said.size or SIZE

    def read(row: Any, number: int) -> Array:
        label = _label(name, row, where(number))
        return np.asarray(picture(_file(row, label), size, label))

    found = _each(there, read)
    return Opened([found.get(number) for number in range(len(rows))], replace(said, kind=said.kind or "image"))


def _recordings(name: str, rows: list[Any], there: Mapping[int, Any], said: Wish, where: Where) -> Opened:
    rate = said.rate or RATE
    if rate != int(rate):
        raise UserError(f"modality {name!r}: its rate is {rate:g}; of sound that is read it must be a whole number.")
    lasting = _each(there, lambda row, number: _duration(row, _label(name, row, where(number))))
    longest = max(lasting.values())
    seconds = said.seconds or min(max(math.ceil(round(longest * 10, 6)) / 10, 0.1), LONGEST)

    def read(row: Any, number: int) -> Array:
        if sound := _sound(row):
            return np.asarray(fitted(*sound, int(rate), seconds))
        label = _label(name, row, where(number))
        return np.asarray(waveform(_file(row, label), int(rate), seconds, label))

    found = _each(there, read)
    cut = sum(length > seconds + 0.05 for length in lasting.values())
    notes = (f"{name}: {cut} of {len(there)} recordings are longer than {seconds:g} s and are cut",) if cut else ()
    wish = replace(said, kind=said.kind or "audio", rate=float(rate), seconds=seconds)
    return Opened([found.get(number) for number in range(len(rows))], wish, notes)


def _arrays(name: str, rows: list[Any], there: Mapping[int, Any], said: Wish, where: Where) -> Opened:
    def read(row: Any, number: int) -> Array:
        try:
            return np.array(np.lib.format.open_memmap(row, mode="r"))
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{_label(name, row, where(number))} is no array that can be read ({error}).") from error

    found = _each(there, read)
    wish = replace(said, kind="sequence") if said.kind is None and next(iter(found.values())).ndim == 1 else said
    return Opened([found.get(number) for number in range(len(rows))], wish)


def _each(there: Mapping[int, Any], read: Callable[[Any, int], Any]) -> dict[int, Any]:
    """By row what `read` makes of it; files in several threads, each file once."""
    first: dict[object, int] = {}
    source = {n: first.setdefault(row if isinstance(row, Path) else n, n) for n, row in there.items()}
    numbers = list(first.values())
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        told = each(numbers, "reading files")
        done = dict(zip(told, pool.map(lambda number: read(there[number], number), numbers), strict=True))
    return {number: done[origin] for number, origin in source.items()}


def _file(row: Any, label: str) -> Any:
    """What a reader opens: a path, or a file in memory.

    Raises:
        UserError: a Pillow image cannot be decoded.
    """
    if isinstance(row, Path):
        return row
    if isinstance(row, Mapping):
        return io.BytesIO(row["bytes"]) if row.get("bytes") is not None else Path(row["path"])
    memory = io.BytesIO()
    try:
        row.convert("RGBA").save(memory, "PNG", compress_level=1)
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{label} is no picture that can be read ({error}).") from error
    memory.seek(0)
    return memory


def _label(name: str, row: Any, where: str) -> str:
    if isinstance(row, Path):
        return f"{row} ({where})"
    return f"modality {name!r}: {where}"


def _sound(row: Any) -> Sound | None:
    """Samples that are in memory already."""
    if hasattr(row, "get_all_samples"):
        samples = row.get_all_samples()
        return np.asarray(samples.data).T, int(samples.sample_rate)
    if isinstance(row, Mapping) and "array" in row:
        values = np.asarray(row["array"])
        return values[:, None] if values.ndim < 2 else values.T, int(row["sampling_rate"])
    return None


def _duration(row: Any, label: str) -> float:
    """Seconds that a recording lasts."""
    if sound := _sound(row):
        values, rate = sound
        if not len(values) or rate <= 0:
            raise UserError(f"{label} is a sound without samples or without a rate.")
        if not np.isfinite(values).all() or np.abs(values).max() > OVERSHOOT:
            raise UserError(f"{label} has samples that are not from -1 to 1: divide them by full scale.")
        return len(values) / rate
    module = sndfile()
    try:
        return float(module.info(_file(row, label)).duration)
    except (module.SoundFileError, OSError, TypeError) as error:
        said = str(getattr(error, "error_string", error)).rstrip(".")
        raise UserError(f"{label} is no sound that can be read ({said}).") from error
