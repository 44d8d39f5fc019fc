"""The twin of AVE: easy to hear, hard to see."""

from collections.abc import Mapping
from pathlib import Path

import torch

from counterpoint.data.sources.official.ave import CLASSES, HEADER, LISTS, PICTURES, SOUND, SOURCE
from counterpoint.data.twins import draw
from counterpoint.data.twins.factors import Factors, Strength, drawn
from counterpoint.data.twins.twin import twin
from counterpoint.randomness import fold_key

EACH = {"trainSet.txt": 4, "valSet.txt": 1, "testSet.txt": 1}
"""Videos of a class in each list."""
RATE = 4000
SECONDS = 10
FPS = 29
SIZE = (72, 96)
TIMES = ((0, 10), (0, 10), (2, 8), (5, 10), (0, 3), (6, 8))
"""Seconds from which and to which an event lasts, in turn."""
STRENGTH = {"audio": Strength(clear=0.95, contrast=0.6), "video": Strength(clear=0.6, contrast=0.5)}
NOTHING = Strength(clear=0.0, contrast=0.0)


def videos() -> list[tuple[str, str, int, int, int]]:
    """List, id, label, first and last second of each video; one event ends where it begins, as some do."""
    found: list[tuple[str, str, int, int, int]] = []
    for name, each in EACH.items():
        for label in range(len(CLASSES)):
            for _ in range(each):
                row = len(found)
                start, end = (0, 0) if row == 7 else TIMES[row % len(TIMES)]
                found.append((name, f"{'-' if row % 5 == 0 else '_'}twin{row:06d}", label, start, end))
    return found


def factors(seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> Factors:
    """What is behind each of `videos()`; each has its own pitch and hue."""
    label = [label for _, _, label, _, _ in videos()]
    return drawn(label, range(len(label)), strength, len(CLASSES), "ave-twin", seed)


def write(folder: Path, seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> None:
    """Write the files of the twin.

    Tone and blot are there from start to end of the event alone. As happens, a video of the test is listed in training
    too, with another event.

    Args:
        folder: exists, and is empty.
        seed: of everything that is drawn.
        strength: of `audio` and `video`.
    """
    behind = factors(seed, strength)
    lines: dict[str, list[str]] = {name: [] for name in EACH}
    (folder / SOUND).mkdir()
    for row, (name, video, label, start, end) in enumerate(videos()):
        key = fold_key(seed, "ave-twin", video)
        lasts = range(start, end) if start < end else range(SECONDS)
        told = [(int(behind.shown[m][row]), len(CLASSES), float(behind.private[m][row])) for m in ("audio", "video")]
        shared = float(behind.shared[row])
        event, other = (
            draw.sound(*told[0], shared, how, RATE * SECONDS, RATE, key) for how in (strength["audio"], NOTHING)
        )
        heard = torch.zeros(RATE * SECONDS, dtype=torch.bool)
        heard[lasts.start * RATE : lasts.stop * RATE] = True
        draw.write_sound(folder / SOUND / f"{video}.wav", torch.where(heard, event, other), RATE)
        frames = folder / PICTURES / video
        frames.mkdir(parents=True)
        for second in range(SECONDS):
            how = strength["video"] if second in lasts else NOTHING
            image = draw.frame(*told[1], shared, how, SIZE, key, second)
            draw.write_picture(frames / f"{second * FPS:05d}.jpg", image)
        lines[name].append(f"{CLASSES[label]}&{video}&good&{start}&{end}")
    twice = next(video for name, video, *_ in videos() if name == "testSet.txt")
    lines["trainSet.txt"].append(f"{CLASSES[1]}&{twice}&good&0&10")
    for name in LISTS:
        (folder / name).write_text("\n".join([*lines[name], ""]))
    (folder / "Annotations.txt").write_text(
        "\n".join([HEADER, *(line for all_ in lines.values() for line in all_), ""])
    )


TWIN = twin(
    SOURCE,
    write,
    f"{sum(EACH.values())} videos of each of the 28 classes. A sound shows the class by the height of a tone (the "
    f"right one in {STRENGTH['audio'].clear:.0%} of the videos, clearly), the frames by the place of a blot (in "
    f"{STRENGTH['video'].clear:.0%}, faintly). Loudness and brightness go together and say nothing; each video has a "
    "pitch and a hue. There are no films, so nothing is decoded",
    {
        "rows": 168,
        "train rows": 112,
        "client test rows": 28,
        "global test rows": 28,
        "natural units": 168,
        "natural clients": 1,
        "classes": 28,
        "rows left out, whose video is tested as well": 1,
    },
    "by video, as the lists say: testSet.txt is the global test set, valSet.txt is dealt out as the clients' own "
    "tests. There are no natural clients",
    version=1,
)
