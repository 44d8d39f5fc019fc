"""CREMA-D: actors say sentences in six emotions; voice and face."""

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from counterpoint.data.card import Card
from counterpoint.data.modality import Modality
from counterpoint.data.population import Dataset, Side
from counterpoint.data.sources.official.clips import frame_files, recording, stacked_frames
from counterpoint.data.sources.official.decode import video_frames
from counterpoint.data.sources.official.gather import Rows, gathered
from counterpoint.data.sources.official.official import Official
from counterpoint.data.sources.split import held_out
from counterpoint.errors import UserError

RATE = 16000
SECONDS = 3.0
SAMPLES = round(RATE * SECONDS)
FRAMES = 2
SIZE = 64
SHARE = 0.2
CLASSES = ("neutral", "happy", "sad", "fear", "disgust", "anger")
EMOTIONS = ("NEU", "HAP", "SAD", "FEA", "DIS", "ANG")
"""How the names of files say the classes."""

SOUND, VIDEO, PICTURES = "AudioWAV", "VideoFlash", "Image-01-FPS"
LISTS = {"train.csv": Side.TRAIN, "test.csv": Side.GLOBAL_TEST}
NAME = re.compile(rf"(\d{{4}})_[A-Z]{{3}}_({'|'.join(EMOTIONS)})_(?:LO|MD|HI|XX?)")
"""Actor, sentence, emotion, how strong. One name of the published set ends in a single X."""

NEEDS = (
    f"the folder of CREMA-D holds {SOUND} (1001_DFA_ANG_XX.wav, ...) and {PICTURES} (a folder of frames a clip, "
    f"1001_DFA_ANG_XX/00000.jpg, ...) or {VIDEO} (1001_DFA_ANG_XX.flv, ...), which ffmpeg then decodes"
)
BY_ACTOR = (
    "by actor: a fifth of the actors is the global test set, fixed by a hash, whatever the seed of a run; each "
    "client's test is drawn out of its own clips. This split is Counterpoint's"
)
BY_LIST = (
    "by clip, as train.csv and test.csv in the folder say: test.csv is the global test set; each client's test is "
    "drawn out of its own clips in train.csv"
)
BOTH_SIDES = "train.csv and test.csv split by clip: each actor is on both sides, with the same sentences"

CARD = Card(
    name="crema-d",
    title="Actors saying sentences in six emotions: voice and face",
    origin=(
        "recorded by the makers of CREMA-D (Crowd-sourced Emotional Multimodal Actors Dataset, Cao et al. 2014), who "
        "give it away in their repository CREMA-D at GitHub. It is not fetched: get it there and say where it is, as "
        f"in --data crema-d:/path/to/CREMA-D; {NEEDS}. Here recordings are made {RATE} Hz, repeated or cut to "
        f"{SECONDS:g} s and clipped at full scale; of the video the first {FRAMES} frames, a second apart, are put on "
        "white in a square, the later one behind the earlier as further channels (a clip with fewer repeats its last). "
        "The label is the emotion that the actor was asked for"
    ),
    licence="Open Database License (of the database), Database Contents License (of its contents)",
    checksum="",
    counts={"rows": 7442, "natural clients": 91, "classes": 6},
    split=f"{BY_ACTOR}. Where the folder holds train.csv and test.csv, it is split {BY_LIST}. The natural clients are "
    "the actors",
    modalities={
        "audio": f"audio, {SAMPLES}, {SECONDS:g} s at {RATE} Hz",
        "video": f"image, {3 * FRAMES} x {SIZE} x {SIZE}, RGB of {FRAMES} frames",
    },
    classes=CLASSES,
    traps=(
        "the field mostly splits by clip, with each actor on both sides: results by actor are lower, and are not "
        "comparable with those",
        f"the papers take frames of 224 pixels a side; here they have {SIZE}. All clips need about 5 GB of memory",
        "frames that ffmpeg decodes and frames extracted before differ by a fraction of a second",
        "known blemishes, kept as they are: 1076_MTI_SAD_XX is (nearly) silent, 1064_IEO_DIS_MD goes on for a minute, "
        "1040_ITH_SAD_XX is called 1040_ITH_SAD_X in places",
        "a clip whose recording or frames are not in the folder lacks that modality; the counts say how many",
        "what raters saw and heard is often another emotion than the actor meant; their votes are not read",
    ),
)


@dataclass
class Clip:
    """The files of a clip; None where there is none.

    Attributes:
        sound: its recording.
        frames: the folder of its frames.
        video: decoded where there is no folder of frames.
    """

    sound: Path | None = None
    frames: Path | None = None
    video: Path | None = None

    def hear(self) -> Tensor | None:
        """The recording, int16 [SAMPLES]."""
        return recording(self.sound, RATE, SECONDS) if self.sound else None

    def see(self) -> Tensor | None:
        """The frames, uint8 [3 FRAMES, SIZE, SIZE]."""
        if self.frames:
            return stacked_frames(frame_files(self.frames), FRAMES, SIZE)
        return video_frames(self.video, FRAMES, SIZE, instead=INSTEAD) if self.video else None


INSTEAD = f"put the frames that others extracted into {PICTURES}"


def clips(folder: Path) -> dict[str, Clip]:
    """The clips of a folder by name, sorted.

    Raises:
        UserError: there are no recordings or no frames, or a file is called as none of CREMA-D is.
    """
    for one, other in ((SOUND, SOUND), (PICTURES, VIDEO)):
        if not (folder / one).is_dir() and not (folder / other).is_dir():
            lacking = one if one == other else f"{one} nor {other}"
            raise UserError(f"{folder} has {'no' if one == other else 'neither'} {lacking}: {NEEDS}.")
    found: dict[str, Clip] = {}
    seen = PICTURES if (folder / PICTURES).is_dir() else VIDEO
    for part, ending in ((SOUND, ".wav"), (seen, ".flv" if seen == VIDEO else "")):
        for path in sorted((folder / part).iterdir()):
            if path.name.startswith(".") or (path.suffix.lower() != ending if ending else not path.is_dir()):
                continue
            name = path.name.removesuffix(path.suffix)
            if not NAME.fullmatch(name):
                raise UserError(f"{path} is named as no clip of CREMA-D is: names are like 1001_DFA_ANG_XX{ending}.")
            clip = found.setdefault(f"{name}X" if name.endswith("_X") else name, Clip())
            if part == SOUND:
                clip.sound = path
            elif part == PICTURES:
                clip.frames = path
            else:
                clip.video = path
    if not found:
        raise UserError(f"{folder} has no clips in {SOUND} and {seen}: {NEEDS}.")
    return dict(sorted(found.items()))


def lists(folder: Path, there: dict[str, Clip]) -> dict[str, Side]:
    """By clip the side on which train.csv and test.csv put it; nothing where the folder has neither.

    Raises:
        UserError: one of the two is missing, or a line of them is wrong.
    """
    having = [name for name in LISTS if (folder / name).is_file()]
    if len(having) == 1:
        other = next(name for name in LISTS if name not in having)
        raise UserError(
            f"{folder} has {having[0]} but no {other}: give both for their split, or none for one by actor."
        )
    side: dict[str, Side] = {}
    for file in having:
        path = folder / file
        try:
            rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise UserError(f"{path} cannot be read ({error}).") from error
        for line, row in enumerate(rows, 1):
            if not row:
                continue
            named, emotion = (row[0], row[1].strip()) if len(row) == 2 else ("", "")
            name = f"{named}X" if named.endswith("_X") else named
            told = NAME.fullmatch(name)
            if not told or told[2] != emotion:
                raise UserError(f"{path}, line {line}: not a clip and its emotion, as in 1001_DFA_ANG_XX,ANG.")
            if name in side:
                raise UserError(f"{path}, line {line}: the clip {name} is listed twice.")
            if name not in there:
                raise UserError(f"{path}, line {line}: the folder has neither sound nor frames of the clip {name}.")
            side[name] = LISTS[file]
    return side


def read(folder: Path) -> Dataset:
    """Read a folder of CREMA-D.

    Raises:
        UserError: something in it is missing or damaged.
    """
    there = clips(folder)
    listed = lists(folder, there)
    names = [name for name in there if name in listed] if listed else list(there)
    told = [NAME.fullmatch(name) for name in names]
    actor = [match[1] for match in told if match]
    if listed:
        side = [listed[name] for name in names]
    else:
        actors = sorted(set(actor))
        number = torch.tensor([actors.index(one) for one in actor])
        tested = held_out(number, torch.zeros_like(number), SHARE, CARD.name)
        side = [Side.GLOBAL_TEST if one else Side.TRAIN for one in tested.tolist()]
    split = BY_LIST if listed else BY_ACTOR
    card = replace(
        CARD,
        split=f"{split}. The natural clients are the actors",
        traps=(BOTH_SIDES, *CARD.traps[1:]) if listed else CARD.traps,
    )
    return gathered(
        card,
        Rows(
            CLASSES,
            [EMOTIONS.index(match[2]) for match in told if match],
            names,
            [f"actor {one}" for one in actor],
            side,
        ),
        {
            "audio": (
                Modality("audio", "audio", (SAMPLES,), rate=RATE),
                torch.int16,
                lambda row: there[names[row]].hear(),
            ),
            "video": (
                Modality("video", "image", (3 * FRAMES, SIZE, SIZE), f"RGB of {FRAMES} frames"),
                torch.uint8,
                lambda row: there[names[row]].see(),
            ),
        },
        {"clips that no list names": len(there) - len(names)},
    )


SOURCE = Official(CARD, 1, NEEDS, (SOUND, PICTURES, VIDEO, *LISTS), read)
