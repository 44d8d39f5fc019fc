"""Pictures, recordings and arrays among the rows, from files and from objects."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from counterpoint.data import Dataset
from counterpoint.data.images import picture
from counterpoint.data.own import from_arrays, media
from counterpoint.data.sound import waveform
from counterpoint.errors import UserError


def four(rows: list[Any], **options: Any) -> Dataset:
    """A data set of four rows with modality `m`, and another so that `m` may be absent."""
    return from_arrays({"m": rows, "n": np.ones(4)}, [0, 1] * 2, test_share=0.5, **options)


@pytest.fixture
def pictures(tmp_path: Path, write_png: Callable[..., None]) -> list[Path]:
    for i in range(4):
        write_png(tmp_path / f"{i}.png", 60 * i, side=12 + i)
    return [tmp_path / f"{i}.png" for i in range(4)]


@pytest.fixture
def sounds(tmp_path: Path, write_wav: Callable[..., None]) -> list[Path]:
    for i in range(4):
        write_wav(tmp_path / f"{i}.wav", 0.25 + 0.05 * i)
    return [tmp_path / f"{i}.wav" for i in range(4)]


def test_picture_files(pictures: list[Path]) -> None:
    dataset = four([*pictures[:3], None], sizes={"m": 8})
    assert (dataset.modalities["m"].kind, dataset.modalities["m"].shape) == ("image", (3, 8, 8))
    assert dataset.samples.present["m"].tolist() == [True, True, True, False]
    for found, path in zip(dataset.samples.x["m"], pictures[:3], strict=False):
        assert torch.equal((found * 255).round().byte(), picture(path, 8))
    assert four(pictures).modalities["m"].shape == (3, 64, 64)


def test_pillow_images_are_as_their_files(pictures: list[Path]) -> None:
    opened = [Image.open(path) for path in pictures]
    files, objects = four(pictures, sizes={"m": 8}), four(opened, sizes={"m": 8})
    assert torch.equal(objects.samples.x["m"], files.samples.x["m"])
    encoded = [{"bytes": path.read_bytes(), "path": None} for path in pictures]
    again = four(encoded, sizes={"m": 8}, kinds={"m": "image"})
    assert torch.equal(again.samples.x["m"], files.samples.x["m"])


def test_clear_and_narrow_pictures_stand_on_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (4, 8), (0, 0, 0, 0))
    found = four([clear] * 4, sizes={"m": 8})
    assert (found.samples.x["m"] == 1).all()


def test_recordings_are_as_long_as_the_longest(sounds: list[Path], write_wav: Callable[..., None]) -> None:
    dataset = four([None, *sounds[1:]], rates={"m": 8000})
    assert (dataset.modalities["m"].kind, dataset.modalities["m"].shape) == ("audio", (3200,)), "0.4 s"
    write_wav(sounds[3], 0.7)
    assert four(sounds, rates={"m": 8000}).modalities["m"].shape == (5600,)
    assert dataset.modalities["m"].rate == 8000
    expected = waveform(sounds[2], 8000, 0.4).float() / 32768
    assert torch.equal(dataset.samples.x["m"][2], expected)
    assert dataset.samples.x["m"].abs().max() <= 1
    assert four(sounds).modalities["m"].shape == (11200,)


def test_longer_recordings_are_cut_and_the_card_says_so(sounds: list[Path]) -> None:
    dataset = four(sounds, seconds={"m": 0.3})
    assert dataset.modalities["m"].shape == (4800,)
    assert "m: 1 of 4 recordings are longer than 0.3 s and are cut" in dataset.card.traps


def test_sound_in_memory_is_as_its_file(sounds: list[Path]) -> None:
    import soundfile

    read = [soundfile.read(path, dtype="float32") for path in sounds]
    files = four(sounds, rates={"m": 8000}, seconds={"m": 0.2})
    wanted = {"rates": {"m": 8000}, "seconds": {"m": 0.2}}
    mono = four([{"array": values, "sampling_rate": rate} for values, rate in read], **wanted)
    twice = [{"array": np.stack([values, values]), "sampling_rate": rate} for values, rate in read]
    decoders = [
        SimpleNamespace(
            get_all_samples=lambda v=values, r=rate: SimpleNamespace(data=torch.from_numpy(v)[None], sample_rate=r)
        )
        for values, rate in read
    ]
    for found in (mono, four(twice, **wanted), four(decoders, **wanted)):
        assert torch.equal(found.samples.x["m"], files.samples.x["m"])


def test_arrays_in_files(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(4, 2, 5)).astype(np.float32)
    paths = [tmp_path / f"{i}.npy" for i in range(4)]
    for path, value in zip(paths, values, strict=True):
        np.save(path, value)
    assert torch.equal(four(paths).samples.x["m"], torch.from_numpy(values))
    for path, value in zip(paths, values, strict=True):
        np.save(path, value[0])
    assert four(paths).modalities["m"].kind == "sequence"
    assert four(paths).modalities["m"].shape == (1, 5)
    assert four(paths, kinds={"m": "table"}).modalities["m"].shape == (5,)
    for path, value in zip(paths, values, strict=True):
        np.save(path, (np.abs(value) * 20).astype(np.uint8))
    assert four(paths).modalities["m"].kind == "image"


def test_a_file_is_read_once(pictures: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []

    def noted(file: Path, size: int, name: str = "") -> torch.Tensor:
        seen.append(file)
        return picture(file, size, name)

    monkeypatch.setattr(media, "picture", noted)
    four([pictures[0], pictures[1], pictures[0], pictures[0]], sizes={"m": 4})
    assert sorted(seen) == pictures[:2]


def test_mistakes(tmp_path: Path, pictures: list[Path], sounds: list[Path]) -> None:
    (tmp_path / "torn.png").write_bytes(pictures[0].read_bytes()[:40])
    (tmp_path / "cut.png").write_bytes(pictures[0].read_bytes()[:-30])
    (tmp_path / "torn.wav").write_bytes(b"RIFF")
    (tmp_path / "torn.npy").write_bytes(b"\x93NUMPY")
    np.save(tmp_path / "objects.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    (tmp_path / "scan.dcm").touch()
    loud = {"array": np.full(100, 3000.0), "sampling_rate": 100}
    for rows, options, sentence in (
        ([*pictures[:3], tmp_path / "torn.png"], {}, "torn.png (row 3) is no picture that can be read"),
        ([*pictures[:3], tmp_path / "none.png"], {}, "none.png (row 3) is no picture that can be read"),
        ([*sounds[:3], tmp_path / "torn.wav"], {}, "torn.wav (row 3) is no sound that can be read"),
        ([None, *[tmp_path / "torn.npy"] * 3], {}, "torn.npy (row 1) is no array that can be read"),
        ([None, *[tmp_path / "objects.npy"] * 3], {}, "objects.npy (row 1) is no array that can be read"),
        ([None, *[tmp_path / "scan.dcm"] * 3], {}, "modality 'm': row 1: "),
        (
            [None, pictures[0], sounds[0], None],
            {},
            "row 2 holds a recording, row 1 a picture: give all rows in one form.",
        ),
        ([pictures[0], 3.0, None, None], {}, "row 1 holds a plain value, row 0 a picture: give all rows in one form."),
        ([loud] * 4, {}, "modality 'm': row 0 has samples that are not from -1 to 1: divide them by full scale."),
        ([{**loud, "array": []}] * 4, {}, "modality 'm': row 0 is a sound without samples or without a rate."),
        ([{**loud, "sampling_rate": 0}] * 4, {}, "modality 'm': row 0 is a sound without samples or without a rate."),
        ([Image.open(tmp_path / "cut.png")] * 4, {}, "modality 'm': row 0 is no picture that can be read"),
        (sounds, {"rates": {"m": 8000.5}}, "its rate is 8000.5; of sound that is read it must be a whole number."),
        ([Image.new("F", (2, 2))] * 4, {}, "row 0 is a picture of mode F: give an array from 0 to 1."),
        (pictures, {"kinds": {"m": "table"}}, "but of a modality of kind table its rows are lists of numbers"),
    ):
        with pytest.raises(UserError) as error:
            four(rows, **options)
        assert sentence in str(error.value)
