"""CrisisMMD: tweets from seven disasters, text and picture, informative or not."""

import re
from dataclasses import dataclass
from pathlib import Path

import torch

from counterpoint.data.card import Card
from counterpoint.data.images import picture
from counterpoint.data.modality import Modality
from counterpoint.data.population import Dataset, Side
from counterpoint.data.sources.official.gather import Rows, apart, gathered
from counterpoint.data.sources.official.official import Official
from counterpoint.data.text import spell
from counterpoint.errors import UserError

SIZE = 64
LENGTH = 160
CLASSES = ("not_informative", "informative")
COLUMNS = ("event_name", "tweet_id", "image_id", "tweet_text", "image", "label_text", "label_image")
"""The columns that are read, by name; the published files have label and label_text_image besides."""

PICTURES, SPLITS = "data_image", "crisismmd_datasplit_all"
SIDES = {"train": Side.TRAIN, "dev": Side.CLIENT_TEST, "test": Side.GLOBAL_TEST}
LISTS = {f"task_informative_text_img_{split}.tsv": side for split, side in SIDES.items()}
LINK = re.compile(r"https?:\S*")

NEEDS = (
    f"the folder of CrisisMMD (version 2.0) holds {PICTURES} (<event>/<date>/<image id>.jpg) and, out of the archive "
    f"of splits, {SPLITS} with {', '.join(LISTS)}"
)

CARD = Card(
    name="crisismmd",
    title="Tweets from seven disasters: text and picture, informative or not",
    origin=(
        "collected and labelled by the makers of CrisisMMD (Alam, Ofli and Imran 2018; split by Ofli et al. 2020), who "
        "give it away on the CrisisNLP pages of the Qatar Computing Research Institute. It is not fetched: get version "
        "2.0 and its splits there and say where they are, as in --data crisismmd:/path/to/CrisisMMD_v2.0; "
        f"{NEEDS}. Here the task is the first, informative or not, and only pairs whose text and picture have the same "
        f"label are used, as is usual; pictures are put on white in a square of {SIZE} pixels, texts freed of links, "
        f"put in lower case and cut to {LENGTH} bytes"
    ),
    licence="Creative Commons Attribution-NonCommercial-ShareAlike 4.0, and the terms of Twitter for tweets",
    checksum="",
    counts={"rows": 12706, "natural clients": 7, "classes": 2},
    split=(
        "as published, by tweet: the test file is the global test set, the dev file is dealt out as the clients' own "
        "tests, the train file is trained on. The natural clients are the seven events"
    ),
    modalities={
        "image": f"image, 3 x {SIZE} x {SIZE}, RGB",
        "text": f"text, {LENGTH}, UTF-8 bytes",
    },
    classes=CLASSES,
    traps=(
        "a tweet may have several pictures, each a row with the same text; a row in training whose tweet is tested as "
        "well is left out, and so is one of the clients' tests whose tweet is in the global test: the counts say how "
        "many",
        "other tweets may say the same (retweets), on both sides",
        "the column label is drawn at random where text and picture disagree; it is not read",
        "informative rows are the majority: look at more than accuracy",
        "the number of rows above is that of the literature; it was not verified on the published files",
    ),
)


@dataclass(frozen=True)
class Pair:
    """A line of a list.

    Attributes:
        event: the disaster.
        tweet: its id.
        text: as it was written.
        image: path of the picture.
        agreed: the label of text and picture, or None where they differ.
        side: on which it was published.
    """

    event: str
    tweet: str
    text: str
    image: Path
    agreed: str | None
    side: Side


def pairs(folder: Path) -> list[Pair]:
    """The lines of all lists.

    Raises:
        UserError: a list is missing, or a line is wrong.
    """
    found = []
    for name, side in LISTS.items():
        path = folder / SPLITS / name
        try:
            lines = path.read_bytes().decode("utf-8-sig", errors="replace").split("\n")
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror}): {NEEDS}.") from error
        columns = lines[0].rstrip("\r").split("\t")
        if lacking := [column for column in COLUMNS if column not in columns]:
            raise UserError(f"{path} has no column {lacking[0]!r}: {NEEDS}.")
        for number, line in enumerate(lines[1:], 2):
            if line.strip():
                found.append(_pair(folder, columns, line, side, f"{path}, line {number}"))
    return found


def _pair(folder: Path, columns: list[str], line: str, side: Side, where: str) -> Pair:
    """Quotation marks mean nothing in these files, so fields are told apart by tabs alone."""
    cells = line.rstrip("\r").split("\t")
    if len(cells) < len(columns):
        raise UserError(f"{where}: {len(cells)} fields, where the first line has {len(columns)}.")
    row = dict(zip(columns, cells, strict=False))
    for column in ("label_text", "label_image"):
        if row[column] not in CLASSES:
            raise UserError(f"{where}: {column} is {row[column]!r}, which is neither of {' and '.join(CLASSES)}.")
    image = folder / row["image"]
    if Path(row["image"]).is_absolute() or ".." in image.parts[len(folder.parts) :]:
        raise UserError(f"{where}: the picture {row['image']!r} lies outside of {folder}.")
    agreed = row["label_text"] if row["label_text"] == row["label_image"] else None
    if agreed and not image.is_file():
        raise UserError(f"{where}: there is no picture {image}.")
    return Pair(row["event_name"], row["tweet_id"], row["tweet_text"], image, agreed, side)


def cleaned(text: str) -> str:
    """A tweet in lower case without links."""
    return " ".join(LINK.sub(" ", text.lower()).split())


def read(folder: Path) -> Dataset:
    """Read a folder of CrisisMMD.

    Raises:
        UserError: something in it is missing or damaged.
    """
    published = pairs(folder)
    agreed = [pair for pair in published if pair.agreed]
    if not agreed:
        raise UserError(f"{folder / SPLITS} has no row whose text and picture have the same label: {NEEDS}.")
    kept = apart([pair.tweet for pair in agreed], [pair.side for pair in agreed])
    rows = [pair for pair, keep in zip(agreed, kept, strict=True) if keep]
    texts = [cleaned(pair.text) for pair in rows]
    spelt = spell(texts, LENGTH)
    return gathered(
        CARD,
        Rows(
            CLASSES,
            [CLASSES.index(pair.agreed) for pair in rows if pair.agreed],
            [pair.tweet for pair in rows],
            [pair.event for pair in rows],
            [pair.side for pair in rows],
        ),
        {
            "image": (
                Modality("image", "image", (3, SIZE, SIZE), "RGB"),
                torch.uint8,
                lambda row: picture(rows[row].image, SIZE),
            ),
            "text": (
                Modality("text", "text", (LENGTH,), "UTF-8 bytes"),
                torch.uint8,
                lambda row: spelt[row] if texts[row] else None,
            ),
        },
        {
            "rows left out, whose text and picture disagree": len(published) - len(agreed),
            "rows left out, whose tweet is tested as well": len(agreed) - len(rows),
        },
    )


SOURCE = Official(CARD, 1, NEEDS, (SPLITS, PICTURES), read)
