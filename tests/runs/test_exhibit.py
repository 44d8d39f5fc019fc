"""What a run leaves behind to be looked at."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import counterpoint
from counterpoint import RunResult, Stopped, UserError
from counterpoint.data.population import Population
from counterpoint.methods.exhibit import Exhibit, Searches
from counterpoint.report import write_report
from counterpoint.runs.exhibit import keep_exhibit, read_exhibit
from counterpoint.runs.folder import RunFolder
from counterpoint.runs.tree import flatten
from counterpoint.storage import digest

from .conftest import Interrupts

HOW: dict[str, Any] = {
    "rounds": 3,
    "epochs": 1,
    "workers": 1,
    "settings": {"width": 8, "depth": 1, "size": 6, "hidden": 8},
}


@pytest.fixture
def people(make_population: Callable[..., Population]) -> Population:
    return make_population([6, 9, 14])


def shown(result: RunResult) -> dict[str, Any]:
    return read_exhibit(RunFolder(result.out).exhibit)


def test_embeddings_before_and_after_and_searches(people: Population, tmp_path: Path) -> None:
    kept = shown(counterpoint.run("clip-fedavg", people, out=tmp_path / "a", **HOW))
    assert set(kept["before"]) == set(kept["after"]) == {"acc", "gyro"}
    assert kept["before"]["acc"].shape == kept["after"]["acc"].shape == (10, 6)
    assert not torch.equal(kept["before"]["acc"], kept["after"]["acc"])
    assert torch.equal(kept["label"], people.test.label)
    assert set(kept["searches"]) == {"acc>gyro", "gyro>acc"}
    told, samples = kept["searches"]["acc>gyro"], kept["samples"]
    assert told["found"].shape == (6, 5)
    own = [int((people.test.x["acc"].half() == x).flatten(1).all(1).nonzero()) for x in samples["x"]["acc"]]
    assert samples["label"].tolist() == people.test.label[own].tolist(), "samples are those of the test"
    z = {m: torch.nn.functional.normalize(kept["after"][m].double(), dim=1) for m in ("acc", "gyro")}
    cosines = z["acc"] @ z["gyro"].T  # the map has all rows of so small a test, in order
    for query, found, cosine in zip(told["query"], told["found"], told["cosine"], strict=True):
        best = cosines[own[int(query)]].sort(descending=True)
        assert [own[int(f)] for f in found] == best.indices[:5].tolist()
        assert torch.allclose(cosine, best.values[:5])


def test_a_resumed_run_has_all_of_it(people: Population, tmp_path: Path) -> None:
    whole = counterpoint.run("clip-fedavg", people, out=tmp_path / "whole", **HOW)
    with pytest.raises(Stopped):
        counterpoint.run("clip-fedavg", people, out=tmp_path / "cut", watcher=Interrupts(), **HOW)
    file = RunFolder(tmp_path / "cut").exhibit
    assert set(read_exhibit(file)) == {"before", "label"}
    counterpoint.resume(tmp_path / "cut", data=people)
    tensors: list[dict[str, torch.Tensor]] = [{}, {}]
    told = [flatten(read_exhibit(f), "", t) for f, t in zip((file, RunFolder(whole.out).exhibit), tensors, strict=True)]
    assert told[0] == told[1] and digest(tensors[0]) == digest(tensors[1])


def test_a_run_that_was_started_without_is_finished_all_the_same(people: Population, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        counterpoint.run("clip-fedavg", people, out=tmp_path, watcher=Interrupts(), **HOW)
    RunFolder(tmp_path).exhibit.unlink()
    kept = shown(counterpoint.resume(tmp_path, data=people))
    assert "before" not in kept and "after" in kept
    page = write_report(RunFolder(tmp_path)).read_text(encoding="utf-8")
    assert "After the last round" in page and "Before the first round" not in page


def test_samples_are_kept_in_the_precision_that_holds_them(people: Population, tmp_path: Path) -> None:
    test = people.test
    large = replace(test, x={**test.x, "acc": test.x["acc"] * 1e6})
    rows = torch.arange(3)
    searches = Searches(rows, rows[:, None], torch.ones(3, 1).bool(), torch.ones(3, 1), torch.ones(3))
    z = {"acc": torch.eye(3), "gyro": torch.eye(3)}
    keep_exhibit(tmp_path / "a", "after", Exhibit(rows, z, {"acc>gyro": searches}), large)
    kept = read_exhibit(tmp_path / "a")["samples"]["x"]
    assert torch.equal(kept["acc"], large.x["acc"][:3])
    assert torch.equal(kept["gyro"], test.x["gyro"][:3].half())


def test_other_methods_leave_nothing(people: Population, tmp_path: Path) -> None:
    result = counterpoint.run("fedavg", people, out=tmp_path / "a", rounds=1, workers=1)
    assert not RunFolder(result.out).exhibit.exists()
    assert shown(result) == {}


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "exhibit.safetensors").write_bytes(b"no such thing")
    with pytest.raises(UserError, match="is damaged: delete it, and the report goes without what it shows"):
        read_exhibit(tmp_path / "exhibit.safetensors")
