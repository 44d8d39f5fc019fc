"""Stamps of a drawing program for children: a picture, its description in eight languages, and the same spoken."""

import io
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from counterpoint.data.card import Card
from counterpoint.data.fetch import Pin, fetch
from counterpoint.data.fetch.apt import unpacked
from counterpoint.data.images import picture
from counterpoint.data.modality import Modality, Task
from counterpoint.data.population import Dataset, Side
from counterpoint.data.samples import Samples
from counterpoint.data.sound import waveform
from counterpoint.data.sources.source import Source
from counterpoint.data.sources.split import held_out
from counterpoint.data.text import spell

PIN = Pin(
    "apt",
    "tuxpaint-stamps-default=2022.06.04-1",
    "tuxpaint-stamps-default_2022.06.04-1_all.deb",
    "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",
)
FOLDER = "./usr/share/tuxpaint/stamps/"

SIZE = 48
RATE = 8000
SECONDS = 1.5
SAMPLES = round(RATE * SECONDS)
LENGTH = 96
SHARE = 0.2
CLASSES = ("animals", "food", "household", "plants", "seasonal", "symbols", "town", "vehicles")
"""The folders with the most rows. The others have 16 stamps at most, so that three or fewer would be tested."""
LANGUAGES = {
    "be": "Belarusian",
    "bg": "Bulgarian",
    "ca": "Catalan",
    "el": "Greek",
    "es": "Spanish",
    "fr": "French",
    "ro": "Romanian",
    "ru": "Russian",
}
SPOKEN = re.compile(rf"(.+)_desc_({'|'.join(LANGUAGES)})\.ogg")

CARD = Card(
    name="tuxpaint",
    title="Stamps for children in eight languages: picture, spoken description, written description",
    origin=(
        "drawn, photographed, described and spoken by the volunteers of Tux Paint; comes in the Debian package "
        "tuxpaint-stamps-default 2022.06.04-1; here the pictures are put on white in a square, the recordings made one "
        f"channel at {RATE} Hz and cut or filled with zeros to {SECONDS} s, the descriptions put in lower case and cut "
        f"to {LENGTH} bytes. The class is the folder that a stamp lies in. Of the 16 folders the 8 largest are "
        "used (5,141 of 5,726 rows): the others have 16 stamps at most, too few to learn and to test"
    ),
    licence="GPL-2 or later",
    checksum=PIN.sha256,
    counts={
        "rows": 5141,
        "train rows": 4178,
        "client test rows": 0,
        "global test rows": 963,
        "stamps": 690,
        "families of stamps": 495,
        "languages": 8,
        "classes": 8,
        "rows without text": 8,
        "recordings cut": 1564,
        "descriptions cut": 209,
    },
    split=(
        "by family of stamps, in all languages at once. Stamps are of one family if they share a recording, or a "
        "description in any language: the letter A large and small, filled and in outline, is one. A fifth of the "
        "families of each class is the global test set; which is fixed by a hash, whatever the seed of a run. Each "
        "client's test is drawn out of its own remaining families after they were dealt out. The natural clients are "
        "the eight languages."
    ),
    modalities={
        "image": f"image, 3 x {SIZE} x {SIZE}, RGB",
        "audio": f"audio, {SAMPLES}, {SECONDS} s at {RATE} Hz",
        "text": f"text, {LENGTH}, UTF-8 bytes",
    },
    classes=CLASSES,
    traps=(
        "a picture comes in up to eight languages: split rows at random, and every test picture was seen in training; "
        "the same holds between the natural clients, so one client's test picture may be another's training picture; "
        "only the global test set is new to all",
        "631 recordings are filed under several stamps each, so a split by stamp alone leaks them",
        "a language is about one speaker, one microphone and one level: Spanish is overdriven at its source and eight "
        "times as loud as Bulgarian, so the audio tells the language almost always, and natural clients differ in "
        "audio and text as far as they can",
        "audio alone is weak, because an unknown word tells little of its class; and it begins with an article or with "
        "'the letter' in some languages",
        "three recordings in ten are longer and lose their end; eight rows lack text, because nobody has written the "
        "description in their language",
        "the folder is the class, and folders overlap: butterflies, eggplants and stars are each in two of them",
        "the recordings are credited to people by name, the Romanian ones excepted; upstream says of a sound effect in "
        "this package that it is not free: no effect is read here",
    ),
)


@dataclass
class Stamps:
    """What the package has, by stamp: the path of its files below FOLDER, without what the names end in.

    Attributes:
        image: uint8 [3, SIZE, SIZE].
        text: by language, as it is written.
        audio: by stamp and language, int16 [SAMPLES].
    """

    image: dict[str, Tensor] = field(default_factory=dict)
    text: dict[str, dict[str, str]] = field(default_factory=dict)
    audio: dict[tuple[str, str], Tensor] = field(default_factory=dict)


def read(package: Path) -> Stamps:
    """Read the stamps of the classes; the package has no links among them."""
    found = Stamps()
    with unpacked(package) as archive:
        for member in archive:
            path = member.name.removeprefix(FOLDER)
            stamp, _, suffix = path.rpartition(".")
            spoken = SPOKEN.fullmatch(path)
            if path.partition("/")[0] not in CLASSES or not (spoken or suffix in {"png", "txt"}):
                continue
            file = archive.extractfile(member)
            data = file.read() if file else b""
            if spoken:
                found.audio[spoken[1], spoken[2]] = waveform(io.BytesIO(data), RATE, SECONDS, path)
            elif suffix == "png":
                found.image[stamp] = picture(io.BytesIO(data), SIZE, path)
            else:
                found.text[stamp] = descriptions(data.decode(errors="replace"))
    return found


def descriptions(content: str) -> dict[str, str]:
    """By language what a stamp's text file says: lines `fr.utf8=...` after a first one in English."""
    lines = (line.partition("=") for line in content.splitlines()[1:])
    said = {key.removesuffix(".utf8"): text.strip() for key, _, text in lines if key.endswith(".utf8")}
    return {language: said[language] for language in LANGUAGES if said.get(language)}


def families(stamps: Sequence[str], marks: Sequence[Hashable]) -> dict[str, int]:
    """Number the families: the least sets such that stamps with a mark in common are in one.

    Args:
        stamps: one for each mark; more often than once if it has several.
        marks: what a stamp may have in common with others.

    Returns:
        0, 1, 2, ... by stamp, in the order in which the families first come in `stamps`.
    """
    members: dict[str, list[str]] = {stamp: [stamp] for stamp in stamps}
    bearer: dict[Hashable, str] = {}
    for stamp, mark in zip(stamps, marks, strict=True):
        mine, other = members[stamp], members[bearer.setdefault(mark, stamp)]
        if mine is not other:
            other.extend(mine)
            members.update(dict.fromkeys(mine, other))
    numbers: dict[int, int] = {}
    return {stamp: numbers.setdefault(id(members[stamp]), len(numbers)) for stamp in members}


def build() -> Dataset:
    """Fetch the package and join pictures, recordings and descriptions: a row is a stamp in a language."""
    found = read(fetch(PIN))
    rows = sorted(key for key in found.audio if key[0] in found.image and key[0] in found.text)
    texts = [found.text[stamp].get(language, "").lower() for stamp, language in rows]
    written = [(row, (language, text)) for row, (_, language), text in zip(rows, rows, texts, strict=True) if text]
    heard = [(row, found.audio[row].numpy().tobytes()) for row in rows]
    family = families([row[0] for row, _ in heard + written], [mark for _, mark in heard + written])
    unit = torch.tensor([family[stamp] for stamp, _ in rows])
    label = torch.tensor([CLASSES.index(stamp.partition("/")[0]) for stamp, _ in rows])
    present = torch.ones(len(rows), dtype=torch.bool)
    test = held_out(unit, label, SHARE, CARD.name)
    return Dataset(
        name=CARD.name,
        task=Task(CLASSES),
        modalities={
            "image": Modality("image", "image", (3, SIZE, SIZE), "RGB"),
            "audio": Modality("audio", "audio", (SAMPLES,), rate=RATE),
            "text": Modality("text", "text", (LENGTH,), "UTF-8 bytes"),
        },
        samples=Samples(
            {
                "image": torch.stack([found.image[stamp] for stamp, _ in rows]),
                "audio": torch.stack([found.audio[row] for row in rows]),
                "text": spell(texts, LENGTH),
            },
            {"image": present, "audio": present, "text": torch.tensor([bool(text) for text in texts])},
            label,
            unit,
        ),
        owner=torch.tensor([tuple(LANGUAGES).index(language) for _, language in rows]),
        owners=tuple(LANGUAGES.values()),
        side=torch.where(test, int(Side.GLOBAL_TEST), int(Side.TRAIN)),
        card=CARD,
    )


SOURCE = Source(CARD, version=1, build=build)
