"""Emoji as two vendors draw them, and their names."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.card import Card
from counterpoint.data.fetch import Pin, fetch
from counterpoint.data.images import picture
from counterpoint.data.modality import Modality, Task
from counterpoint.data.population import Dataset, Side
from counterpoint.data.progress import each
from counterpoint.data.samples import Samples
from counterpoint.data.sources.source import Source
from counterpoint.data.sources.split import held_out
from counterpoint.data.text import spell

PINS = {
    "google": Pin(
        "npm",
        "emoji-datasource-google@16.0.0",
        "emoji-datasource-google-16.0.0.tgz",
        "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
    ),
    "twitter": Pin(
        "npm",
        "emoji-datasource-twitter@16.0.0",
        "emoji-datasource-twitter-16.0.0.tgz",
        "f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877",
    ),
}
LIST = "package/emoji.json"
PICTURES = "package/img/{vendor}/64/"
TONES = "Component"
"""The category of skin tones, which are no emoji of their own."""

SIZE = 48
LENGTH = 56
SHARE = 0.2
CLASSES = (
    "Activities",
    "Animals & Nature",
    "Flags",
    "Food & Drink",
    "Objects",
    "People & Body",
    "Smileys & Emotion",
    "Symbols",
    "Travel & Places",
)

CARD = Card(
    name="emoji",
    title="1,906 emoji as Google and Twitter draw them, each with its name: which of nine categories?",
    origin=(
        "drawn by Google (Noto) and Twitter (Twemoji); comes in the npm packages emoji-datasource-google 16.0.0 and "
        "emoji-datasource-twitter 16.0.0, of which the 64 x 64 pictures are used, on white, and the names, in lower "
        "case; the five skin tones that stand alone (category Component) are left out"
    ),
    licence="pictures: Google's are Apache-2.0, Twitter's CC BY 4.0, as the packages' read-me says; the list is MIT",
    checksum=", ".join(f"{pin.requirement} {pin.sha256}" for pin in PINS.values()),
    counts={
        "rows": 3812,
        "train rows": 3048,
        "client test rows": 0,
        "global test rows": 764,
        "emoji": 1906,
        "vendors": 2,
        "classes": 9,
        "names cut": 2,
        "test pictures that are in training too": 5,
    },
    split=(
        "by emoji. A fifth of the emoji of each category, in both drawings, is the global test set; which is fixed "
        "by a hash, whatever the seed of a run. Each client's test is drawn out of its remaining rows after they were "
        "dealt out, in whole emoji: no client trains on what another is tested on. The natural clients are the vendors."
    ),
    modalities={"image": f"image, 3 x {SIZE} x {SIZE}, RGB", "text": f"text, {LENGTH}, UTF-8 bytes"},
    classes=CLASSES,
    traps=(
        "both vendors have the same emoji under the same names: split rows at random, and every test name was seen in "
        "training",
        "relatives lie on both sides of the split: a man, a woman and a person who climb are three emoji, and so are "
        "the hours of a clock; nearly every flag's name ends with the word flag",
        "some flags and families are different emoji that are drawn alike: so a few test pictures are in training too",
        f"the one name of more than {LENGTH} bytes is cut, in both of its rows",
    ),
)


def build() -> Dataset:
    """Fetch both tarballs, check their hashes, and read lists and pictures out of them."""
    units: dict[str, int] = {}
    images, names, labels, unit, owner = [], [], [], [], []
    for place, (vendor, pin) in enumerate(PINS.items()):
        for emoji, image in _drawn(fetch(pin), vendor):
            images.append(image)
            names.append((emoji["name"] or emoji["short_name"]).lower())
            labels.append(CLASSES.index(emoji["category"]))
            unit.append(units.setdefault(emoji["unified"], len(units)))
            owner.append(place)
    label, of_unit = torch.tensor(labels), torch.tensor(unit)
    present = torch.ones(len(label), dtype=torch.bool)
    x = {"image": torch.stack(images), "text": spell(names, LENGTH)}
    test = held_out(of_unit, label, SHARE, CARD.name)
    return Dataset(
        name=CARD.name,
        task=Task(CLASSES),
        modalities={
            "image": Modality("image", "image", (3, SIZE, SIZE), "RGB"),
            "text": Modality("text", "text", (LENGTH,), "UTF-8 bytes"),
        },
        samples=Samples(x, {"image": present, "text": present}, label, of_unit),
        owner=torch.tensor(owner),
        owners=tuple(PINS),
        side=torch.where(test, int(Side.GLOBAL_TEST), int(Side.TRAIN)),
        card=CARD,
    )


def _drawn(tarball: Path, vendor: str) -> list[tuple[dict[str, Any], Tensor]]:
    """Each emoji that the vendor has drawn, as the list tells of it, sorted by code points, and its picture."""
    folder = PICTURES.format(vendor=vendor)
    emoji: list[dict[str, Any]] = []
    found = {}
    with tarfile.open(tarball, "r|gz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None and member.name == LIST:
                emoji = json.load(file)
            elif file is not None and member.name.startswith(folder):
                found[member.name.removeprefix(folder)] = file.read()
    wanted = [one for one in emoji if one["category"] != TONES and one[f"has_img_{vendor}"]]
    wanted.sort(key=lambda one: str(one["unified"]))
    drawn = each(wanted, f"pictures of {vendor}")
    return [(one, picture(io.BytesIO(found[one["image"]]), SIZE, one["image"])) for one in drawn]


SOURCE = Source(CARD, version=1, build=build)
