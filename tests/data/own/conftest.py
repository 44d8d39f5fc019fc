"""Small data of one's own, complete and right, to be spoilt one piece at a time."""

import csv
import shutil
import wave
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

ROWS = 60


def rows() -> dict[str, Any]:
    """60 rows of two classes and three owners: a sequence, a table and a text each."""
    label = np.arange(ROWS) % 2
    source = np.random.default_rng(7)
    return {
        "x": {
            "ecg": (source.normal(size=(ROWS, 2, 16)) + label[:, None, None]).astype(np.float32),
            "vitals": source.normal(size=(ROWS, 3)) + label[:, None],
            "note": [f"note of class {one}" for one in label],
        },
        "label": label,
        "client": [f"ward {i % 3}" for i in range(ROWS)],
    }


@pytest.fixture
def given() -> dict[str, Any]:
    """Arguments of `from_arrays`."""
    return rows()


def png(path: Path, grey: int, side: int = 12) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((side, side, 3), grey, np.uint8)).save(path)


def wav(path: Path, seconds: float, rate: int = 8000, hertz: float = 440.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((values * 16384).astype("<i2").tobytes())


@pytest.fixture(scope="session")
def write_png() -> Callable[..., None]:
    return png


@pytest.fixture(scope="session")
def write_wav() -> Callable[..., None]:
    return wav


def table(folder: Path, records: Sequence[Mapping[str, object]], name: str = "data.csv") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        delimiter = "\t" if name.endswith(".tsv") else ","
        writer = csv.DictWriter(file, records[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(records)


@pytest.fixture(scope="session")
def write_table() -> Callable[..., None]:
    return table


def medical(folder: Path) -> list[dict[str, object]]:
    """40 rows: pictures, recordings, arrays, a table of two columns, one of one, and text."""
    records: list[dict[str, object]] = []
    values: NDArray[np.float32] = np.random.default_rng(3).normal(size=(40, 2, 10)).astype(np.float32)
    for i in range(40):
        kind = i % 2
        png(folder / f"scans/{i}.png", 60 + 100 * kind)
        wav(folder / f"voices/{i}.wav", 0.1 if i else 0.2, hertz=300 + 300 * kind)
        np.save(folder / f"ecg{i}.npy", values[i] + kind)
        records.append(
            {
                "id": f"visit {i}",
                "label": ("well", "ill")[kind],
                "client": f"ward {i % 2 + 8}" if i < 20 else f"ward {10 + i % 2}",
                "scan": f"scans/{i}.png" if i != 5 else "",
                "voice": f"voices/{i}.wav",
                "ecg": f"ecg{i}.npy",
                "vitals.pulse": 60 + 20 * kind + i % 3 if i != 7 else "",
                "vitals.pressure": 120,
                "age": 40 + i,
                "note": f'said, "fine"\nline {i}' if i != 9 else " ",
            }
        )
    return records


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, object]]]:
    """The folder, never changed, and its rows."""
    place = tmp_path_factory.mktemp("own") / "clinic"
    records = medical(place)
    table(place, records)
    return place, records


@pytest.fixture
def folder(original: tuple[Path, list[dict[str, object]]], tmp_path: Path) -> Path:
    """A folder with everything in it."""
    return shutil.copytree(original[0], tmp_path / "clinic")


@pytest.fixture
def records(original: tuple[Path, list[dict[str, object]]]) -> list[dict[str, object]]:
    """The rows of `folder`, to be spoilt and written again."""
    return [dict(row) for row in original[1]]
