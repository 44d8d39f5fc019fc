"""Recordings as waveforms: length, rate, level, and what is said of files that are none."""

import io
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from counterpoint.data.sound import fitted, resampled, waveform
from counterpoint.errors import UserError


def tone(hertz: float, rate: int, seconds: float, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def written(path: Path, values: np.ndarray, rate: int, **options: str) -> Path:
    soundfile.write(path, values, rate, **options)
    return path


def strength(values: Tensor, hertz: float, rate: int) -> float:
    """Amplitude of one frequency in the middle half of a waveform; full scale is 1."""
    middle = values.numpy()[len(values) // 4 : -len(values) // 4] / 2**15
    phase = np.exp(-2j * np.pi * hertz * np.arange(len(middle)) / rate)
    return float(2 * abs((middle * phase).mean()))


def test_the_same_rate_keeps_every_sample(tmp_path: Path) -> None:
    values = torch.randint(-(2**15), 2**15, (800,), dtype=torch.int16)
    file = written(tmp_path / "a.wav", values.numpy(), 8000)
    found = waveform(file, 8000, 0.1)
    assert found.dtype == torch.int16
    assert torch.equal(found, values)


def test_short_is_filled_with_zeros_at_the_end_and_long_is_cut(tmp_path: Path) -> None:
    values = np.arange(1, 801, dtype=np.int16)
    file = written(tmp_path / "a.wav", values, 8000)
    longer, shorter = waveform(file, 8000, 0.15), waveform(file, 8000, 0.05)
    assert longer.tolist() == [*values.tolist(), *[0] * 400]
    assert shorter.tolist() == values[:400].tolist()


def test_silence_at_the_beginning_stays(tmp_path: Path) -> None:
    values = np.concatenate([np.zeros(4000), tone(500, 8000, 0.5)])
    found = waveform(written(tmp_path / "a.wav", values, 8000), 8000, 1.0)
    assert not found[:4000].any()
    assert found[4001] > 1000


@pytest.mark.parametrize("found_rate", [44100, 48000, 22050, 11025, 16000, 8001])
def test_a_tone_below_the_new_nyquist_stays_as_it_is(found_rate: int) -> None:
    found = fitted(tone(1000, found_rate, 1.0)[:, None], found_rate, 8000, 1.0)
    expected = tone(1000, 8000, 1.0) * 2**15
    middle = slice(1000, 7000)
    assert len(found) == 8000
    assert np.abs(found.numpy()[middle] - expected[middle]).max() < 0.01 * 2**15


@pytest.mark.parametrize("hertz", [4100, 5000, 7000, 9000])
def test_a_tone_above_the_new_nyquist_is_gone_not_folded_back(hertz: int) -> None:
    values = tone(hertz, 44100, 1.0) + tone(600, 44100, 1.0)
    found = fitted(values[:, None], 44100, 8000, 1.0)
    folded = abs(hertz - 8000 * round(hertz / 8000))
    naive = torch.from_numpy(np.interp(np.arange(8000) / 8000, np.arange(44100) / 44100, values) * 2**15)
    assert strength(naive, folded, 8000) > 0.3, "taking samples only would fold it back"
    assert strength(found, folded, 8000) < 1e-3
    assert strength(found, 600, 8000) == pytest.approx(0.5, abs=2e-3)


def test_a_higher_rate_adds_no_frequencies() -> None:
    found = fitted(tone(1000, 8000, 1.0)[:, None], 8000, 44100, 1.0)
    assert strength(found, 1000, 44100) == pytest.approx(0.5, abs=2e-3)
    assert strength(found, 7000, 44100) < 1e-3


@pytest.mark.parametrize(("found", "wanted"), [(44100, 8000), (8000, 44100), (8000, 8000), (7, 3)])
def test_length_after_resampling(found: int, wanted: int) -> None:
    for samples in (1, 2, 999, 1000):
        assert len(resampled(np.ones(samples), found, wanted)) == math.ceil(samples * wanted / found)


def test_the_end_does_not_wrap_to_the_beginning() -> None:
    values = np.zeros(44100)
    values[-1000:] = 0.9
    assert np.abs(resampled(values, 44100, 8000)[:4000]).max() < 1e-3


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = tone(500, 8000, 0.1, 0.8), tone(500, 8000, 0.1, 0.2)
    stereo = waveform(written(tmp_path / "a.wav", np.stack([left, right], 1), 8000), 8000, 0.1)
    assert np.abs(stereo.numpy() - tone(500, 8000, 0.1, 0.5) * 2**15).max() <= 2


def test_what_is_louder_than_full_scale_is_made_quieter_not_clipped() -> None:
    assert fitted(np.array([[1.5], [-1.5], [0.5], [0.75]]), 8000, 8000, 4 / 8000).tolist() == [
        32767,
        -32768,
        10923,
        16384,
    ]
    assert fitted(np.array([[1.0], [-1.0], [0.5], [0.1]]), 8000, 8000, 4 / 8000).tolist() == [
        32767,
        -32768,
        16384,
        3277,
    ]
    found = fitted(tone(500, 44100, 1.0, 2.0)[:, None], 44100, 8000, 1.0)
    assert strength(found, 1500, 8000) < 2e-3, "a clipped tone would have a third harmonic"
    assert strength(found, 500, 8000) == pytest.approx(1.0, abs=0.03)


def test_only_the_beginning_of_a_long_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "a.wav", tone(500, 8000, 20.0), 8000)
    asked = []
    read = soundfile.SoundFile.read
    monkeypatch.setattr(
        soundfile.SoundFile, "read", lambda self, frames, **o: asked.append(frames) or read(self, frames, **o)
    )
    assert len(waveform(file, 4000, 1.0)) == 4000
    assert asked == [10000]


def test_an_ogg_out_of_memory(tmp_path: Path) -> None:
    file = written(tmp_path / "a.ogg", tone(440, 44100, 1.0), 44100, format="OGG", subtype="VORBIS")
    found = waveform(io.BytesIO(file.read_bytes()), 8000, 1.5, "a.ogg")
    assert found.shape == (12000,)
    assert strength(found[:8000], 440, 8000) == pytest.approx(0.5, abs=0.02)
    assert found[8200:].abs().max() < 300


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "text.ogg").write_text("no sound")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "headless.raw").write_bytes(b"1234")
    for name in ("text.ogg", "empty.wav", "headless.raw", "missing.wav"):
        with pytest.raises(UserError, match=rf"{name} is no sound that can be read \(.*\)\.$"):
            waveform(tmp_path / name, 8000, 1.0)
    with pytest.raises(UserError, match=r"^word\.ogg in the package is no sound"):
        waveform(io.BytesIO(b"no sound"), 8000, 1.0, "word.ogg in the package")


def test_files_without_sound_in_them_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.wav is a sound without samples\."):
        waveform(written(tmp_path / "a.wav", np.zeros(0), 8000), 8000, 1.0)
    with pytest.raises(UserError, match=r"b\.wav has samples that are not finite\."):
        waveform(written(tmp_path / "b.wav", np.array([0.0, np.nan]), 8000, subtype="FLOAT"), 8000, 1.0)


def test_without_soundfile_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(UserError) as error:
        waveform(tmp_path / "a.wav", 8000, 1.0)
    assert str(error.value) == "reading sound needs soundfile: pip install 'counterpoint[media]'."
