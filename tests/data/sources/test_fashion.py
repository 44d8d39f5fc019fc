"""The fashion-halves source on a tiny package of the official layout, and on the real one."""

import gzip
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from counterpoint.data import Dataset, Side, populate, sources
from counterpoint.data.sources import fashion as source
from counterpoint.errors import UserError

FOLDER = "usr/share/datasets/fashion-mnist/"


def idx_file(values: Tensor) -> bytes:
    head = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
    return gzip.compress(head + bytes(values.flatten().tolist()))


def pictures(rows: int, first: int) -> Tensor:
    return ((torch.arange(rows * 784) + first) % 251).to(torch.uint8).view(rows, 28, 28)


def layout() -> dict[str, bytes]:
    files = {"usr/share/doc/dataset-fashion-mnist/copyright": b"Expat"}
    for split, rows, first in (("t10k", 10, 7), ("train", 40, 0)):
        files[f"{FOLDER}{split}-images-idx3-ubyte.gz"] = idx_file(pictures(rows, first))
        files[f"{FOLDER}{split}-labels-idx1-ubyte.gz"] = idx_file((torch.arange(rows) * 3 % 10).to(torch.uint8))
    return files


@pytest.fixture
def tiny(pinned_deb: Callable[..., Path]) -> Dataset:
    pinned_deb(source, layout())
    return sources.load("fashion-halves")


def test_rows_sides_and_labels(tiny: Dataset) -> None:
    assert tiny.side.tolist() == [Side.TRAIN] * 40 + [Side.GLOBAL_TEST] * 10
    assert tiny.samples.label.tolist() == [i * 3 % 10 for i in (*range(40), *range(10))]
    assert tiny.samples.unit.tolist() == list(range(50))
    assert tiny.owners == ("everyone",)
    assert not tiny.owner.any()


def test_the_halves_are_the_rows_above_and_below_the_middle(tiny: Dataset) -> None:
    whole = torch.cat([pictures(40, 0), pictures(10, 7)])[:, None] / 255
    assert [(m.name, m.kind, m.shape) for m in tiny.modalities.values()] == [
        ("top", "image", (1, 14, 28)),
        ("bottom", "image", (1, 14, 28)),
    ]
    assert torch.equal(tiny.samples.x["top"], whole[:, :, :14])
    assert torch.equal(tiny.samples.x["bottom"], whole[:, :, 14:])
    assert all(there.all() for there in tiny.samples.present.values())


def test_there_are_no_natural_clients(tiny: Dataset) -> None:
    with pytest.raises(UserError) as error:
        populate(tiny)
    assert str(error.value) == ("fashion-halves has only one natural client (everyone): use partition dirichlet:0.5.")


def test_built_values_are_bytes(pinned_deb: Callable[..., Path]) -> None:
    pinned_deb(source, layout())
    assert {values.dtype for values in source.build().samples.x.values()} == {torch.uint8}


@pytest.mark.parametrize(
    "content",
    [
        b"no gzip",
        gzip.compress(b""),
        gzip.compress(b"\0\0\x0d\x01\0\0\0\x01abcd"),
        gzip.compress(b"\0\0\x08\x01\0\0\0\x03ab"),
        gzip.compress(b"\0\0\x08\x01\0\0\0\x02ab")[:-9],
    ],
    ids=["not packed", "empty", "not bytes", "too short", "cut off"],
)
def test_a_damaged_file_is_named(pinned_deb: Callable[..., Path], content: bytes) -> None:
    pinned_deb(source, layout() | {f"{FOLDER}train-labels-idx1-ubyte.gz": content})
    with pytest.raises(UserError, match=r"train-labels-idx1-ubyte\.gz is no IDX file of bytes \(.+\)\.$"):
        sources.load("fashion-halves")


@pytest.fixture(scope="module")
def whole() -> Dataset:
    return sources.load("fashion-halves")


@pytest.mark.download
def test_the_card_tells_the_truth(whole: Dataset) -> None:
    sides = Counter(whole.side.tolist())
    assert whole.card is source.CARD
    assert whole.card.classes == whole.task.classes
    assert whole.card.modalities == {
        m.name: f"{m.kind}, {' x '.join(map(str, m.shape))}, 0 to 1" for m in whole.modalities.values()
    }
    assert whole.card.counts == {
        "rows": len(whole.samples),
        "train rows": sides[Side.TRAIN],
        "client test rows": sides[Side.CLIENT_TEST],
        "global test rows": sides[Side.GLOBAL_TEST],
        "classes": 10,
    }
    for side, each in ((Side.TRAIN, 6000), (Side.GLOBAL_TEST, 1000)):
        assert whole.samples.label[whole.side == side].bincount().tolist() == [each] * 10


@pytest.mark.download
def test_ten_clients_get_all_training_pictures(whole: Dataset) -> None:
    people = populate(whole, partition="dirichlet:0.5")
    assert len(people.clients) == 10
    assert sum(len(one.train) + len(one.test) for one in people.clients) == 60000
    assert len(people.test) == 10000
