"""NAME:FOLDER, and what is cached of a folder."""

import os
import shutil
from pathlib import Path

import pytest
import torch

from counterpoint.data import sources
from counterpoint.data.prepare import is_folder, lasting_name, prepared
from counterpoint.data.sources.official import OFFICIAL
from counterpoint.errors import UserError


@pytest.mark.parametrize("name", sorted(OFFICIAL))
def test_a_name_alone_is_answered_with_what_is_needed(name: str, cache: Path) -> None:
    with pytest.raises(
        UserError, match=rf"^{name} is not fetched: say where it is, as in {name}:/path/to/folder; .* holds .*\.$"
    ):
        sources.load(name)
    assert not sources.cached(name)
    assert sources.from_folder(name) and not sources.from_folder(f"{name}-twin")
    assert f"--data {name}:/path/to" in sources.card(name).origin


def test_a_fetched_set_takes_no_folder() -> None:
    with pytest.raises(UserError, match="'watch:/data': watch is read from no folder of yours: say watch alone"):
        sources.load("watch:/data")


def test_no_such_folder(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ave: there is no folder /nowhere: the folder of AVE holds trainSet.txt"):
        sources.load("ave:/nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"ave: .*file is no folder: "):
        sources.load(f"ave:{tmp_path / 'file'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty has none of AVE, Audios, Image-01-FPS, trainSet.txt, valSet.txt"):
        sources.load(f"ave:{tmp_path / 'empty'}")


def test_a_misspelt_name_with_a_folder_is_no_folder() -> None:
    with pytest.raises(UserError, match="unknown data set 'crema': did you mean 'crema-d'"):
        prepared("crema:/x")


def test_names_with_folders_are_not_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not is_folder("crema-d:./clips")
    assert lasting_name("crema-d:clips") == f"crema-d:{tmp_path / 'clips'}"
    assert lasting_name("crema-d") == "crema-d"
    assert lasting_name("crema-d-twin") == "crema-d-twin"


def test_a_folder_is_converted_once_and_again_when_it_changes(crisis: Path, cache: Path) -> None:
    name = f"crisismmd:{crisis}"
    assert not sources.cached(name)
    path = sources.get(name)
    assert path.name.startswith("crisismmd-1-") and sources.cached(name)
    first = sources.load(name)
    shutil.move(crisis / "data_image", crisis / "away")
    (crisis / "data_image").mkdir()
    assert not sources.cached(name)
    with pytest.raises(UserError, match="there is no picture"):
        sources.load(name)
    shutil.rmtree(crisis / "data_image")
    shutil.move(crisis / "away", crisis / "data_image")
    assert sources.cached(name)
    again = sources.load(name)
    assert torch.equal(first.samples.x["image"], again.samples.x["image"])
    assert first.card == again.card == sources.card(name)
    assert list(again.card.counts)[:2] == ["rows", "train rows"]
    some = next((crisis / "data_image").rglob("*.jpg"))
    os.utime(some, ns=(1, 1))
    assert not sources.cached(name)


def test_force_converts_a_damaged_file_anew(crisis: Path, cache: Path) -> None:
    name = f"crisismmd:{crisis}"
    path = sources.get(name)
    path.write_bytes(b"no such thing")
    with pytest.raises(UserError, match=rf"is damaged: delete it, or run `counterpoint data get {name} --force`"):
        sources.load(name)
    assert sources.get(name, force=True) == path
    assert len(sources.load(name).samples) == 448
