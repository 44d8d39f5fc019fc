"""Radiographs as grey squares."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from counterpoint.data.sources.official.radiograph import radiograph, squared
from counterpoint.errors import UserError


def test_the_longer_side_fills_the_square_and_black_the_rest() -> None:
    tall = squared(Image.new("L", (40, 80), 100), 8)
    assert (tall.dtype, tall.shape) == (torch.uint8, (1, 8, 8))
    assert tall[0, 0].tolist() == [0, 0, 100, 100, 100, 100, 0, 0] == tall[0, 7].tolist()
    wide = squared(Image.new("L", (80, 20), 7), 8)
    assert wide[0, :, 3].tolist() == [0, 0, 0, 7, 7, 0, 0, 0]
    assert squared(Image.new("L", (1000, 1), 9), 8).count_nonzero() == 8


def test_nothing_is_cropped() -> None:
    image = Image.new("L", (64, 64), 0)
    image.paste(255, (0, 0, 8, 8))
    image.paste(255, (56, 56, 64, 64))
    small = squared(image, 8)[0]
    assert int(small[0, 0]) > 150 and int(small[7, 7]) > 150 and int(small[0, 7]) == 0


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("RGB", (4, 4), (255, 0, 0)), 76),
        (Image.new("L", (4, 4), 200), 200),
        (Image.new("I;16", (4, 4), 512), 2),
        (Image.new("RGBA", (4, 4), (255, 255, 255, 0)), 0),
        (Image.new("LA", (4, 4), (90, 255)), 90),
        (Image.new("1", (4, 4), 1), 255),
    ],
    ids=lambda value: getattr(value, "mode", ""),
)
def test_pictures_of_every_kind_become_grey(tmp_path: Path, image: Image.Image, expected: int) -> None:
    image.save(tmp_path / "a.png")
    assert radiograph(tmp_path / "a.png", 4).unique().tolist() == [expected]


def test_a_large_jpeg_is_the_same_but_for_rounding(tmp_path: Path) -> None:
    ramp = Image.linear_gradient("L").resize((1500, 2000))
    ramp.save(tmp_path / "a.jpg")
    found, exact = radiograph(tmp_path / "a.jpg", 64).int(), squared(ramp, 64).int()
    assert int((found - exact).abs().max()) <= 3


def test_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"a\.jpg is no picture that can be read"):
        radiograph(tmp_path / "a.jpg", 8)
    Image.new("L", (80, 80)).save(tmp_path / "b.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "b.jpg").read_bytes()[:300])
    with pytest.raises(UserError, match=r"b\.jpg is no picture that can be read"):
        radiograph(tmp_path / "b.jpg", 8)


def test_too_many_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterpoint.data.sources.official.radiograph.MOST_PIXELS", 15)
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"a\.png has too many pixels for a radiograph: make it smaller"):
        radiograph(tmp_path / "a.png", 8)
