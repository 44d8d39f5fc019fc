"""DICOM files of grey pictures, to be read by the readers of published ones."""

import io
import struct
from pathlib import Path

from torch import Tensor

from counterpoint.data.images import pillow
from counterpoint.data.sources.official.dicom import JPEG, PLAIN, PREAMBLE

WIDE = ("OB", "UN", "SQ")
"""Value representations whose length takes four bytes."""


def element(group: int, number: int, kind: str, value: bytes | str | int) -> bytes:
    """One element in explicit VR, little endian, filled up to an even length.

    Args:
        group: of its tag.
        number: of its tag.
        kind: its value representation.
        value: bytes, a text, or a number of two bytes.
    """
    data = struct.pack("<H", value) if isinstance(value, int) else value
    data = data.encode("ascii") if isinstance(data, str) else data
    data += (b"\0" if kind in ("UI", "OB") else b" ") * (len(data) % 2)
    length = struct.pack("<HI" if kind in WIDE else "<H", *([0] if kind in WIDE else []), len(data))
    return struct.pack("<HH2s", group, number, kind.encode()) + length + data


def encapsulated(stream: bytes) -> bytes:
    """A JPEG stream as the element of pixels has it: an empty table of offsets, one fragment, the end."""
    stream += b"\0" * (len(stream) % 2)
    items = struct.pack("<HHI", 0xFFFE, 0xE000, 0) + struct.pack("<HHI", 0xFFFE, 0xE000, len(stream)) + stream
    head = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
    return head + items + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def dicom_bytes(values: Tensor, name: str, jpeg: bool = True) -> bytes:
    """A DICOM file of a radiograph, with the elements that those of the RSNA challenge have.

    Args:
        values: uint8 [height, width].
        name: the patient's.
        jpeg: packed as JPEG baseline; else as it is.
    """
    meta = element(2, 0x0001, "OB", b"\0\1") + element(2, 0x0010, "UI", JPEG if jpeg else PLAIN)
    height, width = values.shape
    head = [
        element(0x0008, 0x0005, "CS", "ISO_IR 100"),
        element(0x0008, 0x0060, "CS", "CR"),
        element(0x0010, 0x0010, "PN", name),
        element(0x0010, 0x0020, "LO", name),
        element(0x0018, 0x0015, "CS", "CHEST"),
        element(0x0018, 0x5101, "CS", "PA"),
        element(0x0028, 0x0002, "US", 1),
        element(0x0028, 0x0004, "CS", "MONOCHROME2"),
        element(0x0028, 0x0010, "US", height),
        element(0x0028, 0x0011, "US", width),
        *(element(0x0028, place, "US", value) for place, value in ((0x0100, 8), (0x0101, 8), (0x0102, 7), (0x0103, 0))),
    ]
    if jpeg:
        stream = io.BytesIO()
        pillow().fromarray(values.numpy()).save(stream, format="JPEG", quality=90)
        pixels = encapsulated(stream.getvalue())
    else:
        pixels = element(0x7FE0, 0x0010, "OB", values.numpy().tobytes())
    length = element(2, 0x0000, "UL", struct.pack("<I", len(meta)))
    return bytes(PREAMBLE) + b"DICM" + length + meta + b"".join(head) + pixels


def write_dicom(file: Path, values: Tensor, jpeg: bool = True) -> None:
    """Write `dicom_bytes`, whose patient is called as the file."""
    file.write_bytes(dicom_bytes(values, file.stem, jpeg))
