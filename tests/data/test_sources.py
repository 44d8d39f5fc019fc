"""The registry of data sets."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from counterpoint.data import Dataset, sources
from counterpoint.data.sources.source import from_tensors, to_tensors
from counterpoint.errors import UserError


def test_names() -> None:
    assert "watch" in sources.names()
    assert list(sources.names()) == sorted(sources.names())


@pytest.mark.parametrize("name", sources.names())
def test_a_card_needs_no_download(name: str, cache: Path) -> None:
    card = sources.card(name)
    assert card.name == name
    assert all((card.title, card.origin, card.licence, card.split, card.traps, card.counts))
    assert card.counts.get("rows", 1), "of windows of a folder that nobody has seen here it is not known"
    assert "rows" in card.counts or sources.from_folder(name)
    fetched = not name.endswith("-twin") and not sources.from_folder(name)
    assert bool(re.findall(r"\b[0-9a-f]{64}\b", card.checksum)) == fetched
    assert not sources.cached(name)
    assert not cache.exists()


@pytest.mark.parametrize("call", [sources.card, sources.load, sources.get, sources.cached])
def test_an_unknown_name(call: object) -> None:
    with pytest.raises(UserError, match="unknown data set 'wach': did you mean 'watch'"):
        call("wach")


def test_from_tensors_undoes_to_tensors(toy) -> None:
    dataset: Dataset = toy()
    tensors, meta = to_tensors(dataset)
    again = from_tensors(dataset.card, tensors, meta)
    assert (again.name, again.task, again.owners) == (dataset.name, dataset.task, dataset.owners)
    assert again.modalities == dataset.modalities
    for m in dataset.modalities:
        assert torch.equal(again.samples.x[m], dataset.samples.x[m])
        assert torch.equal(again.samples.present[m], dataset.samples.present[m])


def test_loading_from_the_cache_is_quick_and_the_same(watch: Dataset) -> None:
    start = time.monotonic()
    again = sources.load("watch")
    assert time.monotonic() - start < 2
    assert again.modalities == watch.modalities
    assert torch.equal(again.samples.x["gyro"], watch.samples.x["gyro"])
    assert sources.cached("watch")


def test_a_converted_set_needs_no_download(filled_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("pip was called")

    path = sources.get("watch")
    (filled_cache / "downloads" / "seglearn-1.2.5-py3-none-any.whl").unlink()
    monkeypatch.setattr(subprocess, "run", forbidden)
    assert sources.get("watch") == path
    assert len(sources.load("watch").samples) == 3605


def test_importing_downloads_nothing(cache: Path) -> None:
    subprocess.run([sys.executable, "-c", "import counterpoint.data.sources"], check=True)
    assert not cache.exists()
