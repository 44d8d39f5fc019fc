"""The two kinds of DICOM files that are read, and all others, which are not."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from counterpoint.data.sources.official.dicom import dicom
from counterpoint.data.twins.dicom import dicom_bytes, element
from counterpoint.errors import UserError

GREY = torch.arange(15, dtype=torch.uint8).reshape(3, 5) * 17


def written(folder: Path, data: bytes) -> Path:
    (folder / "a.dcm").write_bytes(data)
    return folder / "a.dcm"


def put(group: int, number: int, kind: str, value: str | int) -> Callable[[bytes], bytes]:
    """Write an element of two bytes or of a text anew."""

    def change(data: bytes) -> bytes:
        at = data.index(struct.pack("<HH2s", group, number, kind.encode()))
        (length,) = struct.unpack_from("<H", data, at + 6)
        return data[:at] + element(group, number, kind, value) + data[at + 8 + length :]

    return change


def take(group: int, number: int, kind: str) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        at = data.index(struct.pack("<HH2s", group, number, kind.encode()))
        (length,) = struct.unpack_from("<H", data, at + 6)
        return data[:at] + data[at + 8 + length :]

    return change


def test_uncompressed_pixels_are_those_that_were_written(tmp_path: Path) -> None:
    image = dicom(written(tmp_path, dicom_bytes(GREY, "x", jpeg=False)))
    assert (image.mode, image.size) == ("L", (5, 3))
    assert np.array(image).tolist() == GREY.tolist()


def test_jpeg_pixels_are_close_to_them(tmp_path: Path) -> None:
    smooth = (torch.arange(64)[None] * 2 + torch.arange(48)[:, None]).to(torch.uint8)
    data = dicom_bytes(smooth, "x")
    assert b"1.2.840.10008.1.2.4.50" in data and b"\xff\xd8\xff" in data
    image = dicom(written(tmp_path, data))
    assert (image.mode, image.size) == ("L", (64, 48))
    assert int((torch.from_numpy(np.array(image)).int() - smooth.int()).abs().max()) <= 4


def test_a_stream_in_several_fragments(tmp_path: Path) -> None:
    data = dicom_bytes(GREY, "x")
    at = data.index(struct.pack("<HHI", 0xFFFE, 0xE000, 0)) + 8
    (length,) = struct.unpack_from("<I", data, at + 4)
    half = length // 4 * 2
    item = struct.pack("<HH", 0xFFFE, 0xE000)
    stream = data[at + 8 : at + 8 + length]
    split = item + struct.pack("<I", half) + stream[:half] + item + struct.pack("<I", length - half) + stream[half:]
    whole = dicom(written(tmp_path, data))
    assert np.array_equal(
        np.array(dicom(written(tmp_path, data[:at] + split + data[at + 8 + length :]))), np.array(whole)
    )


def test_elements_that_say_nothing_of_the_picture_are_passed_over(tmp_path: Path) -> None:
    data = dicom_bytes(GREY, "x", jpeg=False)
    at = data.index(struct.pack("<HH2s", 0x0028, 0x0002, b"US"))
    sequence = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 8) + struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    image = dicom(written(tmp_path, data[:at] + sequence + element(0x0028, 0x0008, "IS", "1") + data[at:]))
    assert np.array(image).tolist() == GREY.tolist()


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (lambda data: b"no DICOM", "this is no DICOM file"),
        (put(2, 0x0010, "UI", "1.2.840.10008.1.2.4.90"), r"its transfer syntax is 1\.2\.840\.10008\.1\.2\.4\.90"),
        (put(2, 0x0010, "UI", "1.2.840.10008.1.2"), r"its transfer syntax is 1\.2\.840\.10008\.1\.2;"),
        (take(2, 0x0010, "UI"), "its transfer syntax is not said"),
        (put(2, 0x0010, "UI", "1.2.840.10008.1.2.4.50"), "its pixels are not written as its transfer syntax says"),
        (put(0x0028, 0x0002, "US", 3), r"its element \(0028,0002\) is 3, not 1"),
        (put(0x0028, 0x0100, "US", 16), r"its element \(0028,0100\) is 16, not 8"),
        (put(0x0028, 0x0103, "US", 1), r"its element \(0028,0103\) is 1, not 0"),
        (take(0x0028, 0x0101, "US"), r"its element \(0028,0101\) is missing, not 8"),
        (put(0x0028, 0x0004, "CS", "MONOCHROME1"), "its photometric interpretation is MONOCHROME1"),
        (put(0x0028, 0x0010, "US", 4), "it has 16 bytes of pixels for 5 x 4"),
        (put(0x0028, 0x0010, "US", 0), "its size is 5 x 0"),
        (lambda data: data[:-1], "it ends too early"),
        (lambda data: data[:200], "it ends too early"),
        (lambda data: data[: data.index(b"\xe0\x7f\x10\x00OB")], "it has no pixels"),
        (
            lambda data: data.replace(b"\x08\x00\x60\x00CS\x02\x00CR", b"\x08\x00\x60\x00\x02\x00\x00\x00CR"),
            r"its element \(0008,0060\) has no value representation",
        ),
        (
            lambda data: data.replace(
                b"\x08\x00\x60\x00CS\x02\x00CR", struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF)
            ),
            r"its element \(0008,1140\) has no length",
        ),
        (put(0x0028, 0x0011, "US", 3), "it has 16 bytes of pixels for 3 x 3"),
    ],
)
def test_all_else_is_refused(tmp_path: Path, how: Callable[[bytes], bytes], why: str) -> None:
    file = written(tmp_path, how(dicom_bytes(GREY, "x", jpeg=False)))
    with pytest.raises(UserError, match=rf"a\.dcm: {why.removesuffix(';')}; read are DICOM files of one grey picture"):
        dicom(file)


def test_several_frames_are_refused(tmp_path: Path) -> None:
    data = dicom_bytes(GREY, "x", jpeg=False)
    at = data.index(struct.pack("<HH2s", 0x0028, 0x0010, b"US"))
    with pytest.raises(UserError, match="it has 2 frames"):
        dicom(written(tmp_path, data[:at] + element(0x0028, 0x0008, "IS", "2") + data[at:]))


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (put(0x0028, 0x0011, "US", 6), "its JPEG picture is L of 5 x 3"),
        (lambda data: data.replace(b"\xff\xd8\xff", b"\x00\x00\x00"), "its JPEG picture is damaged"),
        (lambda data: data[:-8], "it ends too early"),
        (lambda data: data[:-8] + bytes(8), "its pixels are not in items"),
    ],
)
def test_damaged_jpeg(tmp_path: Path, how: Callable[[bytes], bytes], why: str) -> None:
    with pytest.raises(UserError, match=rf"a\.dcm: {why}; read are"):
        dicom(written(tmp_path, how(dicom_bytes(GREY, "x"))))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.dcm cannot be read \(No such file or directory\)"):
        dicom(tmp_path / "none.dcm")
