"""Pictures of clothes, cut across: the top half is one modality, the bottom half another. For scale."""

import gzip
from pathlib import Path
from typing import IO

import torch
from torch import Tensor

from counterpoint.data.card import Card
from counterpoint.data.fetch import Pin, fetch
from counterpoint.data.fetch.apt import unpacked
from counterpoint.data.modality import Modality, Task
from counterpoint.data.population import Dataset, Side
from counterpoint.data.samples import Samples
from counterpoint.data.sources.source import Source
from counterpoint.errors import UserError

PIN = Pin(
    "apt",
    "dataset-fashion-mnist=0.0~git20200523.55506a9-1",
    "dataset-fashion-mnist_0.0~git20200523.55506a9-1_all.deb",
    "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
)
FOLDER = "./usr/share/datasets/fashion-mnist/"
PICTURES, LABELS = "images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"
SPLITS = (("train", Side.TRAIN), ("t10k", Side.GLOBAL_TEST))

SIZE = 28
HALF = SIZE // 2
CLASSES = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")

CARD = Card(
    name="fashion-halves",
    title="Grey pictures of clothes, shoes and bags, cut across: top half and bottom half, many rows",
    origin=(
        "Fashion-MNIST by H. Xiao, K. Rasul and R. Vollgraf (arXiv 1708.07747), photographs of an online shop made "
        "grey and small; comes in the Debian package dataset-fashion-mnist 0.0~git20200523.55506a9-1; here each "
        "picture is cut into rows 0 to 13 and rows 14 to 27"
    ),
    licence="MIT (Expat)",
    checksum=PIN.sha256,
    counts={"rows": 70000, "train rows": 60000, "client test rows": 0, "global test rows": 10000, "classes": 10},
    split=(
        "by picture, as published: the 10,000 official test pictures are the global test set, the 60,000 training "
        "pictures are dealt to clients, and each client's own test is drawn from what it got"
    ),
    modalities={"top": f"image, 1 x {HALF} x {SIZE}, 0 to 1", "bottom": f"image, 1 x {HALF} x {SIZE}, 0 to 1"},
    classes=CLASSES,
    traps=(
        "the modalities are two views of one picture, not two senses: results tell of scale, not of multimodal data",
        "there is no natural owner, so there are no natural clients: use partition dirichlet:0.5",
    ),
)


def idx(file: IO[bytes], name: str) -> Tensor:
    """The array in a gzipped IDX file of bytes: uint8 of the shape that its head tells.

    Args:
        file: two zero bytes, 8 (for bytes), the number of axes, each axis' length in four bytes, then the values.
        name: for complaints.

    Raises:
        UserError: it is no such file.
    """
    try:
        data = gzip.decompress(file.read())
        axes = data[3]
        shape = [int.from_bytes(data[4 * k : 4 * k + 4], "big") for k in range(1, axes + 1)]
        if data[:3] != b"\0\0\x08":
            raise ValueError("its head is of another format")
        return torch.frombuffer(bytearray(data[4 * axes + 4 :]), dtype=torch.uint8).view(shape)
    except (OSError, EOFError, ValueError, IndexError, RuntimeError) as error:
        raise UserError(f"{name} is no IDX file of bytes ({error}).") from error


def read(package: Path) -> dict[str, Tensor]:
    """The four arrays of the package, by the names of their files."""
    found = {}
    with unpacked(package) as archive:
        for member in archive:
            name = member.name.removeprefix(FOLDER)
            if name.endswith((PICTURES, LABELS)) and (content := archive.extractfile(member)):
                found[name] = idx(content, member.name)
    return found


def build() -> Dataset:
    """Fetch the package and cut its pictures."""
    found = read(fetch(PIN))
    picture = torch.cat([found[f"{split}-{PICTURES}"] for split, _ in SPLITS])[:, None]
    label = torch.cat([found[f"{split}-{LABELS}"] for split, _ in SPLITS]).long()
    rows = len(label)
    side = torch.cat([torch.full((len(found[f"{split}-{LABELS}"]),), int(side)) for split, side in SPLITS])
    present = torch.ones(rows, dtype=torch.bool)
    return Dataset(
        name=CARD.name,
        task=Task(CLASSES),
        modalities={name: Modality(name, "image", (1, HALF, SIZE)) for name in ("top", "bottom")},
        samples=Samples(
            {"top": picture[:, :, :HALF], "bottom": picture[:, :, HALF:]},
            {"top": present, "bottom": present},
            label,
            torch.arange(rows),
        ),
        owner=torch.zeros(rows, dtype=torch.int64),
        owners=("everyone",),
        side=side,
        card=CARD,
    )


SOURCE = Source(CARD, version=1, build=build)
