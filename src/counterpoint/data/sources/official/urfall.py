"""UR Fall: people fall, or do what they do every day, before a depth camera and with an accelerometer."""

import os
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import avg_pool2d

from counterpoint.data.card import Card
from counterpoint.data.images import picture
from counterpoint.data.modality import Modality
from counterpoint.data.population import Dataset, Side
from counterpoint.data.progress import each
from counterpoint.data.sources.official import windows
from counterpoint.data.sources.official.official import Official
from counterpoint.data.sources.split import held_out
from counterpoint.errors import UserError

RATE = 30.0
WINDOW = 24
HOP = 12
SHARE = 0.1
CODES = {"not lying": -1, "falling": 0, "lying": 1}
"""By class its code in the tables."""
CLASSES = tuple(CODES)
TABLES = {"urfall-cam0-falls.csv": "fall", "urfall-cam0-adls.csv": "adl"}
FEATURES = 8
COLUMNS = 3 + FEATURES
SIZE, TILE = 64, 8
BAR = SIZE // 8
"""Rows of white above and below a frame of 4 to 3 in a square."""
TILES = (SIZE - 2 * BAR) // TILE * (SIZE // TILE)
CHANNELS = {"acce": 3, "depth": FEATURES, "rgb": 3 * TILES}

NEEDS = (
    f"the folder of UR Fall holds {' and '.join(TABLES)} (lines of {COLUMNS}: sequence, frame, label, {FEATURES} "
    "features), and for each sequence in them fall-01-acc.csv (milliseconds, total, and three axes), fall-01-data.csv "
    "(frame, milliseconds, total) and, unpacked, the frames fall-01-cam0-rgb/fall-01-cam0-rgb-001.png, ..."
)

CARD = Card(
    name="urfall",
    title="Falls and everyday acts: an accelerometer, shape out of depth pictures, and coarse colours",
    origin=(
        "recorded by the makers of the UR Fall Detection Dataset (Kwolek and Kepski 2014), 30 falls and 40 acts of "
        "everyday life, who give it away on pages of the University of Rzeszow. It is not fetched: get it there and "
        f"say where it is, as in --data urfall:/path/to/urfall; {NEEDS}. Here the frames that the tables list of a "
        f"sequence are cut into windows of {WINDOW}, one every {HOP}; a window's label is that of most of its frames "
        "(of several the first in the list of classes). acce is the acceleration nearest in time to a frame, depth "
        "the features of the tables; each channel of both is standardised for each sequence. rgb are a frame's colours "
        f"in {TILES} tiles, from 0 to 1"
    ),
    licence="Creative Commons Attribution-NonCommercial-ShareAlike 4.0",
    checksum="",
    counts={"natural clients": 1, "classes": len(CLASSES)},
    split=(
        "by sequence: a tenth of the falls and of the everyday acts (3 and 4) are the global test set, fixed by a "
        "hash, whatever the seed of a run. There are no natural clients: who was recorded is not told. Each client's "
        "test is drawn of its own sequences"
    ),
    modalities={
        "acce": f"sequence, {CHANNELS['acce']} x {WINDOW}, standardised for each sequence",
        "depth": f"sequence, {CHANNELS['depth']} x {WINDOW}, standardised for each sequence",
        "rgb": f"sequence, {CHANNELS['rgb']} x {WINDOW}, colours of {TILES} tiles",
    },
    classes=CLASSES,
    traps=(
        "papers take features of a large network that was trained on other pictures in place of rgb's coarse colours: "
        "results on rgb are not comparable with theirs",
        "windows overlap by half, so a random split of windows leaks training data into the test",
        "few people and few rooms were recorded, and they are on both sides of the split; the colours of a room may "
        "tell falls from everyday acts",
        "few windows are of class falling: look at more than accuracy",
        "frames in which nobody was seen are not in the tables: a window may span them",
        "sequences are standardised over all their frames, which needs a whole sequence, though no label",
        "a sequence whose frames are not in the folder lacks rgb; the counts say how many rows",
        "written to the published description and the beginnings of the published tables; the number of rows was not "
        "verified on the published files",
    ),
)
MODALITIES = {
    name: Modality(name, "sequence", (channels, WINDOW), "RGB" if name == "rgb" else "standardised", rate=RATE)
    for name, channels in CHANNELS.items()
}


@dataclass(frozen=True)
class Listed:
    """What the tables tell of one sequence.

    Attributes:
        name: as in fall-01.
        kind: fall or adl.
        frame: number of each frame, ascending.
        label: by frame, index into CLASSES.
        depth: features by frame, [frames, FEATURES].
    """

    name: str
    kind: str
    frame: list[int]
    label: list[int]
    depth: list[list[float]]


def sequences(folder: Path) -> list[Listed]:
    """The sequences of both tables.

    Raises:
        UserError: a table is missing, or a line of it is wrong.
    """
    found: dict[str, Listed] = {}
    for name, kind in TABLES.items():
        path = folder / name
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}): {NEEDS}.") from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                _add(found, [cell.strip() for cell in line.split(",")], kind, f"{path}, line {number}")
    if not found:
        raise UserError(f"{' and '.join(TABLES)} in {folder} are empty: {NEEDS}.")
    return list(found.values())


def _add(found: dict[str, Listed], cells: list[str], kind: str, where: str) -> None:
    if len(cells) != COLUMNS:
        raise UserError(f"{where}: {len(cells)} columns, where there should be {COLUMNS}.")
    if not re.fullmatch(rf"{kind}-\d\d", cells[0]):
        raise UserError(f"{where}: {cells[0]!r} is not named as a sequence of this table is, as in {kind}-01.")
    try:
        frame, code, values = int(cells[1]), int(cells[2]), [float(cell) for cell in cells[3:]]
    except ValueError as error:
        raise UserError(f"{where}: {error}; all columns but the first are numbers.") from error
    if code not in CODES.values():
        raise UserError(f"{where}: {code} is no label; labels are {', '.join(map(str, CODES.values()))}.")
    if np.isinf(values).any():
        raise UserError(f"{where}: a feature is not finite.")
    listed = found.setdefault(cells[0], Listed(cells[0], kind, [], [], []))
    if listed.frame and frame <= listed.frame[-1]:
        raise UserError(f"{where}: frame {frame} of {cells[0]} comes after frame {listed.frame[-1]}.")
    listed.frame.append(frame)
    listed.label.append(list(CODES.values()).index(code))
    listed.depth.append(values)


def acceleration(folder: Path, listed: Listed) -> windows.Floats:
    """The acceleration nearest in time to each frame, of two equally near the earlier: [frames, 3], in g.

    Raises:
        UserError: a file is missing or damaged, or does not tell when a frame was taken.
    """
    moments, axes = (folder / f"{listed.name}-{what}.csv" for what in ("data", "acc"))
    taken, measured = windows.table(moments, 3, NEEDS, ","), windows.table(axes, 5, NEEDS, ",")
    for file, known in ((moments, taken[:, :2]), (axes, measured[:, :1])):
        if np.isnan(known).any():
            raise UserError(f"{file}, line {np.isnan(known).any(axis=1).argmax() + 1}: frame or time is NaN.")
    when = {int(frame): time for frame, time, _ in taken.tolist()}
    if lacking := [frame for frame in listed.frame if frame not in when]:
        raise UserError(f"{moments} does not tell when frame {lacking[0]} was taken, which the tables list.")
    times = np.array([when[frame] for frame in listed.frame])
    return measured[np.abs(times[:, None] - measured[None, :, 0]).argmin(axis=1), 2:]


def colours(file: Path) -> NDArray[np.float32]:
    """A frame's mean colours in tiles, red ones first, from the top left: float32 [3 TILES], from 0 to 1.

    Raises:
        UserError: it is no picture that can be read, or not of 4 to 3 as the frames of UR Fall are.
    """
    square = picture(file, SIZE)
    if bool((square[:, [*range(BAR - 1), *range(1 - BAR, 0)]] < 255).any()):
        raise UserError(f"{file} is not four wide to three high, as the frames of UR Fall are.")
    tiles = avg_pool2d(square[:, BAR:-BAR].float() / 255, TILE)
    return np.asarray(tiles.flatten().numpy(), dtype=np.float32)


def _film(folder: Path, listed: Listed, pool: ThreadPoolExecutor) -> NDArray[np.float32] | None:
    """Colours of the frames of a sequence, [frames, 3 TILES]; None where its folder is not there."""
    frames = folder / f"{listed.name}-cam0-rgb"
    if not frames.is_dir():
        return None
    files = [frames / f"{frames.name}-{number:03d}.png" for number in listed.frame]
    if lacking := [file for file in files if not file.is_file()]:
        raise UserError(f"there is no {lacking[0]}, which the tables list: {NEEDS}.")
    return np.stack(list(pool.map(colours, files)))


def read(folder: Path) -> Dataset:
    """Read a folder of UR Fall.

    Raises:
        UserError: something in it is missing or damaged.
    """
    there = sequences(folder)
    kind = torch.tensor([list(TABLES.values()).index(listed.kind) for listed in there])
    tested = held_out(torch.arange(len(there)), kind, SHARE, CARD.name).tolist()
    pieces = []
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for listed, test in zip(each(there, "reading sequences"), tested, strict=True):
            label = np.array(listed.label)
            begin = windows.starts(0, len(label), WINDOW, HOP)
            values = {
                "acce": windows.standardised(acceleration(folder, listed)),
                "depth": windows.standardised(np.array(listed.depth)),
                "rgb": _film(folder, listed, pool),
            }
            x = {name: windows.cut(found, begin, WINDOW) for name, found in values.items() if found is not None}
            told = windows.majority(label, begin, WINDOW)
            side = Side.GLOBAL_TEST if test else Side.TRAIN
            pieces.append(windows.Piece(x, told, [listed.name] * len(told), "everyone", side))
    return windows.assembled(CARD, CLASSES, MODALITIES, pieces, {})


SOURCE = Official(CARD, 1, NEEDS, (*TABLES, "."), read)
