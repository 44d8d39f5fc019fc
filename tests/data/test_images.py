"""Pictures from files."""

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from counterpoint.data import images
from counterpoint.data.images import picture
from counterpoint.errors import UserError

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def file(image: Image.Image, kind: str = "PNG", **options: object) -> io.BytesIO:
    made = io.BytesIO()
    image.save(made, kind, **options)
    made.seek(0)
    return made


def pixel(values: Tensor, row: int, column: int) -> tuple[int, ...]:
    return tuple(values[:, row, column].tolist())


def test_the_values_are_the_pixels(tmp_path: Path) -> None:
    image = Image.new("RGB", (2, 2), RED)
    image.putpixel((1, 0), BLUE)
    image.save(tmp_path / "a.png")
    found = picture(tmp_path / "a.png", 2)
    assert (found.dtype, found.shape) == (torch.uint8, (3, 2, 2))
    assert found.is_contiguous()
    assert found.tolist() == [[[255, 0], [255, 255]], [[0, 0], [0, 0]], [[0, 255], [0, 0]]]


def test_a_wide_picture_stands_whole_between_white_bands() -> None:
    found = picture(file(Image.new("RGB", (8, 4), RED)), 8)
    assert [pixel(found, row, 4) for row in (0, 1, 3, 4, 6, 7)] == [WHITE, WHITE, RED, RED, WHITE, WHITE]


def test_what_is_transparent_is_white() -> None:
    image = Image.new("RGBA", (4, 4), (*BLUE, 0))
    image.putpixel((0, 0), (*BLUE, 255))
    image.putpixel((1, 0), (*BLUE, 51))
    found = picture(file(image), 4)
    assert [pixel(found, 0, column) for column in (0, 1, 2)] == [BLUE, (204, 204, 255), WHITE]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA", "RGBA", "I;16"])
def test_a_large_picture_is_averaged_whatever_its_mode(mode: str) -> None:
    board = (np.indices((1100, 2200)).sum(0) % 2 * 255).astype(np.uint8)
    image = Image.fromarray(board)
    image = Image.fromarray(board.astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    found = picture(file(image), 44)
    assert found[:, 12:32].float().mean().item() == pytest.approx(127.5, abs=1)
    assert found[:, 12:32].float().std().item() < 2
    assert (found[:, :10] == 255).all()


def test_grey_of_16_bits_keeps_its_shades() -> None:
    shades = np.array([[0, 255, 256, 32768], [65535] * 4, [0] * 4, [0] * 4], dtype=np.uint16)
    assert picture(file(Image.fromarray(shades)), 4)[0, :2].tolist() == [[0, 0, 1, 128], [255] * 4]


def test_a_palette_with_a_transparent_colour() -> None:
    image = Image.new("P", (2, 2), 0)
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 1), 1)
    found = picture(file(image, transparency=0), 2)
    assert [pixel(found, 0, 0), pixel(found, 1, 1)] == [WHITE, BLUE]


def test_a_photograph_stands_upright() -> None:
    image = Image.new("RGB", (16, 16), RED)
    image.paste(BLUE, (0, 0, 16, 8))
    exif = Image.Exif()
    exif[images.TURNED] = 6  # the top was at the right
    found = picture(file(image, "JPEG", exif=exif, quality=95), 16).int()
    assert (found[:, 8, 2] - torch.tensor(RED)).abs().max() < 30
    assert (found[:, 8, 13] - torch.tensor(BLUE)).abs().max() < 30


def test_of_several_pictures_the_first() -> None:
    first, second = Image.new("RGB", (4, 4), RED), Image.new("RGB", (4, 4), BLUE)
    found = picture(file(first, "GIF", save_all=True, append_images=[second]), 4)
    assert pixel(found, 2, 2) == RED


@pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (1, 1), (1023, 1024), (1025, 2047)])
def test_every_shape_is_read(size: tuple[int, int]) -> None:
    found = picture(file(Image.new("RGB", size, BLUE)), 6)
    assert found.shape == (3, 6, 6)
    assert (found[2] == 255).all()


def test_bands_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (1300, 1100, 4), dtype=np.uint8))
    whole = picture(file(noise), 32)
    monkeypatch.setattr(images, "BAND", 3000)
    assert torch.equal(picture(file(noise), 32), whole)


def test_our_own_limit_holds_instead_of_pillows(
    monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert picture(file(Image.new("RGB", (100, 100), RED)), 4).shape == (3, 4, 4)
    assert Image.MAX_IMAGE_PIXELS == 10
    monkeypatch.setattr(images, "MOST_PIXELS", 10_000)
    assert picture(file(Image.new("RGB", (100, 100), RED)), 4).shape == (3, 4, 4)
    with pytest.raises(UserError, match=r"^b\.png has more than 10,000 pixels, which is too many to read: make it"):
        picture(file(Image.new("RGB", (100, 101), RED)), 4, "b.png")
    assert Image.MAX_IMAGE_PIXELS == 10
    assert not recwarn.list


def test_a_bomb_is_refused_unread() -> None:
    head = struct.pack(">IIBBBBB", 2**15, 2**15, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    data += struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    with pytest.raises(UserError, match="has more than 268,435,456 pixels"):
        picture(io.BytesIO(data), 4)


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    for path in (tmp_path / "a.png", tmp_path / "missing.png", tmp_path):
        with pytest.raises(UserError) as error:
            picture(path, 4)
        assert str(error.value).startswith(f"{path} is no picture that can be read (")
    with pytest.raises(UserError, match=r"^cat\.png in x is no picture"):
        picture(io.BytesIO(b""), 4, "cat.png in x")


SMALL = Image.fromarray(np.random.default_rng(2).integers(0, 256, (9, 7, 3), dtype=np.uint8))
FILES = [file(SMALL, kind).getvalue() for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")]


@given(st.sampled_from(FILES), st.floats(0, 1), st.binary(max_size=4), st.booleans())
def test_a_damaged_file_is_read_or_named(data: bytes, where: float, other: bytes, cut: bool) -> None:
    place = int(where * len(data))
    damaged = data[:place] + other + (b"" if cut else data[place + len(other) :])
    try:
        assert picture(io.BytesIO(damaged), 8, "x").shape == (3, 8, 8)
    except UserError as error:
        assert str(error).startswith("x ")


def test_without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(UserError, match=r"reading pictures needs Pillow: pip install 'counterpoint\[media\]'"):
        picture(io.BytesIO(), 4)
