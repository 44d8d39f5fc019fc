"""The twin of CREMA-D: easy to hear, hard to see."""

from collections.abc import Mapping
from pathlib import Path

import torch

from counterpoint.data.sources.official.crema_d import EMOTIONS, PICTURES, SOUND, SOURCE
from counterpoint.data.twins import draw
from counterpoint.data.twins.factors import Factors, Strength, drawn
from counterpoint.data.twins.twin import twin
from counterpoint.randomness import fold_key, generator

ACTORS = 12
SENTENCES = ("DFA", "IEO", "ITH", "TAI")
RATE = 16000
SHORTEST, LONGEST = 0.8, 1.4
"""Seconds of a recording."""
FPS = 29
"""Frames a second that the film would have: a frame's file is called by its number in it."""
SIZE = (72, 96)
STRENGTH = {"audio": Strength(clear=0.95, contrast=0.6), "video": Strength(clear=0.7, contrast=0.4)}


def names() -> list[str]:
    """The clips: every actor says every sentence in every emotion; one sentence tells how strongly, as published."""
    levels = {"IEO": "MD"}
    return [
        f"{1001 + actor}_{sentence}_{emotion}_{'XX' if emotion == 'NEU' else levels.get(sentence, 'XX')}"
        for actor in range(ACTORS)
        for sentence in SENTENCES
        for emotion in EMOTIONS
    ]


def factors(seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> Factors:
    """What is behind each of `names()`."""
    parts = [name.split("_") for name in names()]
    label = [EMOTIONS.index(emotion) for _, _, emotion, _ in parts]
    return drawn(label, [int(actor) - 1001 for actor, *_ in parts], strength, len(EMOTIONS), "crema-d-twin", seed)


def write(folder: Path, seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> None:
    """Write the files of the twin.

    One recording is named with a single X at the end, as one of the published ones is, and one clip has no sample of
    sound in its file.

    Args:
        folder: exists, and is empty.
        seed: of everything that is drawn.
        strength: of `audio` and `video`.
    """
    behind = factors(seed, strength)
    (folder / SOUND).mkdir()
    lasting = torch.rand(len(names()), generator=generator(seed, "crema-d-twin", "lasting"))
    for row, name in enumerate(names()):
        key = fold_key(seed, "crema-d-twin", name)
        samples = round(RATE * (SHORTEST + (LONGEST - SHORTEST) * float(lasting[row])))
        hum = draw.sound(*_told(behind, "audio", row), strength["audio"], samples, RATE, key)
        called = name[:-1] if name == "1001_ITH_SAD_XX" else name
        silent = name == "1002_TAI_SAD_XX"
        draw.write_sound(folder / SOUND / f"{called}.wav", hum[:0] if silent else hum, RATE)
        frames = folder / PICTURES / name
        frames.mkdir(parents=True)
        for step in range(1 + (samples > RATE)):
            image = draw.frame(*_told(behind, "video", row), strength["video"], SIZE, key, step)
            draw.write_picture(frames / f"{step * FPS:05d}.jpg", image)
    people = [
        f'{1001 + actor},{20 + 3 * actor},"{("Male", "Female")[actor % 2]}","Unknown","Unknown"'
        for actor in range(ACTORS)
    ]
    head = '"ActorID","Age","Sex","Race","Ethnicity"'
    (folder / "VideoDemographics.csv").write_text("\n".join([head, *people, ""]))


def _told(behind: Factors, modality: str, row: int) -> tuple[int, int, float, float]:
    shown, private = behind.shown[modality][row], behind.private[modality][row]
    return int(shown), len(EMOTIONS), float(private), float(behind.shared[row])


TWIN = twin(
    SOURCE,
    write,
    f"{ACTORS} actors say {len(SENTENCES)} sentences in six emotions. A sound shows the emotion by the height of a "
    f"tone (the right one in {STRENGTH['audio'].clear:.0%} of the clips, clearly), the frames by the place of a blot "
    f"(in {STRENGTH['video'].clear:.0%}, faintly). Loudness and brightness go together and say nothing; each actor has "
    "a pitch and a hue. There are no films, so frames are not decoded",
    {
        "rows": 288,
        "train rows": 240,
        "client test rows": 0,
        "global test rows": 48,
        "natural units": 288,
        "natural clients": 12,
        "classes": 6,
        "rows without audio": 1,
    },
    "by actor: two of twelve are the global test set; each client's test is drawn out of its own clips. The natural "
    "clients are the actors",
    version=1,
)
