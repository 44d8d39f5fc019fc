"""The tuxpaint source on a tiny package of the official layout, and on the real one."""

import io
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from counterpoint.data import Dataset, Side, populate, sources
from counterpoint.data.fetch import fetch
from counterpoint.data.fetch.apt import unpacked
from counterpoint.data.sources import tuxpaint as source
from counterpoint.data.text import unspell
from counterpoint.errors import UserError

FOLDER = "usr/share/tuxpaint/stamps/"
COLOURS = {"animals/cat": (255, 0, 0), "animals/birds/duck": (0, 255, 0), "food/pear": (0, 0, 255)}


def ogg(hertz: float, rate: int = 44100, channels: int = 2, seconds: float = 0.5) -> bytes:
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)
    file = io.BytesIO()
    soundfile.write(file, np.stack([wave] * channels, 1), rate, format="OGG", subtype="VORBIS")
    return file.getvalue()


def png(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 60), colour).save(file, "PNG")
    return file.getvalue()


def layout() -> dict[str, bytes]:
    """Three stamps in three, two and two languages, and files that are left out."""
    texts = {
        "animals/cat": "A cat.\naf.utf8=’n Kat.\nfr.utf8=Un Chat.\nes.utf8=Un gato. \nru.utf8=Кот = cat.\n",
        "animals/birds/duck": "A duck.\nfr.utf8=Un canard.\nes.utf8=\nfr_CA.utf8=Un colvert.\n",
        "food/pear": "A pear.\nes.utf8=Una pera.\nfr.utf8=Une poire.",
    }
    spoken = {
        "animals/cat": {"fr": 300, "es": 500, "ru": 700},
        "animals/birds/duck": {"fr": 900, "es": 1100},
        "food/pear": {"es": 1300, "fr": 1500},
    }
    files = {f"{FOLDER}{stamp}.txt": text.encode() for stamp, text in texts.items()}
    files |= {f"{FOLDER}{stamp}.png": png(colour) for stamp, colour in COLOURS.items()}
    files |= {f"{FOLDER}{s}_desc_{lang}.ogg": ogg(hertz) for s, of in spoken.items() for lang, hertz in of.items()}
    return files | {
        f"{FOLDER}animals/cat.ogg": b"the sound that a cat makes is not read",
        f"{FOLDER}animals/cat.dat": b"nor is this",
        f"{FOLDER}animals/cat_desc_de.ogg": b"nor are other languages",
        f"{FOLDER}animals/drawn.svg": b"<svg/>",
        f"{FOLDER}animals/drawn.txt": b"A stamp without a PNG.\nfr.utf8=Un dessin.\n",
        f"{FOLDER}animals/drawn_desc_fr.ogg": ogg(400),
        f"{FOLDER}animals/mute.png": png((9, 9, 9)),
        f"{FOLDER}animals/mute.txt": b"A stamp that nobody speaks of.\n",
        f"{FOLDER}sports/ball.png": b"other folders are not read",
        f"{FOLDER}sports/ball.txt": b"A ball.\n",
        f"{FOLDER}sports/ball_desc_fr.ogg": b"nor here",
    }


@pytest.fixture
def load(pinned_deb: Callable[..., Path]) -> Callable[[Mapping[str, bytes]], Dataset]:
    def loaded(files: Mapping[str, bytes]) -> Dataset:
        pinned_deb(source, files)
        return sources.load("tuxpaint")

    return loaded


def test_a_row_is_a_stamp_in_a_language(load: Callable[..., Dataset]) -> None:
    tiny = load(layout())
    rows = [(tiny.task.classes[c], tiny.owners[o]) for c, o in zip(tiny.samples.label, tiny.owner, strict=True)]
    assert rows == [
        ("animals", "Spanish"),
        ("animals", "French"),
        ("animals", "Spanish"),
        ("animals", "French"),
        ("animals", "Russian"),
        ("food", "Spanish"),
        ("food", "French"),
    ]
    assert [unspell(row) for row in tiny.samples.x["text"]] == [
        *("", "un canard.", "un gato.", "un chat.", "кот = cat.", "una pera.", "une poire."),
    ]
    assert tiny.samples.present["text"].tolist() == [False, *[True] * 6]
    assert tiny.samples.present["image"].all()
    assert tiny.samples.present["audio"].all()
    colours = [*[(0, 255, 0)] * 2, *[(255, 0, 0)] * 3, *[(0, 0, 255)] * 2]
    assert tiny.samples.x["image"].shape == (7, 3, 48, 48)
    assert torch.equal(tiny.samples.x["image"][:, :, 24, 24] * 255, torch.tensor(colours, dtype=torch.float32))


def test_the_recording_is_that_of_the_row(load: Callable[..., Dataset]) -> None:
    audio = load(layout()).samples.x["audio"]
    assert audio.shape == (7, 12000)
    loudest = torch.fft.rfft(audio[:, :4000]).abs().argmax(1) * 2
    assert loudest.tolist() == [1100, 900, 500, 300, 700, 1300, 1500]
    assert audio.abs().amax(1).sub(0.5).abs().max() < 0.1
    assert audio[:, 4200:].abs().max() < 0.01


def test_built_values_are_compact(pinned_deb: Callable[..., Path]) -> None:
    pinned_deb(source, layout())
    kinds = {m: values.dtype for m, values in source.build().samples.x.items()}
    assert kinds == {"image": torch.uint8, "audio": torch.int16, "text": torch.uint8}


def test_stamps_that_share_a_recording_or_a_description_are_one_unit(load: Callable[..., Dataset]) -> None:
    apart = load(layout()).samples.unit.tolist()
    assert apart == [0, 0, 1, 1, 1, 2, 2]


def test_a_shared_recording_joins(load: Callable[..., Dataset]) -> None:
    files = layout()
    files[f"{FOLDER}food/pear_desc_es.ogg"] = files[f"{FOLDER}animals/birds/duck_desc_fr.ogg"]
    assert load(files).samples.unit.tolist() == [0, 0, 1, 1, 1, 0, 0]


def test_a_shared_description_joins(load: Callable[..., Dataset]) -> None:
    files = layout()
    files[f"{FOLDER}food/pear.txt"] = b"A pear.\nes.utf8=UN GATO.\n"
    assert load(files).samples.unit.tolist() == [0, 0, 1, 1, 1, 1, 1]


def test_the_same_words_in_another_language_do_not_join(load: Callable[..., Dataset]) -> None:
    files = layout()
    files[f"{FOLDER}food/pear.txt"] = b"A pear.\nfr.utf8=Un gato.\n"
    assert load(files).samples.unit.tolist() == [0, 0, 1, 1, 1, 2, 2]


def test_families_are_the_least_sets() -> None:
    stamps, marks = ("a", "b", "c", "d", "c", "b", "e"), (1, 2, 3, 4, 1, 3, 5)
    assert source.families(stamps, marks) == {"a": 0, "b": 0, "c": 0, "d": 1, "e": 2}
    assert source.families((), ()) == {}


def test_a_fifth_of_the_families_of_a_class_is_held_out(load: Callable[..., Dataset]) -> None:
    files = {}
    for i in range(20):
        path = f"{FOLDER}{('animals', 'town')[i % 2]}/stamp{i}"
        files[f"{path}.png"] = png((i, 0, 0))
        files[f"{path}.txt"] = f"Stamp {i}.\nfr.utf8=timbre {i}\nes.utf8=sello {i}\n".encode()
        files |= {f"{path}_desc_{lang}.ogg": ogg(200 + i * 50 + 10 * k, 8000, 1) for k, lang in enumerate(("fr", "es"))}
    tiny = load(files)
    test = tiny.side == Side.GLOBAL_TEST
    assert tiny.samples.label[test].bincount(minlength=7)[[0, 6]].tolist() == [4, 4]
    assert not set(tiny.samples.unit[test].tolist()) & set(tiny.samples.unit[~test].tolist())
    assert set(tiny.side.tolist()) == {Side.TRAIN, Side.GLOBAL_TEST}


@pytest.mark.parametrize("name", ["animals/cat.png", "animals/cat_desc_fr.ogg"])
def test_a_damaged_file_is_named(load: Callable[..., Dataset], name: str) -> None:
    with pytest.raises(UserError, match=f"^{name} is no (picture|sound) that can be read"):
        load(layout() | {FOLDER + name: b"damaged"})


@pytest.fixture(scope="module")
def whole() -> Dataset:
    return sources.load("tuxpaint")


def raw() -> tuple[dict[tuple[str, str], float], dict[str, dict[str, str]]]:
    """Lengths in seconds of the real recordings by stamp and language, and descriptions of stamps with pictures."""
    seconds, texts, drawn = {}, {}, set()
    with unpacked(fetch(source.PIN)) as archive:
        for member in archive:
            path = member.name.removeprefix(source.FOLDER)
            if path.partition("/")[0] not in source.CLASSES or not member.isfile():
                continue
            if spoken := source.SPOKEN.fullmatch(path):
                sound = soundfile.info(io.BytesIO(archive.extractfile(member).read()))
                seconds[spoken[1], spoken[2]] = sound.frames / sound.samplerate
            elif path.endswith(".txt"):
                texts[path[:-4]] = source.descriptions(archive.extractfile(member).read().decode())
            elif path.endswith(".png"):
                drawn.add(path[:-4])
    return seconds, {stamp: text for stamp, text in texts.items() if stamp in drawn}


@pytest.mark.download
def test_the_card_tells_the_truth(whole: Dataset) -> None:
    sides, samples = Counter(whole.side.tolist()), whole.samples
    seconds, texts = raw()
    rows = [row for row in seconds if row[0] in texts]
    written = [texts[stamp].get(language, "").lower().encode() for stamp, language in rows]
    pictures = {values.numpy().tobytes() for values in samples.x["image"]}
    assert whole.card is source.CARD
    assert whole.card.classes == whole.task.classes
    assert whole.card.modalities.keys() == whole.modalities.keys()
    for name, modality in whole.modalities.items():
        assert whole.card.modalities[name].startswith(f"{modality.kind}, {' x '.join(map(str, modality.shape))}, ")
    assert whole.card.counts == {
        "rows": len(samples),
        "train rows": sides[Side.TRAIN],
        "client test rows": sides[Side.CLIENT_TEST],
        "global test rows": sides[Side.GLOBAL_TEST],
        "stamps": len(pictures),
        "families of stamps": len(samples.unit.unique()),
        "languages": len(whole.owner.unique()),
        "classes": 8,
        "rows without text": int((~samples.present["text"]).sum()),
        "recordings cut": sum(seconds[row] > 1.5 for row in rows),
        "descriptions cut": sum(len(text) > 96 for text in written),
    }
    assert len(rows) == len(samples)


@pytest.mark.download
def test_rows_per_class_and_language(whole: Dataset) -> None:
    assert whole.samples.label.bincount().tolist() == [1066, 520, 257, 282, 454, 1709, 591, 262]
    assert dict(zip(whole.owners, whole.owner.bincount().tolist(), strict=True)) == {
        "Belarusian": 477,
        "Bulgarian": 680,
        "Catalan": 680,
        "Greek": 584,
        "Spanish": 664,
        "French": 690,
        "Romanian": 683,
        "Russian": 683,
    }
    test = whole.side == Side.GLOBAL_TEST
    assert whole.samples.label[test].bincount().tolist() == [203, 94, 43, 51, 79, 317, 122, 54]


@pytest.mark.download
def test_no_picture_recording_or_description_is_on_both_sides(whole: Dataset) -> None:
    for modality, values in whole.samples.x.items():
        where = defaultdict(set)
        for row, owner, side, there in zip(
            values, whole.owner.tolist(), whole.side.tolist(), whole.samples.present[modality], strict=True
        ):
            if there:
                where[owner, row.numpy().tobytes()].add(side)
        assert len(where) > 1000
        assert {len(sides) for sides in where.values()} == {1}, modality


@pytest.mark.download
def test_every_recording_can_be_heard_and_none_is_clipped(whole: Dataset) -> None:
    audio = whole.samples.x["audio"]
    assert audio.abs().amax(1).min() > 0.05
    assert (audio.abs() > 0.9999).sum(1).max() <= 2


@pytest.mark.download
def test_eight_natural_clients(whole: Dataset) -> None:
    people = populate(whole)
    assert [one.name for one in people.clients] == list(source.LANGUAGES.values())
    assert len(people.test) == 963
