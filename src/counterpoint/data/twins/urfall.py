"""The twin of UR Fall: easy by shape, harder by acceleration, hard by colour."""

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from counterpoint.data.images import pillow
from counterpoint.data.sources.official.urfall import CLASSES, CODES, RATE, SOURCE, TABLES
from counterpoint.data.twins.factors import Factors, Strength, drawn
from counterpoint.data.twins.motion import motion
from counterpoint.data.twins.twin import twin
from counterpoint.randomness import fold_key, generator

FALLS, ACTS = 30, 40
LASTING = 36
"""Frames of a phase; someone who stands all the time does so for twice as many."""
FIRST, SEEN = 6, 17
"""Number of the first frame in which someone is seen in an everyday act; one after so many is left out."""
SIZE = (24, 32)
STRENGTH = {
    "acce": Strength(clear=0.85, contrast=0.8),
    "depth": Strength(clear=0.97, contrast=0.9),
    "rgb": Strength(clear=0.75, contrast=0.6),
}
SHAPES = (
    (3.0, 3.0, 0.5, 120.0, 1.0, 1850.0, 1050.0, 0.05),
    (1.6, 2.0, 0.42, 165.0, 0.75, 1350.0, 750.0, 0.12),
    (0.6, 1.6, 0.77, 240.0, 0.22, 400.0, 310.0, 0.98),
)
"""By class the features of someone in the depth picture."""


def phases() -> list[tuple[str, int, int]]:
    """Sequence, label and frames of each phase, in order of time."""
    falls = [(f"fall-{number:02d}", label, LASTING) for number in range(1, FALLS + 1) for label in range(len(CLASSES))]
    acts = []
    for number in range(1, ACTS + 1):
        name = f"adl-{number:02d}"
        acts += [(name, 0, 2 * LASTING)] if number % 2 else [(name, 0, LASTING), (name, 2, LASTING)]
    return falls + acts


def factors(seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> Factors:
    """What is behind each of `phases()`; each sequence has its own ways and hue."""
    names = list(dict.fromkeys(name for name, _, _ in phases()))
    owner = [names.index(name) for name, _, _ in phases()]
    return drawn([label for _, label, _ in phases()], owner, strength, len(CLASSES), "urfall-twin", seed)


def film(shown: int, private: float, shared: float, how: Strength, frames: int, key: int) -> Tensor:
    """Frames of a phase, uint8 [frames, height, width, 3]: a blot where the class is, on a ground of its own hue."""
    height, width = SIZE
    angle = 2 * math.pi * shown / len(CLASSES)
    sway = torch.randn(frames, 2, generator=generator(key, "sway"))[:, :, None, None]
    y = torch.arange(height)[:, None] - height / 2 + 0.3 * height * math.cos(angle) + sway[:, 0]
    x = torch.arange(width)[None, :] - width / 2 - 0.3 * height * math.sin(angle) + sway[:, 1]
    blot = how.contrast * torch.exp(-(x**2 + y**2) / (2 * (height / 7) ** 2))[..., None]
    colour = 0.3 + 0.2 * shared + 0.15 * torch.cos(2 * math.pi * (private + torch.arange(3) / 3))
    spots = torch.randn(height // 6, width // 8, generator=generator(key, "spots"))
    mottled = 0.15 * spots.repeat_interleave(6, 0).repeat_interleave(8, 1)[..., None]
    return ((colour + mottled + blot).clamp(0, 1) * 255).round().to(torch.uint8)


def write(folder: Path, seed: int = 0, strength: Mapping[str, Strength] = STRENGTH) -> None:
    """Write the files of the twin.

    As published: in everyday acts some frames are not listed, for nobody is seen in them, and the accelerometer
    measures at other times than the camera.

    Args:
        folder: exists, and is empty.
        seed: of everything that is drawn.
        strength: of `acce`, `depth` and `rgb`.
    """
    behind = factors(seed, strength)
    module = pillow()
    tables: dict[str, list[str]] = {kind: [] for kind in TABLES.values()}
    shown: dict[str, list[tuple[int, int, int]]] = {}
    for row, (name, label, frames) in enumerate(phases()):
        shown.setdefault(name, []).append((row, label, frames))
    for name, parts in shown.items():
        kind, seen = name.partition("-")[0], 0
        pictures = folder / f"{name}-cam0-rgb"
        pictures.mkdir()
        moments: list[tuple[int, list[float]]] = []
        for row, label, frames in parts:
            key = fold_key(seed, "urfall-twin", row)
            what = {
                m: (int(behind.shown[m][row]), float(behind.private[m][row]), float(behind.shared[row]))
                for m in strength
            }
            shape = _shapes(what["depth"], strength["depth"], frames, key)
            swing = motion(
                what["acce"][0], len(CLASSES), *what["acce"][1:], strength["acce"], (frames, 3), "urfall", key
            )
            looks = film(*what["rgb"], strength["rgb"], frames, key)
            for step in range(frames):
                number = 1 + seen if kind == "fall" else FIRST + seen + seen // SEEN
                told = ",".join(f"{value:.5g}" for value in shape[step].tolist())
                tables[kind].append(f"{name},{number},{CODES[CLASSES[label]]},{told}")
                file = pictures / f"{pictures.name}-{number:03d}.png"
                module.fromarray(looks[step].numpy()).save(file, compress_level=1)
                moments.append((number, (0.3 * swing[step] + torch.tensor([0.0, 0.9, 0.0])).tolist()))
                seen += 1
        _write_times(folder, name, moments)
    for table, kind in TABLES.items():
        (folder / table).write_text("\n".join([*tables[kind], ""]))


def _shapes(what: tuple[int, float, float], how: Strength, frames: int, key: int) -> Tensor:
    """Features of the depth pictures of a phase, [frames, 8]: between those of the first class and of the one shown."""
    shown, private, _ = what
    first, own = torch.tensor(SHAPES[0]), torch.tensor(SHAPES[shown])
    scale = (torch.tensor(SHAPES).amax(0) - torch.tensor(SHAPES).amin(0)) * 0.1
    noise = torch.randn(frames, len(first), generator=generator(key, "shapes"))
    return first + how.contrast * (own - first) + scale * (noise + 2 * private - 1)


def _write_times(folder: Path, name: str, moments: list[tuple[int, list[float]]]) -> None:
    """The accelerometer's file, with two measurements a frame, 3 ms before and 13 ms after, and that of the frames."""
    measured, taken = [], []
    known = dict(moments)
    latest = moments[0][1]
    for number in range(1, moments[-1][0] + 1):
        latest = known.get(number, latest)
        time = round((number - 1) * 1000 / RATE)
        total = math.hypot(*latest)
        taken.append(f"{number},{time},{total:.5f}")
        axes = ",".join(f"{value:.5f}" for value in latest)
        if time >= 3:
            measured.append(f"{time - 3},{total:.5f},{axes}")
        measured.append(f"{time + 13},{total:.5f},{axes}")
    (folder / f"{name}-acc.csv").write_text("\n".join([*measured, ""]))
    (folder / f"{name}-data.csv").write_text("\n".join([*taken, ""]))


TWIN = twin(
    SOURCE,
    write,
    f"Thirty falls and forty everyday acts in phases of {LASTING} frames. The shape in the depth picture shows the "
    f"right class in {STRENGTH['depth'].clear:.0%} of the phases, clearly, acceleration by its swing in "
    f"{STRENGTH['acce'].clear:.0%}, and a blot in small frames in {STRENGTH['rgb'].clear:.0%}. Brightness and vigour "
    "go together and say nothing; each sequence has a hue and ways of its own",
    {
        "rows": 440,
        "train rows": 396,
        "client test rows": 0,
        "global test rows": 44,
        "natural units": 70,
        "natural clients": 1,
        "classes": 3,
    },
    "by sequence: three of thirty falls and four of forty everyday acts are the global test set. There are no natural "
    "clients",
    version=1,
)
