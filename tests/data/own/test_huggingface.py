"""A Hugging Face data set, stood in for by a class with what we use of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from counterpoint.data.own import from_arrays, from_huggingface
from counterpoint.errors import UserError


@dataclass
class ClassLabel:
    names: list[str]


@dataclass
class Image:
    decode: bool = True


@dataclass
class Audio:
    decode: bool = True


class Dataset:
    """Columns, features and rows; decodes recordings only where `decode` says so, and then only to complain."""

    def __init__(self, columns: dict[str, list[Any]], features: dict[str, Any]) -> None:
        self.columns, self.features, self.column_names = columns, features, list(columns)

    def select_columns(self, names: list[str]) -> "Dataset":
        return Dataset({name: self.columns[name] for name in names}, {name: self.features.get(name) for name in names})

    def cast_column(self, name: str, feature: Any) -> "Dataset":
        return Dataset(self.columns, {**self.features, name: feature})

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if any(isinstance(feature, Audio) and feature.decode for feature in self.features.values()):
            raise ImportError("no decoder is installed")
        for row in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, row, strict=True))


ROWS = 20


@pytest.fixture
def dataset(tmp_path: Path, write_wav: Callable[..., None]) -> Dataset:
    write_wav(tmp_path / "a.wav", 0.1)
    encoded = (tmp_path / "a.wav").read_bytes()
    columns: dict[str, list[Any]] = {
        "img": [Pillow.new("RGB", (6, 4), (10 * i, 0, 0)) for i in range(ROWS)],
        "speech": [{"bytes": encoded, "path": None} if i else None for i in range(ROWS)],
        "caption": [f"number {i}" if i != 3 else None for i in range(ROWS)],
        "na": [float(i) for i in range(ROWS)],
        "k": [None if i == 4 else 1.0 + i for i in range(ROWS)],
        "feature": [[i, 2.0 * i] for i in range(ROWS)],
        "site": [f"site {i % 2}" for i in range(ROWS)],
        "label": [i % 2 for i in range(ROWS)],
        "unread": [object()] * ROWS,
    }
    return Dataset(columns, {"img": Image(), "speech": Audio(), "label": ClassLabel(["cat", "dog"])})


MODALITIES = {
    "image": "img",
    "speech": "speech",
    "caption": "caption",
    "labs": ["na", "k"],
    "feature": "feature",
}


def test_the_whole(dataset: Dataset) -> None:
    found = from_huggingface(dataset, label="label", modalities=MODALITIES, client="site", sizes={"image": 8})
    assert {name: (modality.kind, modality.shape) for name, modality in found.modalities.items()} == {
        "image": ("image", (3, 8, 8)),
        "speech": ("audio", (1600,)),
        "caption": ("text", (len("number 10"),)),
        "labs": ("table", (2,)),
        "feature": ("table", (2,)),
    }
    assert found.task.classes == ("cat", "dog")
    assert found.owners == ("site 0", "site 1")
    assert found.modalities["labs"].columns == ("na", "k")
    assert found.samples.x["labs"].isnan().nonzero().tolist() == [[4, 1]]
    assert found.samples.present["speech"].tolist() == [False] + [True] * 19
    assert found.samples.present["caption"].tolist() == [True] * 3 + [False] + [True] * 16
    assert found.card.origin == "given from Python as a Hugging Face data set"


def test_it_is_what_arrays_would_give(dataset: Dataset) -> None:
    chosen = {"image": "img", "labs": ["na", "k"]}
    found = from_huggingface(dataset, label="label", modalities=chosen, client="site", id="na", standardise=False)
    labs = np.array([dataset.columns["na"], dataset.columns["k"]], dtype=float).T
    same = from_arrays(
        {"image": dataset.columns["img"], "labs": labs},
        dataset.columns["label"],
        classes=["cat", "dog"],
        client=dataset.columns["site"],
        standardise=False,
    )
    assert found.card.checksum == same.card.checksum
    assert torch.equal(found.samples.x["image"], same.samples.x["image"])
    by_row = from_huggingface(
        dataset, label="label", modalities=chosen, client=dataset.columns["site"], unit=range(ROWS)
    )
    assert by_row.owners == found.owners


def test_mistakes(dataset: Dataset) -> None:
    def said(given: Any = dataset, **options: Any) -> str:
        with pytest.raises(UserError) as error:
            from_huggingface(given, **{"label": "label", "modalities": MODALITIES, **options})
        return str(error.value)

    assert said(label="lable") == "unknown column 'lable': did you mean 'label'?"
    assert said(client="sit") == "unknown column 'sit': did you mean 'site'?"
    assert "unknown column 'imgs'" in said(modalities={"image": "imgs"})
    assert "modalities must give each one its column" in said(modalities={"image": []})
    assert "modalities must give each one its column" in said(modalities=["img"])
    assert "column 'label' is the label and cannot be a modality too" in said(modalities={"image": "label"})
    assert "this is a collection of data sets (train, test): give one of them." in said(
        {"train": dataset, "test": dataset}
    )
    assert "list has no list of column names: give a datasets.Dataset." in said([])
    dataset.columns["label"][7] = -1
    assert "the label of row 7 is -1, but 2 classes are listed" in said()
    dataset.columns["label"][7] = 1
    dataset.columns["img"][5] = "5.png"
    assert "modality 'image': row 5 holds a plain value, row 0 a picture" in said()
