"""AVE: events in videos that are both heard and seen."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from counterpoint.data.card import Card
from counterpoint.data.modality import Modality
from counterpoint.data.population import Dataset, Side
from counterpoint.data.sources.official.clips import frame_files, recording, stacked_frames
from counterpoint.data.sources.official.decode import video_frames, video_sound
from counterpoint.data.sources.official.gather import Rows, apart, gathered
from counterpoint.data.sources.official.official import Official
from counterpoint.errors import UserError

RATE = 16000
SECONDS = 10.0
SAMPLES = round(RATE * SECONDS)
FRAMES = 4
SIZE = 64
CLASSES = (
    "Church bell",
    "Male speech, man speaking",
    "Bark",
    "Fixed-wing aircraft, airplane",
    "Race car, auto racing",
    "Female speech, woman speaking",
    "Helicopter",
    "Violin, fiddle",
    "Flute",
    "Ukulele",
    "Frying (food)",
    "Truck",
    "Shofar",
    "Motorcycle",
    "Acoustic guitar",
    "Train horn",
    "Clock",
    "Banjo",
    "Goat",
    "Baby cry, infant cry",
    "Bus",
    "Chainsaw",
    "Cat",
    "Horse",
    "Toilet flush",
    "Rodents, rats, mice",
    "Accordion",
    "Mandolin",
)
VIDEO, SOUND, PICTURES = "AVE", "Audios", "Image-01-FPS"
LISTS = {"trainSet.txt": Side.TRAIN, "valSet.txt": Side.CLIENT_TEST, "testSet.txt": Side.GLOBAL_TEST}
HEADER = "Category&VideoID&Quality&StartTime&EndTime"

NEEDS = (
    f"the folder of AVE holds {', '.join(LISTS)} (lines {HEADER}) and {VIDEO} (a video an id, RUhOCu3LNXM.mp4, ..., "
    f"which ffmpeg decodes), or in its place {SOUND} (RUhOCu3LNXM.wav, ...) and {PICTURES} (RUhOCu3LNXM/00000.jpg, "
    "...: a frame a second)"
)
INSTEAD = f"put what others extracted into {SOUND} and {PICTURES}"

CARD = Card(
    name="ave",
    title="Events in videos that are both heard and seen, of 28 kinds",
    origin=(
        "chosen from AudioSet's videos by the makers of AVE (Tian et al., Audio-Visual Event Localization in "
        "Unconstrained Videos, 2018), who give it away in their repository AVE-ECCV18 at GitHub. It is not fetched: "
        f"get it there and say where it is, as in --data ave:/path/to/AVE_Dataset; {NEEDS}. Here the stretch from "
        f"start to end of the event is used: its sound made one channel at {RATE} Hz, repeated or cut to {SECONDS:g} s "
        f"and clipped at full scale; of its frames, a second apart, the first {FRAMES}, put on white in a square, the "
        "later ones behind the earlier as further channels (where there are fewer, the last is repeated)"
    ),
    licence="not stated",
    checksum="",
    counts={"rows": 4143, "natural clients": 1, "classes": 28},
    split=(
        "as published, by video: testSet.txt is the global test set, valSet.txt is dealt out as the clients' own "
        "tests, trainSet.txt is trained on. There are no natural clients"
    ),
    modalities={
        "audio": f"audio, {SAMPLES}, {SECONDS:g} s at {RATE} Hz",
        "video": f"image, {3 * FRAMES} x {SIZE} x {SIZE}, RGB of {FRAMES} frames",
    },
    classes=CLASSES,
    traps=(
        "the videos belong to those who uploaded them to YouTube",
        "45 of the 4,097 videos have several events, each a row; a row in training whose video is tested as well is "
        "left out, and so is one of the clients' tests whose video is in the global test: the counts say how many",
        "one event ends where it begins: of it the whole video is used",
        f"the papers take frames of 224 pixels a side; here they have {SIZE}. All rows need about 9 GB of memory",
        "frames and sound that others cut to the events beforehand (Image-01-FPS-SE, say) are not read: they would be "
        "cut twice",
        "verified on the published Annotations.txt (4,143 rows, 4,097 videos, 28 classes), not on the videos, nor on "
        "all lists: the number of rows above is before any is left out",
    ),
)


@dataclass(frozen=True)
class Event:
    """A line of a list.

    Attributes:
        category: one of CLASSES.
        video: its id.
        start: second at which the event begins,
        end: and ends; None where the whole video counts.
        side: on which it was published.
    """

    category: str
    video: str
    start: float
    end: float | None
    side: Side


def events(folder: Path) -> list[Event]:
    """The lines of all lists.

    Raises:
        UserError: a list is missing, or a line is wrong.
    """
    found = []
    for name, side in LISTS.items():
        path = folder / name
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read ({getattr(error, 'strerror', error)}): {NEEDS}.") from error
        for number, line in enumerate(lines, 1):
            if line.strip() and line.strip() != HEADER:
                found.append(_event(line.strip(), side, f"{path}, line {number}"))
    if not any(event.side == Side.TRAIN for event in found):
        raise UserError(f"{folder / 'trainSet.txt'} has no events: {NEEDS}.")
    return found


def _event(line: str, side: Side, where: str) -> Event:
    fields = [field.strip() for field in line.split("&")]
    if len(fields) != 5:
        raise UserError(f"{where}: not the five fields {HEADER}.")
    category, video, _, first, last = fields
    if category not in CLASSES:
        raise UserError(f"{where}: {category!r} is none of the 28 categories of AVE.")
    if not video or "/" in video or video.startswith("."):
        raise UserError(f"{where}: {video!r} is no id of a video.")
    try:
        start, end = float(first), float(last)
    except ValueError as error:
        raise UserError(f"{where}: the times {first!r} and {last!r} are not seconds.") from error
    if not 0 <= start <= end <= 60:
        raise UserError(f"{where}: an event from second {start:g} to {end:g} cannot be.")
    return Event(category, video, start, end, side) if start < end else Event(category, video, 0.0, None, side)


def _files(folder: Path, event: Event, part: str, ending: str) -> tuple[Path, bool]:
    """What to read of an event, and whether it has still to be decoded."""
    extracted, video = folder / part / f"{event.video}{ending}", folder / VIDEO / f"{event.video}.mp4"
    if extracted.exists():
        return extracted, False
    if video.is_file():
        return video, True
    raise UserError(f"{folder} has neither {part}/{extracted.name} nor {VIDEO}/{video.name}: {NEEDS}.")


def _hear(folder: Path, event: Event) -> Callable[[], Tensor | None]:
    file, decode = _files(folder, event, SOUND, ".wav")
    if decode:
        return lambda: video_sound(file, RATE, SECONDS, event.start, event.end, INSTEAD)
    return lambda: recording(file, RATE, SECONDS, event.start, event.end)


def _see(folder: Path, event: Event) -> Callable[[], Tensor | None]:
    file, decode = _files(folder, event, PICTURES, "")
    if decode:
        lasting = FRAMES if event.end is None else max(1, round(event.end - event.start))
        return lambda: _repeated(video_frames(file, min(FRAMES, lasting), SIZE, event.start, INSTEAD))

    def see() -> Tensor | None:
        frames = frame_files(file)
        last = len(frames) if event.end is None else round(event.end)
        return stacked_frames(frames[round(event.start) : last] or frames[-1:], FRAMES, SIZE)

    return see


def _repeated(frames: Tensor | None) -> Tensor | None:
    """As many channels as FRAMES have, the last frame again where there are fewer."""
    if frames is None:
        return None
    return torch.cat([frames, frames[-3:].repeat(FRAMES - len(frames) // 3, 1, 1)])


def read(folder: Path) -> Dataset:
    """Read a folder of AVE.

    Raises:
        UserError: something in it is missing or damaged.
    """
    published = events(folder)
    kept = apart([event.video for event in published], [event.side for event in published])
    rows = [event for event, keep in zip(published, kept, strict=True) if keep]
    heard = [_hear(folder, event) for event in rows]
    seen = [_see(folder, event) for event in rows]
    return gathered(
        CARD,
        Rows(
            CLASSES,
            [CLASSES.index(event.category) for event in rows],
            [event.video for event in rows],
            ["everyone"] * len(rows),
            [event.side for event in rows],
        ),
        {
            "audio": (Modality("audio", "audio", (SAMPLES,), rate=RATE), torch.int16, lambda row: heard[row]()),
            "video": (
                Modality("video", "image", (3 * FRAMES, SIZE, SIZE), f"RGB of {FRAMES} frames"),
                torch.uint8,
                lambda row: seen[row](),
            ),
        },
        {"rows left out, whose video is tested as well": len(published) - len(rows)},
    )


SOURCE = Official(CARD, 1, NEEDS, (VIDEO, SOUND, PICTURES, *LISTS), read)
