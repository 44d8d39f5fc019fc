"""Folders in the official layouts: those of the twins, to be damaged."""

import shutil
from pathlib import Path

import pytest

from counterpoint.data.twins import ave, covidx, crema_d, crisismmd, mimic_cxr, rsna


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of all twins; not to be changed."""
    root = tmp_path_factory.mktemp("twins")
    for twin in (ave, covidx, crema_d, crisismmd, mimic_cxr, rsna):
        folder = root / twin.__name__.rpartition(".")[2]
        folder.mkdir()
        twin.write(folder)
    return root


@pytest.fixture
def crema(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written / "crema_d", tmp_path / "CREMA-D"))


@pytest.fixture
def videos(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written / "ave", tmp_path / "AVE_Dataset"))


@pytest.fixture
def crisis(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written / "crisismmd", tmp_path / "CrisisMMD_v2.0"))


@pytest.fixture
def mimic(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written / "mimic_cxr", tmp_path / "MIMIC-CXR-JPG"))


@pytest.fixture
def pneumonia(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written / "rsna", tmp_path / "rsna-pneumonia-detection-challenge"))


@pytest.fixture
def covid(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written / "covidx", tmp_path / "covidx-cxr"))
