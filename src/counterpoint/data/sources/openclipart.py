"""Clip art by hundreds of artists, and its titles."""

import io
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from counterpoint.data.card import Card
from counterpoint.data.fetch import Pin, fetch
from counterpoint.data.fetch.apt import unpacked
from counterpoint.data.images import picture
from counterpoint.data.modality import Modality, Task
from counterpoint.data.population import Dataset, Side
from counterpoint.data.samples import Samples
from counterpoint.data.sources.credit import NOBODY, cleaned, commonest, credited, same_person
from counterpoint.data.sources.source import Source
from counterpoint.data.text import spell
from counterpoint.randomness import fold_key

PNG = Pin(
    "apt",
    "openclipart-png=1:0.18+dfsg-19",
    "openclipart-png_1%3a0.18+dfsg-19_all.deb",
    "f07f1545a2970c2cf3fa339bc2405da1a95cf2b1827bfa05bf73eb1c20291c02",
)
SVG = Pin(
    "apt",
    "openclipart-svg=1:0.18+dfsg-19",
    "openclipart-svg_1%3a0.18+dfsg-19_all.deb",
    "989712d90d57dfa3230049f553bb43b76c30ee4d4b8c5f6e106e33f7db5cbdc5",
)
FOLDER = "usr/share/openclipart/"
LEFT_OUT = "shapes/stars/"
TOO_LARGE = ("signs_and_symbols/stop_sign_miguel_s_nchez_", "transportation/roadsigns/stop_sign_right_font_mig_")
"""Each is of 20,990 x 29,700 pixels, and would take more than two gigabytes."""

SIZE = 48
LENGTH = 72
SHARE = 0.2
LARGEST = 0.05
CLASSES = (
    "animals",
    "computer",
    "food",
    "geography",
    "office",
    "people",
    "plants",
    "recreation",
    "shapes",
    "signs_and_symbols",
    "tools",
    "transportation",
)

METADATA = re.compile(r"<metadata.*?</metadata>", re.DOTALL)
TITLE = re.compile(r"<dc:title\b[^>]*>([^<]*)")
CREATOR = re.compile(r"<dc:creator\b.*?<dc:title\b[^>]*>([^<]*)", re.DOTALL)

CARD = Card(
    name="openclipart",
    title="Clip art by more than 400 artists, each with its title: which of twelve categories?",
    origin=(
        "the Open Clip Art Library, release 0.18; comes in the Debian packages openclipart-png (pictures) and "
        "openclipart-svg (titles and artists) 1:0.18+dfsg-19. A category is a folder. Pictures are shown whole on "
        "white. Left out: the ten other folders, 1,378 machine-made stars, untitled pictures, all but the first by "
        "path of pictures that are alike, and two of 623 million pixels each"
    ),
    licence="public domain: each picture is dedicated to it or certified to be in it (Creative Commons Public Domain)",
    checksum=", ".join(f"{pin.requirement} {pin.sha256}" for pin in (PNG, SVG)),
    counts={
        "rows": 4954,
        "train rows": 3963,
        "client test rows": 0,
        "global test rows": 991,
        "series": 2494,
        "artists": 448,
        "artists held out": 163,
        "rows of unknown artists": 27,
        "classes": 12,
        "titles cut": 1,
        "pictures too large to read": 2,
    },
    split=(
        "by artist: the global test set is of artists who are in no other set. In an order that a hash of their names "
        "gives, whatever the seed of a run, artists are held out until a fifth of all rows is reached; one whose rows "
        "would exceed it is passed over. The six artists with more than a twentieth of all rows always train, and so "
        "do rows without an artist's name. Each client's test is drawn out of its rows after they were dealt out, in "
        "whole series: all pictures of one artist under one title. The natural clients are the artists."
    ),
    modalities={"image": f"image, 3 x {SIZE} x {SIZE}, RGB", "text": f"text, {LENGTH}, UTF-8 bytes"},
    classes=CLASSES,
    traps=(
        "an artist's pictures are near-duplicates of each other: split rows at random, and the test tells of memory",
        "half of the pictures have the title of a whole series, which tells the artist but not the picture",
        "one picture in eleven lies in a second category too, often as a link; the first by name is its label",
        "six artists drew 58 % of all rows, and most artists a handful: natural clients are few and very unequal",
        "classes are unequal, and unequally so in training and test: computer is 37 % of the one and 27 % of the other",
        "artists are told apart by name: where only case, accents, word order or punctuation differ it is one artist, "
        "but other spellings count as another, who may lie on another side",
    ),
)

Content = TypeVar("Content")


def build() -> Dataset:
    """Fetch both packages, check their hashes, and read pictures, titles and artists out of them."""
    wanted = {name: note for name, note in notes(fetch(SVG)).items() if wants(name) and note[0]}
    chosen = distinct(pictures(fetch(PNG)), wanted)
    names = sorted(chosen)
    titles = [wanted[name][0] for name in names]
    artists = [same_person(wanted[name][1]) for name in names]
    spelling = commonest(wanted[name][1] for name in names)
    order = sorted(spelling)
    series = sorted({(artist, title.casefold()) for artist, title in zip(artists, titles, strict=True)})
    unit = {pair: number for number, pair in enumerate(series)}
    held = held_out_artists(artists)
    present = torch.ones(len(names), dtype=torch.bool)
    return Dataset(
        name=CARD.name,
        task=Task(CLASSES),
        modalities={
            "image": Modality("image", "image", (3, SIZE, SIZE), "RGB"),
            "text": Modality("text", "text", (LENGTH,), "UTF-8 bytes"),
        },
        samples=Samples(
            {"image": torch.stack([chosen[name] for name in names]), "text": spell(titles, LENGTH)},
            {"image": present, "text": present},
            torch.tensor([CLASSES.index(name.partition("/")[0]) for name in names]),
            torch.tensor([unit[artist, title.casefold()] for artist, title in zip(artists, titles, strict=True)]),
        ),
        owner=torch.tensor([order.index(artist) for artist in artists]),
        owners=tuple(spelling[artist] or "unknown" for artist in order),
        side=torch.tensor([int(Side.GLOBAL_TEST if artist in held else Side.TRAIN) for artist in artists]),
        card=CARD,
    )


def wants(name: str) -> bool:
    """Tell whether a picture of this name is used, if it has a title and is the first of its like."""
    return name.partition("/")[0] in CLASSES and not name.startswith(LEFT_OUT)


def notes(package: Path) -> dict[str, tuple[str, str]]:
    """Title and artist of each picture by its name; either may be empty."""
    return _contents(package, "svg", lambda data, _: note(data.decode(errors="replace")))


def note(svg: str) -> tuple[str, str]:
    """Title and artist as a picture's metadata tell them; either may be empty."""
    found = METADATA.search(svg)
    metadata = found.group() if found else ""
    title, creator = TITLE.search(metadata), CREATOR.search(metadata)
    return cleaned(title.group(1)) if title else "", credited(creator.group(1)) if creator else NOBODY


def pictures(package: Path) -> dict[str, Tensor | None]:
    """uint8 [3, SIZE, SIZE] of each picture by its name; None of those that are too large."""
    return _contents(
        package, "png", lambda data, name: None if name in TOO_LARGE else picture(io.BytesIO(data), SIZE, f"{name}.png")
    )


def distinct(found: Mapping[str, Tensor | None], names: Iterable[str]) -> dict[str, Tensor]:
    """Of pictures that are alike the first by name, of those that have one of these names and could be read."""
    first: dict[bytes, str] = {}
    chosen = {name: values for name in sorted(names) if (values := found.get(name)) is not None}
    for name, values in chosen.items():
        first.setdefault(values.numpy().tobytes(), name)
    return {name: chosen[name] for name in first.values()}


def held_out_artists(artists: Sequence[str]) -> set[str]:
    """The artists of the global test set.

    Args:
        artists: of each row. One with more than LARGEST of the rows, and NOBODY, are never chosen.

    Returns:
        Artists in the order of a hash, each if the rows of those chosen stay within SHARE of all.
    """
    rows = Counter(artists)
    held: set[str] = set()
    room = round(SHARE * len(artists))
    for artist in sorted(rows, key=lambda artist: fold_key(0, CARD.name, "held out", artist)):
        if artist != NOBODY and rows[artist] <= min(room, LARGEST * len(artists)):
            held.add(artist)
            room -= rows[artist]
    return held


def _contents(package: Path, kind: str, read: Callable[[bytes, str], Content]) -> dict[str, Content]:
    """What `read` makes of each file of a kind, by its path below their folder without suffix; links are followed."""
    found: dict[str, Content] = {}
    links: dict[str, str] = {}
    with unpacked(package) as archive:
        for member in archive:
            name = _name(member.name, kind)
            if member.issym():
                links[name] = _name(posixpath.join(posixpath.dirname(member.name), member.linkname), kind)
            elif member.islnk():
                links[name] = _name(member.linkname, kind)
            elif name and (file := archive.extractfile(member)):
                found[name] = read(file.read(), name)
    for name, target in links.items():
        while target in links:
            target = links[target]  # noqa: PLW2901
        if target in found:
            found[name] = found[target]
    return found


def _name(path: str, kind: str) -> str:
    """The path below the folder of this kind, without suffix; empty for any other file."""
    path, start, end = posixpath.normpath(path), f"{FOLDER}{kind}/", f".{kind}"
    return path[len(start) : -len(end)] if path.startswith(start) and path.endswith(end) else ""


SOURCE = Source(CARD, version=1, build=build)
