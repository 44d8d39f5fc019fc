"""One section a modality: what it shows of made-up values."""

import base64
import io
import math
import wave
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from counterpoint.data import Dataset, Modality, Side
from counterpoint.report.dataset.pictures import pictures, png
from counterpoint.report.dataset.rows import by_class, rows
from counterpoint.report.dataset.sample import Pick, Sense, picks, senses
from counterpoint.report.dataset.signals import signals
from counterpoint.report.dataset.sounds import centroid, sounds, wav
from counterpoint.report.dataset.tables import share, tables
from counterpoint.report.dataset.texts import texts
from counterpoint.report.draw.sound import loudness

Make = Callable[..., Dataset]


def sense_of(dataset: Dataset, name: str) -> Sense:
    return next(sense for sense in senses(dataset, 0) if sense.modality.name == name)


def test_samples_are_training_rows_of_every_class(dataset: Make) -> None:
    made = dataset()
    chosen = picks(made, 0)
    assert [pick.label for pick in chosen] == ["low"] * 3 + ["middle"] * 3 + ["high"] * 3
    assert [pick.number for pick in chosen] == list(range(1, 10))
    index = torch.tensor([pick.row for pick in chosen])
    assert bool((made.side[index] == Side.TRAIN).all())
    for three in index.view(3, 3):
        assert len(made.samples.unit[three].unique()) == 3
    assert made.owners[int(made.owner[index[0]])] == chosen[0].owner


def test_the_seed_chooses(dataset: Make) -> None:
    assert picks(dataset(), 0) == picks(dataset(), 0) != picks(dataset(), 1)


def test_rows_with_more_modalities_come_first(dataset: Make) -> None:
    made = dataset(absent="acc")
    there, label = made.samples.present["acc"], made.samples.label
    for c, name in enumerate(made.task.classes):
        shown = [bool(there[pick.row]) for pick in picks(made, 0) if pick.label == name]
        full = int((there & (label == c) & (made.side == Side.TRAIN)).sum())
        assert shown == [True] * min(full, 3) + [False] * max(3 - full, 0)


def test_rows_of_one_unit_are_taken_where_there_are_no_others(dataset: Make) -> None:
    made = dataset()
    made = replace(made, samples=replace(made.samples, unit=torch.zeros_like(made.samples.unit)))
    chosen = picks(made, 0)
    assert len({pick.row for pick in chosen}) == 9


def test_more_classes_fewer_samples(dataset: Make) -> None:
    assert len(picks(dataset(classes=tuple("abcdefghijk")), 0)) == 22
    many = picks(dataset(classes=tuple(f"c{n}" for n in range(60))), 0)
    assert len({pick.label for pick in many}) == 20 and len(many) == 40


def test_a_picture_is_itself(dataset: Make) -> None:
    values = torch.rand(3, 6, 8)
    head, _, data = png(values).partition(",")
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert (image.size, image.mode) == ((8, 6), "RGB")
        assert np.array_equal(np.array(image), (values * 255).round().permute(1, 2, 0).numpy())


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "L"), (4, "RGBA"), (7, "L")])
def test_pictures_of_other_channels(channels: int, mode: str) -> None:
    with Image.open(io.BytesIO(base64.b64decode(png(torch.rand(channels, 5, 5)).partition(",")[2]))) as image:
        assert image.mode == mode


def test_pictures(dataset: Make) -> None:
    found = pictures(sense_of(dataset(absent="image"), "image"))
    assert found.lead == "Images of 8 × 6 pixels."
    assert found.facts == [("present in", "24 of 48 rows")]
    assert found.tiles[0].label[0] == "1 · low" and found.tiles[0].label[1].startswith("owner ")


def test_signals(dataset: Make) -> None:
    found = signals(sense_of(dataset(), "acc"))
    assert found.lead.startswith("3 channels of 40 steps (2 s at 20 Hz), in g. ")
    assert [plot.title for plot in found.plots] == ["low", "middle", "high"]
    svg = found.plots[0].svg
    assert ">seconds<" in svg and ">g<" in svg and ">channel 3<" in svg
    assert len(found.plots[0].table.rows) == 9
    assert "3 samples of class low, 3 channels over time" in svg


def test_signals_without_rate_or_unit_and_with_many_channels() -> None:
    modality = Modality("eeg", "sequence", (20, 5))
    yes = torch.ones(1, dtype=torch.bool)
    found = signals(Sense(modality, torch.zeros(1, 20, 5), yes, yes, (Pick(1, 0, "a", "o"),)))
    assert found.lead.startswith("20 channels of 5 steps. ") and found.lead.endswith("The first 7 channels are drawn.")
    assert ">steps<" in found.plots[0].svg
    assert len(found.plots[0].table.rows) == 7


def test_sounds(dataset: Make) -> None:
    found = sounds(sense_of(dataset(), "speech"))
    assert found.lead.startswith("0.4 s at 2,000 Hz.")
    assert len(found.plots) == 9
    first = dict(found.plots[0].table.rows)
    assert first["highest amplitude"] == "0.5"
    assert first["mean level"] == "-9.0 dB"
    assert first["mean frequency"] == "250 Hz"
    assert ">kHz<" in found.plots[0].svg and ">seconds<" in found.plots[0].svg


def test_silence_is_called_so() -> None:
    yes = torch.ones(1, dtype=torch.bool)
    quiet = Sense(Modality("s", "audio", (50,), rate=100.0), torch.zeros(1, 50), yes, yes, (Pick(1, 0, "a", "o"),))
    assert dict(sounds(quiet).plots[0].table.rows)["mean level"] == "silent"


def test_the_sound_is_the_waveform() -> None:
    values = np.array([0.0, 0.5, -1.0, 1.5])
    data = base64.b64decode(wav(values, 8000).partition(",")[2])
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert np.frombuffer(file.readframes(4), "<i2").tolist() == [0, 16384, -32767, 32767]


def test_the_spectrogram_is_loudest_where_the_tone_is() -> None:
    rate = 1000.0
    tone = np.sin(2 * math.pi * 250 * np.arange(1000) / rate)
    found = loudness(tone, rate)
    assert found.max() == 1
    assert int(found.mean(axis=1).argmax()) == (len(found) - 1) // 2
    assert centroid(tone, rate) == pytest.approx(250, abs=1)
    assert not loudness(np.zeros(300), rate).any()


@pytest.mark.parametrize("samples", [1, 2, 7, 100])
def test_short_sounds_can_be_shown(samples: int) -> None:
    yes = torch.ones(1, dtype=torch.bool)
    modality = Modality("s", "audio", (samples,), rate=8000.0)
    brief = Sense(modality, torch.full((1, samples), 0.3), yes, yes, (Pick(1, 0, "a", "o"),))
    assert sounds(brief).plots[0].svg.startswith("<svg")


def test_texts(dataset: Make) -> None:
    found = texts(sense_of(dataset(words="straße"), "words"))
    length, low, *_ = found.facts
    assert length == ("length", "9 to 10 bytes, half of them no more than 10")
    assert low[0] == "low" and low[1].count("“straße ") == 3


def test_texts_that_may_have_been_cut(dataset: Make) -> None:
    found = texts(sense_of(dataset(words="a" * 30), "words"))
    assert "may have been cut" in dict(found.facts)["length"]


def test_long_texts_are_cut() -> None:
    yes = torch.ones(1, dtype=torch.bool)
    long = Sense(Modality("t", "text", (900,)), torch.full((1, 900), 97.0), yes, yes, (Pick(1, 0, "a", ""),))
    assert dict(texts(long).facts)["a"] == f"1 · “{'a' * 300}…”"


def test_tables(dataset: Make) -> None:
    found = tables(sense_of(dataset(), "labs"))
    assert found.lead == "4 columns. All numbers are those of training rows."
    assert [plot.title for plot in found.plots] == ["Spread", "Missing"]
    (table,) = found.tables
    assert [row[0] for row in table.rows] == ["never", "<b>urea</b>", "ph", "age"]
    assert table.rows[0] == ["never", "100.0%", "0", "–", "–", "–", "–"]
    assert table.rows[2][1] == "0%"
    assert found.plots[1].table.rows[0] == ["never", "100.0%"]
    assert found.plots[1].caption == "2 columns of 4 are complete."


@pytest.mark.parametrize(("value", "text"), [(0.0, "0%"), (1e-5, "< 0.1%"), (0.5, "50.0%")])
def test_shares(value: float, text: str) -> None:
    assert share(value) == text


def test_a_mean_next_to_nothing_is_nothing() -> None:
    yes = torch.ones(2, dtype=torch.bool)
    near = Sense(Modality("t", "table", (2,)), torch.tensor([[1.00001, 1e-6], [-1.0, 3e-6]]), yes, yes, ())
    assert [row[3] for row in tables(near).tables[0].rows] == ["0", "2e-06"]


def test_wide_tables_without_names() -> None:
    yes = torch.ones(20, dtype=torch.bool)
    wide = Sense(Modality("fac", "table", (500,)), torch.rand(20, 500), yes, yes, ())
    found = tables(wide)
    assert found.tables[0].title == "400 of 500 columns"
    assert found.tables[0].rows[0][0] == "column 1"
    assert ">column<" in found.plots[0].svg and len(found.plots) == 1


def test_rows_by_class(dataset: Make) -> None:
    made = dataset()
    found = by_class(made)
    assert found.table.head == ["class", "training", "clients' tests", "global test", "all"]
    assert found.table.sums == ["all", "30", "12", "6", "48"]
    assert dict(rows(made).facts)["natural owners"] == "3, with 15 to 18 rows, half of them at most 15"


def test_owners(dataset: Make) -> None:
    everyone = dataset(owners=1)
    assert {pick.owner for pick in picks(everyone, 0)} == {""}
    assert pictures(sense_of(everyone, "image")).tiles[0].label == ["1 · low"]
    assert dict(rows(everyone).facts)["natural owners"] == "nobody owns rows by nature: they must be dealt out"
    assert dict(rows(dataset(owners=2)).facts)["natural owners"] == "2, each with 24 rows"
