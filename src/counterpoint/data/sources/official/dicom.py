"""Grey pictures out of DICOM files of two kinds: JPEG baseline, and uncompressed.

Both are written in explicit VR, little endian. All else is refused, so that no picture is read wrongly.
"""

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from counterpoint.data.images import MOST_PIXELS, pillow
from counterpoint.errors import UserError

PLAIN, JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"
"""Transfer syntaxes."""
PREAMBLE = 128
LONG = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
"""Value representations whose length takes four bytes, after two that are reserved."""
UNDEFINED = 0xFFFFFFFF
SYNTAX, PIXELS, ITEM, END = (0x0002, 0x0010), (0x7FE0, 0x0010), (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
FRAMES, FORM, ROWS, COLUMNS = (0x0028, 0x0008), (0x0028, 0x0004), (0x0028, 0x0010), (0x0028, 0x0011)
NUMBERS = {(0x0028, 0x0002): 1, (0x0028, 0x0100): 8, (0x0028, 0x0101): 8, (0x0028, 0x0102): 7, (0x0028, 0x0103): 0}
"""Samples a pixel, bits allocated, bits stored, highest bit, sign: as they must be."""

Elements = Mapping[tuple[int, int], bytes]


class _RefusedError(Exception):
    """Why a file is not read."""


def dicom(file: Path) -> Any:
    """The picture of a DICOM file: one frame, 8 bits, MONOCHROME2; Pillow's, mode L.

    Args:
        file: of transfer syntax 1.2.840.10008.1.2.1 (explicit VR little endian) or 1.2.840.10008.1.2.4.50 (JPEG
            baseline).

    Raises:
        UserError: it is anything else, is damaged, or Pillow is not installed.
    """
    pillow()
    try:
        data = file.read_bytes()
        return _picture(*_elements(data))
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror}).") from error
    except (_RefusedError, struct.error) as error:
        why = "it ends too early" if isinstance(error, struct.error) else str(error)
        raise UserError(
            f"{file}: {why}; read are DICOM files of one grey picture (MONOCHROME2, 8 bits), JPEG baseline or "
            "uncompressed in explicit VR little endian."
        ) from error


def _elements(data: bytes) -> tuple[Elements, bytes, bool]:
    """The elements before the pixels, what follows the head of the pixels' element, and whether that has a length."""
    if data[PREAMBLE : PREAMBLE + 4] != b"DICM":
        raise _RefusedError("this is no DICOM file")
    found: dict[tuple[int, int], bytes] = {}
    at = PREAMBLE + 4
    while at < len(data):
        group, element, kind = struct.unpack_from("<HH2s", data, at)
        tag = (group, element)
        if group != SYNTAX[0] and (said := _text(found, SYNTAX)) not in (PLAIN, JPEG):
            raise _RefusedError(f"its transfer syntax is {said or 'not said'}")
        if not (kind.isalpha() and kind.isupper()):
            raise _RefusedError(f"its element ({group:04x},{element:04x}) has no value representation")
        wide = kind in LONG
        (length,) = struct.unpack_from("<I" if wide else "<H", data, at + (8 if wide else 6))
        at += 12 if wide else 8
        if tag == PIXELS:
            return found, data[at:] if length == UNDEFINED else _whole(data, at, length), length != UNDEFINED
        if length == UNDEFINED:
            raise _RefusedError(f"its element ({group:04x},{element:04x}) has no length")
        found[tag] = _whole(data, at, length)
        at += length
    raise _RefusedError("it has no pixels")


def _picture(found: Elements, pixels: bytes, plain: bool) -> Any:
    for tag, wanted in NUMBERS.items():
        if (value := _number(found, tag)) != wanted:
            raise _RefusedError(
                f"its element ({tag[0]:04x},{tag[1]:04x}) is {'missing' if value is None else value}, not {wanted}"
            )
    if (form := _text(found, FORM)) != "MONOCHROME2":
        raise _RefusedError(f"its photometric interpretation is {form or 'not said'}")
    if _text(found, FRAMES) not in ("", "1"):
        raise _RefusedError(f"it has {_text(found, FRAMES)} frames")
    size = (_number(found, COLUMNS) or 0, _number(found, ROWS) or 0)
    if not 0 < size[0] * size[1] <= MOST_PIXELS:
        raise _RefusedError(f"its size is {size[0]} x {size[1]}")
    if plain != (_text(found, SYNTAX) == PLAIN):
        raise _RefusedError("its pixels are not written as its transfer syntax says")
    if plain and len(pixels) != size[0] * size[1] + size[0] * size[1] % 2:
        raise _RefusedError(f"it has {len(pixels)} bytes of pixels for {size[0]} x {size[1]}")
    return pillow().frombytes("L", size, pixels[: size[0] * size[1]]) if plain else _decoded(_fragments(pixels), size)


def _fragments(data: bytes) -> bytes:
    """The JPEG stream out of encapsulated pixels; the first item is a table of offsets."""
    parts: list[bytes] = []
    at = 0
    while True:
        group, element, length = struct.unpack_from("<HHI", data, at)
        if (group, element) == END:
            return b"".join(parts[1:])
        if (group, element) != ITEM:
            raise _RefusedError("its pixels are not in items")
        parts.append(_whole(data, at + 8, length))
        at += 8 + length


def _decoded(stream: bytes, size: tuple[int, int]) -> Any:
    try:
        with pillow().open(io.BytesIO(stream), formats=["JPEG"]) as image:
            if (image.mode, image.size) != ("L", size):
                raise _RefusedError(f"its JPEG picture is {image.mode} of {image.width} x {image.height}")
            return image.copy()
    except (OSError, SyntaxError, ValueError) as error:
        raise _RefusedError("its JPEG picture is damaged") from error


def _whole(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise _RefusedError("it ends too early")
    return data[at : at + length]


def _text(found: Elements, tag: tuple[int, int]) -> str:
    return found.get(tag, b"").decode("ascii", errors="replace").strip("\0 ")


def _number(found: Elements, tag: tuple[int, int]) -> int | None:
    value = found.get(tag, b"")
    return int.from_bytes(value, "little") if len(value) == 2 else None
