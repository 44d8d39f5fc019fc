"""The twin of the RSNA Pneumonia Detection Challenge: an opacity, something else, or nothing."""

from collections.abc import Mapping
from pathlib import Path

from counterpoint.data.sources.official.rsna import CLASSES, DETAILS, KINDS, LABELS, PICTURES, SOURCE
from counterpoint.data.twins.dicom import write_dicom
from counterpoint.data.twins.factors import Factors, Strength, drawn
from counterpoint.data.twins.radiograph import LOOKS, SIZE, Sign, radiograph
from counterpoint.data.twins.twin import twin
from counterpoint.randomness import fold_key

PATIENTS = 400
NORMAL, OTHER, OPACITY = KINDS
TURN = (NORMAL, OPACITY, OTHER, NORMAL, OTHER, OPACITY, OTHER, NORMAL, OPACITY, OTHER)
"""The detailed classes, in turn."""
OPACITIES = ("lung opacity", "consolidation", "pneumonia")
OTHERS = ("cardiomegaly", "pleural effusion", "support devices", "atelectasis")
STRENGTH = {"image": Strength(clear=0.95, contrast=0.8)}


def names() -> list[str]:
    """The patientIds."""
    first = [fold_key(0, "rsna-twin", number) % 16**8 for number in range(PATIENTS)]
    return [f"{start:08x}-14fd-42e4-ae82-{number:012x}" for number, start in enumerate(first)]


def kinds() -> list[str]:
    """The detailed class of each of `names()`."""
    return [TURN[number % len(TURN)] for number in range(PATIENTS)]


def factors(seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> Factors:
    """What is behind each of `names()`; the shared factor is the extent of what is found."""
    return drawn([KINDS[kind] for kind in kinds()], range(PATIENTS), strength, len(CLASSES), "rsna-twin", seed)


def signs(number: int, shown: int, kind: str, extent: float) -> list[Sign]:
    """What a picture shows: an opacity where `shown` is 1; else what its detailed class lets expect, or nothing."""
    left = number % 4 < 2
    if shown == KINDS[OPACITY]:
        return [Sign(OPACITIES[number % len(OPACITIES)], left, extent)]
    return [Sign(OTHERS[number // 2 % len(OTHERS)], left, extent)] if kind == OTHER else []


def write(folder: Path, seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> None:
    """Write the files of the twin.

    As published: pictures are JPEG within DICOM; a line a box, so that a patientId with two boxes comes twice in both
    lists; cells of the box are empty where there is none.

    Args:
        folder: exists, and is empty.
        seed: of everything that is drawn.
        strength: of `image`.
    """
    behind = factors(seed, strength)
    labels, details = ["patientId,x,y,width,height,Target"], ["patientId,class"]
    (folder / PICTURES).mkdir()
    for number, (name, kind) in enumerate(zip(names(), kinds(), strict=True)):
        shown, person = int(behind.shown["image"][number]), float(behind.private["image"][number])
        seen = signs(number, shown, kind, float(behind.shared[number]))
        pixels = radiograph(seen, strength["image"].contrast, person, fold_key(seed, "rsna-twin", name))
        write_dicom(folder / PICTURES / f"{name}.dcm", pixels)
        for _ in range(2 if kind == OPACITY and number % 4 == 1 else 1):
            labels.append(f"{name},{_box(signs(number, 1, kind, 0.5)[0]) + ',1' if kind == OPACITY else ',,,,0'}")
            details.append(f"{name},{kind}")
    for file, lines in ((LABELS, labels), (DETAILS, details)):
        (folder / file).write_text("\n".join([*lines, ""]))


def _box(sign: Sign) -> str:
    """Left, top, width and height of a sign, pixels."""
    look, (height, width) = LOOKS[sign.finding], SIZE
    left = width / 2 + height / 2 * ((1 if sign.left else -1) * look.x - look.wide)
    top = height / 2 * (1 + look.y - look.high)
    return f"{left:.1f},{top:.1f},{height * look.wide:.1f},{height * look.high:.1f}"


TWIN = twin(
    SOURCE,
    write,
    f"{PATIENTS} pictures, of ten three normal, four with something else, three with pneumonia, which is an opacity of "
    f"one of three kinds (there in {STRENGTH['image'].clear:.0%} of the pictures as the label says). How large it is, "
    "and on which side, says nothing",
    {
        "rows": 400,
        "train rows": 340,
        "client test rows": 0,
        "global test rows": 60,
        "natural units": 400,
        "natural clients": 1,
        "classes": 2,
        "rows of class Normal": 120,
        "rows of class No Lung Opacity / Not Normal": 160,
        "rows of class Lung Opacity": 120,
    },
    "by patientId: 15 % of each of the three detailed classes are the global test set; each client's test is drawn out "
    "of its own rows. There are no natural clients",
    version=1,
)
