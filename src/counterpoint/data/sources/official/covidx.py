"""COVIDx CXR: radiographs of the chest out of many collections: healthy, pneumonia, or COVID-19."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from counterpoint.data.card import Card
from counterpoint.data.population import Dataset, Side
from counterpoint.data.sources.official.gather import Rows, apart, gathered
from counterpoint.data.sources.official.official import Official
from counterpoint.data.sources.official.radiograph import IMAGE, MADE, SIZE, TOLD, radiograph
from counterpoint.errors import UserError

CLASSES = ("normal", "pneumonia", "COVID-19")
TWO = ("negative", "positive")
"""Classes of the lists B, and of those that Kaggle gives away: COVID-19 or not."""
LISTS = {
    "train.txt": ("train", Side.TRAIN),
    "val.txt": ("val", Side.CLIENT_TEST),
    "test.txt": ("test", Side.GLOBAL_TEST),
}
"""By list its folder of pictures, and on which side they are. Only some versions have val.txt."""
UNTOLD = "not told"

NEEDS = (
    "the folder of COVIDx holds train.txt and test.txt (lines: patient, file, class, and where it comes from), the "
    "pictures in train and test, and, in some versions, val.txt and val"
)

CARD = Card(
    name="covidx",
    title="Radiographs of the chest out of many collections: healthy, pneumonia, or COVID-19",
    origin=(
        "put together by the makers of COVID-Net (Wang, Lin and Wong 2020) out of other collections; Kaggle gives the "
        "pictures away (COVIDx CXR-2 to -4), their repository COVID-Net at GitHub the lists. It is not fetched: get it "
        f"there and say where it is, as in --data covidx:/path/to/covidx-cxr; {NEEDS}. For the three classes of the "
        "papers, put the lists A under these names (train_COVIDx9A.txt as train.txt, test_COVIDx9A.txt as test.txt); "
        f"lists of two classes, {TWO[0]} and {TWO[1]}, are read as well. Here {MADE}"
    ),
    licence="as that of each collection in it; the makers ask for research use",
    checksum="",
    counts={"classes": len(CLASSES)},
    split=(
        "as published, by patient: test.txt is the global test set, val.txt, where there is one, is dealt out as the "
        "clients' own tests, train.txt is trained on. The natural clients are the collections that pictures come from"
    ),
    modalities={"image": TOLD},
    classes=CLASSES,
    traps=(
        "most collections have pictures of one class alone, so that borders, letters and contrast tell the class: an "
        "accuracy here is none in a hospital",
        "rsna in it is the RSNA Pneumonia Detection Challenge: do not train on one and test on the other",
        "versions differ in size and balance; say which lists were used",
        "a row in training whose patient is tested as well is left out, and so is one of the clients' tests whose "
        "patient is in the global test: the counts say how many. Patients of different collections are taken for "
        "different people",
        f"the papers take 224 pixels a side; here they have {SIZE}",
        "written to the published lists (COVIDx 9A and CXR-3A were looked at); nothing was verified on the pictures",
    ),
)


@dataclass(frozen=True)
class Line:
    """A line of a list.

    Attributes:
        patient: an id, within the collection.
        file: the picture.
        label: the class, as it is written.
        source: the collection.
        side: on which it was published.
    """

    patient: str
    file: Path
    label: str
    source: str
    side: Side


def lines(folder: Path) -> list[Line]:
    """The lines of all lists.

    Raises:
        UserError: a list is missing, or a line is wrong.
    """
    found: list[Line] = []
    for name, (pictures, side) in LISTS.items():
        path = folder / name
        if side == Side.CLIENT_TEST and not path.exists():
            continue
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read ({getattr(error, 'strerror', error)}): {NEEDS}.") from error
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                found.append(_line(folder / pictures, line.split(), side, f"{path}, line {number}"))
                if (found[0].label in TWO) != (found[-1].label in TWO):
                    raise UserError(
                        f"{path}, line {number}: the class is {found[-1].label!r}, but there are classes like "
                        f"{found[0].label!r} above: take lists of one version."
                    )
    if not any(line.side == Side.TRAIN for line in found):
        raise UserError(f"{folder / 'train.txt'} has no pictures: {NEEDS}.")
    return found


def _line(pictures: Path, fields: list[str], side: Side, where: str) -> Line:
    """Names of files may have spaces; the collection is not told in old lists."""
    known = (*CLASSES, *TWO)
    behind = 2 if len(fields) > 3 and fields[-2] in known else 1
    if len(fields) < 2 + behind or fields[-behind] not in known:
        raise UserError(
            f"{where}: not a patient, a file, a class ({', '.join(CLASSES)}; or {', '.join(TWO)}) and a collection."
        )
    name = " ".join(fields[1:-behind])
    if "/" in name or "\\" in name or name.startswith("."):
        raise UserError(f"{where}: {name!r} is no name of a picture.")
    if not (pictures / name).is_file():
        raise UserError(f"{where}: there is no picture {pictures / name}.")
    source = fields[-1] if behind == 2 else UNTOLD
    return Line(fields[0], pictures / name, fields[-behind], source, side)


def read(folder: Path) -> Dataset:
    """Read a folder of COVIDx.

    Raises:
        UserError: something in it is missing or damaged.
    """
    published = lines(folder)
    classes = TWO if published[0].label in TWO else CLASSES
    unit = [f"{line.source} {line.patient}" for line in published]
    kept = apart(unit, [line.side for line in published])
    rows = [line for line, keep in zip(published, kept, strict=True) if keep]
    return gathered(
        replace(CARD, classes=classes),
        Rows(
            classes,
            [classes.index(line.label) for line in rows],
            [one for one, keep in zip(unit, kept, strict=True) if keep],
            [line.source for line in rows],
            [line.side for line in rows],
        ),
        {"image": (IMAGE, torch.uint8, lambda row: radiograph(rows[row].file, SIZE))},
        {"rows left out, whose patient is tested as well": len(published) - len(rows)},
    )


SOURCE = Official(CARD, 1, NEEDS, (*LISTS, *(pictures for pictures, _ in LISTS.values())), read)
