"""Sound tiled and cut, films decoded."""

import wave
from pathlib import Path

import numpy as np
import pytest
import torch

from counterpoint.data.sources.official.clips import frame_files, recording, stacked_frames, tiled
from counterpoint.data.sources.official.decode import video_frames, video_sound
from counterpoint.errors import UserError

FAKE = """#!/usr/bin/env python3
import pathlib, shutil, sys
given = sys.argv[1:]
out, film = pathlib.Path(given[-1]), pathlib.Path(given[given.index("-i") + 1])
film.with_suffix(".said").write_text(" ".join(given[:-1]))
if film.stem == "bad":
    sys.exit("[mov] something\\nInvalid data found.")
if film.stem == "mute" and "-vn" in given:
    sys.exit("Output file does not contain any stream")
if "-vn" in given:
    out.write_bytes(bytes([0, 64, 0, 192]) * 800)
else:
    for number in range(int(given[given.index("-frames:v") + 1])):
        shutil.copy(film.with_name(f"{number}.jpg"), out.with_name(f"{number + 1:05d}.jpg"))
"""
"""Stands in for ffmpeg: tells what it was asked for, and gives sound that jumps up and down by half of full scale."""


def write(file: Path, samples: list[int], rate: int, channels: int = 1) -> Path:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.array(samples, dtype="<i2").tobytes())
    return file


@pytest.fixture
def films(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for films, with two pictures, and a program that decodes them."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/ffmpeg"
    program.write_text(FAKE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    folder = tmp_path / "films"
    folder.mkdir()
    pictures = sorted((written / "ave/Image-01-FPS/-twin000000").iterdir())
    for number in (0, 1):
        (folder / f"{number}.jpg").write_bytes(pictures[number].read_bytes())
    return folder


def test_a_short_recording_is_repeated_and_a_long_one_cut(tmp_path: Path) -> None:
    file = write(tmp_path / "a.wav", [100, 200, 300], 10)
    assert recording(file, 10, 0.8).tolist() == [100, 200, 300, 100, 200, 300, 100, 200]
    assert recording(file, 10, 0.2).tolist() == [100, 200]


def test_a_stretch(tmp_path: Path) -> None:
    file = write(tmp_path / "a.wav", list(range(20)), 10)
    assert recording(file, 10, 0.5, 1.0, 1.3).tolist() == [10, 11, 12, 10, 11]
    assert recording(file, 10, 0.3, 1.8).tolist() == [18, 19, 18]
    assert recording(file, 10, 0.3, 5.0, 6.0) is None


def test_channels_are_averaged(tmp_path: Path) -> None:
    file = write(tmp_path / "a.wav", [100, 300, -50, 150], 10, channels=2)
    assert recording(file, 10, 0.2).tolist() == [200, 50]


def test_no_samples_and_no_sound(tmp_path: Path) -> None:
    assert recording(write(tmp_path / "a.wav", [], 10), 10, 1.0) is None
    (tmp_path / "b.wav").write_bytes(b"x")
    with pytest.raises(UserError, match=r"b.wav is no sound that can be read \("):
        recording(tmp_path / "b.wav", 10, 1.0)


def test_what_exceeds_full_scale_is_clipped_and_the_rate_changed() -> None:
    assert tiled(np.array([[1.5], [-1.5], [0.5]]), 10, 10, 0.3).tolist() == [32767, -32768, 16384]
    time = np.arange(800)[:, None] / 800
    slow = tiled(np.sin(2 * np.pi * 5 * time), 800, 400, 1.0)
    assert slow.shape == (400,)
    assert torch.fft.rfft(slow.float()).abs().argmax() == 5


def test_frames_come_in_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("100.jpg", "29.jpg", "00.jpg", "notes.txt", ".hidden.jpg"):
        (tmp_path / name).touch()
    assert [file.name for file in frame_files(tmp_path)] == ["00.jpg", "29.jpg", "100.jpg"]
    assert stacked_frames([], 2, 8) is None


def test_frames_of_a_film(films: Path) -> None:
    found = video_frames(films / "good.mp4", 2, 16)
    assert torch.equal(found, stacked_frames([films / "0.jpg", films / "1.jpg"], 2, 16))
    assert "-ss" not in (films / "good.said").read_text()
    video_frames(films / "good.mp4", 1, 16, start=2.5)
    said = (films / "good.said").read_text()
    assert "-ss 2.5 -i" in said and "gte(t-prev_selected_t,1)" in said and "-frames:v 1" in said


def test_sound_of_a_film(films: Path) -> None:
    found = video_sound(films / "good.mp4", 16000, 0.2, 1.0, 3.0)
    assert found.shape == (3200,) and found[:2].tolist() == [16384, -16384] and torch.equal(found[:1600], found[1600:])
    assert "-ss 1 -i" in (said := (films / "good.said").read_text()) and "-ar 16000" in said and "-t 0.2" in said
    assert video_sound(films / "mute.mp4", 16000, 0.2) is None


def test_a_damaged_film(films: Path) -> None:
    with pytest.raises(UserError, match=r"bad.mp4 is no video that ffmpeg can read \(Invalid data found\)\.$"):
        video_frames(films / "bad.mp4", 2, 16)
