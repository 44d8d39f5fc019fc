"""The twin of COVIDx: nothing, an opacity on one side, or a haze on both."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from counterpoint.data.sources.official.covidx import CLASSES, LISTS, SOURCE
from counterpoint.data.twins.factors import Factors, Strength, drawn
from counterpoint.data.twins.radiograph import Sign, radiograph, write_radiograph
from counterpoint.data.twins.twin import twin
from counterpoint.randomness import fold_key

SOURCES = {"cohen": (0, 2, 3), "actmed": (0, 0, 2), "rsna": (4, 3, 0), "ricord": (0, 0, 3), "sirm": (1, 1, 1)}
"""By collection how many of each class there are among so many as their sum."""
EACH = {"train.txt": 20, "test.txt": 5}
"""How often each collection's share comes in each list."""
STRENGTH = {"image": Strength(clear=0.95, contrast=0.7)}


@dataclass(frozen=True)
class Picture:
    """What is known of a picture before anything is drawn.

    Attributes:
        list: which names it.
        source: its collection.
        label: its class.
        number: from 0 on.
    """

    list: str
    source: str
    label: int
    number: int


def pictures() -> list[Picture]:
    """All pictures, those of each list together."""
    found: list[Picture] = []
    for name, times in EACH.items():
        for source, shares in SOURCES.items():
            for label, share in enumerate(shares):
                found += [Picture(name, source, label, len(found) + place) for place in range(times * share)]
    return found


def factors(seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> Factors:
    """What is behind each of `pictures()`; the shared factor is the extent of what is found."""
    every = pictures()
    owner = [list(SOURCES).index(picture.source) for picture in every]
    return drawn([picture.label for picture in every], owner, strength, len(CLASSES), "covidx-twin", seed)


def signs(number: int, shown: int, extent: float) -> list[Sign]:
    """What a picture shows that shows the class `shown`: pneumonia an opacity on one side, COVID-19 a haze on both."""
    if CLASSES[shown] == "normal":
        return []
    if CLASSES[shown] == "pneumonia":
        return [Sign(("pneumonia", "consolidation")[number % 2], number % 4 < 2, extent)]
    return [Sign("edema", True, extent), *(Sign("lung opacity", left, extent) for left in (False, True))]


def write(folder: Path, seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> None:
    """Write the files of the twin.

    As published: files of several formats; ids of patients that come in two collections; and a patient of the test who
    is listed in training too, with another picture.

    Args:
        folder: exists, and is empty.
        seed: of everything that is drawn.
        strength: of `image`.
    """
    behind = factors(seed, strength)
    lines: dict[str, list[str]] = {name: [] for name in LISTS if name in EACH}
    for pictures_folder, _ in (LISTS[name] for name in lines):
        (folder / pictures_folder).mkdir()
    for picture in pictures():
        shown = int(behind.shown["image"][picture.number])
        seen = signs(picture.number, shown, float(behind.shared[picture.number]))
        key = fold_key(seed, "covidx-twin", picture.number)
        values = radiograph(seen, strength["image"].contrast, float(behind.private["image"][picture.number]), key)
        name = f"{picture.source}-{picture.number:04d}.{'png' if picture.source == 'rsna' else 'jpg'}"
        write_radiograph(folder / LISTS[picture.list][0] / name, values)
        lines[picture.list].append(f"{picture.number // 2} {name} {CLASSES[picture.label]} {picture.source}")
        if picture.list == "test.txt" and not any("again" in line for line in lines["train.txt"]):
            write_radiograph(folder / "train" / "again.jpg", values)
            told = f"{CLASSES[picture.label]} {picture.source}"
            lines["train.txt"].append(f"{picture.number // 2} again.jpg {told}")
    for name, listed in lines.items():
        (folder / name).write_text("\n".join([*listed, ""]))


TWIN = twin(
    SOURCE,
    write,
    "Pictures of five collections, each with its own balance of classes. Pneumonia is an opacity on one side, COVID-19 "
    f"a haze on both (there in {STRENGTH['image'].clear:.0%} of the pictures as the label says); how large it is says "
    "nothing, and each collection has its own breadth and darkness",
    {
        "rows": 500,
        "train rows": 400,
        "client test rows": 0,
        "global test rows": 100,
        "natural units": 253,
        "natural clients": 5,
        "classes": 3,
        "rows left out, whose patient is tested as well": 1,
    },
    "by patient, as the lists say: test.txt is the global test set; each client's test is drawn out of its own rows. "
    "The natural clients are the five collections",
    version=1,
)
