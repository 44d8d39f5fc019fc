"""Whole runs over a link in this process: the same folder as everywhere, and going on after deaths."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from counterpoint.data import prepared
from counterpoint.deploy import share
from counterpoint.deploy.server import serve
from counterpoint.deploy.settings import AppSettings
from counterpoint.errors import UserError
from counterpoint.runs import run
from counterpoint.runs.table import read_metrics

Make = Callable[..., Any]
TOLD: dict[str, Any] = {
    "method": "fedavg",
    "data": "mfeat",
    "partition": "dirichlet:1",
    "clients": 5,
    "rounds": 3,
    "epochs": 1,
    "batch-size": 32,
    "patience": 0.5,
    "deadline": 5.0,
}
SAME: dict[str, Any] = {"partition": "dirichlet:1", "clients": 5, "rounds": 3, "epochs": 1, "batch_size": 32}


def scores(folder: Path) -> dict[tuple[int, str], float]:
    return {(m.round, str(m.name)): m.value for m in read_metrics(folder / "metrics.parquet")}


def go(grid: Any, told: dict[str, Any], app: Path, *, report: bool = False) -> Path:
    return serve(grid, AppSettings.of(told), app, report=report).out


@pytest.mark.parametrize("method", ["fedavg", "scaffold", "fedcmi", "local"])
def test_a_run_is_that_of_the_sequential_engine(method: str, near_grid: Make, app_folder: Path, tmp_path: Path):
    told = TOLD | {"method": method, "out": str(tmp_path / "far"), "settings": "train.lr_end=0.01"}
    found = scores(go(near_grid(told, nodes=3), told, app_folder, report=True))
    near = run(method, "mfeat", **SAME, engine="sequential", out=tmp_path / "near", settings={"train.lr_end": 0.01})
    expected = scores(near.out)
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=1e-5, nan_ok=True)
    for name in ("config.toml", "population.json", "checkpoint.safetensors", "result.json", "log.txt", "report.html"):
        assert (tmp_path / "far" / name).is_file()


def test_the_server_dies_in_a_round_and_goes_on_with_the_same_numbers(
    near_grid: Make, app_folder: Path, tmp_path: Path
):
    """Client memory is ahead of the server's state then."""
    told = TOLD | {"method": "scaffold", "participation": 0.8, "out": str(tmp_path / "whole")}
    expected = scores(go(near_grid(told), told, app_folder))
    told = told | {"out": str(tmp_path / "cut")}
    grid = near_grid(told)
    pushes = []

    def die() -> None:
        pushes.append(1)
        if len(pushes) == 6:
            raise KeyboardInterrupt

    grid.on_push = die
    with pytest.raises(KeyboardInterrupt):
        go(grid, told, app_folder)
    assert (tmp_path / "cut" / "clients").is_dir()
    found = scores(go(near_grid(told), told, app_folder))
    assert found == pytest.approx(expected, abs=0, nan_ok=True)


def test_a_node_that_is_gone_is_left_out_and_taken_in_again(near_grid: Make, app_folder: Path, tmp_path: Path):
    told = TOLD | {"out": str(tmp_path / "run"), "rounds": 4}
    grid = near_grid(told, nodes=5)
    pushes = []

    def come_and_go() -> None:
        pushes.append(1)
        grid.gone = {101} if 3 <= len(pushes) <= 6 else set()

    grid.on_push = come_and_go
    found = scores(go(grid, told, app_folder))
    rounds = {number for number, name in found if "unanswered" in name}
    assert rounds
    assert 4 not in rounds
    assert "client 1 was refused: its site is not there" in (tmp_path / "run" / "log.txt").read_text()


def test_an_error_of_a_node_does_not_end_the_run(near_grid: Make, app_folder: Path, tmp_path: Path):
    told = TOLD | {"out": str(tmp_path / "run"), "rounds": 2}
    grid = near_grid(told, nodes=5)
    pushes = []

    def break_one() -> None:
        pushes.append(1)
        grid.broken = {102} if len(pushes) > 1 else set()

    grid.on_push = break_one
    go(grid, told, app_folder)
    assert "client 2 was refused: its node failed: OSError: no disk" in (tmp_path / "run" / "log.txt").read_text()


def test_a_silent_node_is_not_waited_for_beyond_the_deadline(near_grid: Make, app_folder: Path, tmp_path: Path):
    told = TOLD | {"out": str(tmp_path / "run"), "rounds": 1, "deadline": 0.3}
    grid = near_grid(told, nodes=5)
    pushes = []

    def fall_silent() -> None:
        pushes.append(1)
        grid.mute = {103} if len(pushes) > 1 else set()

    grid.on_push = fall_silent
    found = scores(go(grid, told, app_folder))
    assert "did not answer before the deadline" in (tmp_path / "run" / "log.txt").read_text()
    assert any("unanswered" in name for _, name in found)


def test_too_few_nodes_end_it_before_anything_is_computed(near_grid: Make, app_folder: Path, tmp_path: Path):
    told = TOLD | {"out": str(tmp_path / "run"), "min-clients": 5}
    grid = near_grid(told, nodes=5)
    grid.gone = {100}
    with pytest.raises(UserError, match=r"4 of 5 clients were there after 0\.5 s, and at least 5 are needed"):
        go(grid, told, app_folder)
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()


def test_a_folder_of_another_run_is_left_alone(near_grid: Make, app_folder: Path, tmp_path: Path):
    told = TOLD | {"out": str(tmp_path / "run"), "rounds": 1}
    go(near_grid(told), told, app_folder)
    other = told | {"lr": 0.5}
    with pytest.raises(UserError, match="holds another run: choose another out, or delete it"):
        go(near_grid(other), other, app_folder)


def test_methods_without_a_server_say_so(near_grid: Make, app_folder: Path, tmp_path: Path):
    told = TOLD | {"method": "d-psgd", "out": str(tmp_path / "run")}
    with pytest.raises(UserError, match=r"^d-psgd has no server, and Flower is made of one"):
        go(near_grid(told), told, app_folder)
    assert not (tmp_path / "run").exists()


def test_a_method_in_a_file_of_the_app(near_grid: Make, app_folder: Path, tmp_path: Path):
    (app_folder / "mine.py").write_text(
        '"""A method."""\n\nfrom counterpoint.methods import FedAvg\n\n\n'
        'class Mine(FedAvg):\n    """Mine."""\n\n    name = "mine"\n'
    )
    told = TOLD | {"method": "mine.py:Mine", "out": str(tmp_path / "run"), "rounds": 1}
    elsewhere = tmp_path / "at the link"
    shutil.copytree(app_folder, elsewhere)
    grid = near_grid(told)
    assert go(grid, told, elsewhere) == tmp_path / "run"
    assert 'method = "mine.py:Mine"' in (tmp_path / "run" / "config.toml").read_text(), "no party's own path"
    assert any(m.metadata.message_type == "train" for m in grid.seen)


def test_a_run_that_somebody_runs_already_is_left_alone(near_grid: Make, app_folder: Path, tmp_path: Path):
    told = TOLD | {"out": str(tmp_path / "run"), "rounds": 1}
    grid = near_grid(told)
    refused = []

    def again() -> None:
        grid.on_push = lambda: None
        with pytest.raises(UserError, match=r"run is being run already, perhaps by a start whose terminal was closed"):
            go(near_grid(told), told, app_folder)
        refused.append(1)

    grid.on_push = again
    go(grid, told, app_folder)
    assert refused == [1]


@pytest.fixture
def agreement(app_folder: Path) -> Path:
    """Three sites share the people of `watch`; the last one has no gyroscope."""
    data = prepared("watch")
    senses = {n: {"kind": m.kind, "shape": list(m.shape)} for n, m in data.modalities.items()}
    sites = {str(n): {"name": f"site {n}", "modalities": ["acc"] if n == 2 else ["acc", "gyro"]} for n in range(3)}
    told = {"classes": list(data.task.classes), "modalities": senses, "sites": sites}
    path = app_folder / "agreement.toml"
    path.write_text(tomli_w.dumps(told))
    return path


def own_share(node: dict[str, Any]) -> Any:
    found = share("watch", int(node["site"]), 3)
    return found.only(["acc"]) if node["site"] == 2 else found


OWN: dict[str, Any] = {
    "method": "fedcmi",
    "data": "watch",
    "sites": "agreement.toml",
    "test": "watch",
    "rounds": 2,
    "epochs": 1,
    "patience": 0.5,
}


def test_sites_with_data_of_their_own(near_grid: Make, app_folder: Path, agreement: Path, tmp_path: Path):
    told = OWN | {"out": str(tmp_path / "run")}
    grid = near_grid(told, load=own_share, state=str(tmp_path / "state"))
    found = scores(go(grid, told, app_folder))
    assert any("global_test" in name for _, name in found)
    assert len({name.split("client:")[1].split("/")[0] for _, name in found if "client:" in name}) == 3
    assert len(list((tmp_path / "state").glob("*/client-*.safetensors"))) == 3
    described = (tmp_path / "run" / "population.json").read_text()
    assert '"train": 0' in described, "the server has not one of their rows"
    weights = [m for m in grid.seen if "package/weights" in m.content]
    names = {m.metadata.dst_node_id: set(m.content.array_records["package/weights"]) for m in weights}
    assert not any("gyro" in name for name in names[102])
    assert any("gyro" in name for name in names[100])


def test_a_site_whose_data_is_not_as_agreed_is_left_out(
    near_grid: Make, app_folder: Path, agreement: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    told = OWN | {"out": str(tmp_path / "run"), "method": "fedavg", "rounds": 1}
    grid = near_grid(told, load=lambda node: share("watch", int(node["site"]), 3))
    with caplog.at_level(logging.WARNING, "counterpoint"):
        go(grid, told, app_folder)
    assert "site 2 has acc, gyro, and agreed is acc" in caplog.text
    assert {m.metadata.dst_node_id for m in grid.seen if m.metadata.message_type == "train"} == {100, 101}


def test_a_node_that_does_not_know_its_place_is_left_out(near_grid: Make, app_folder: Path, tmp_path: Path):
    told = TOLD | {"out": str(tmp_path / "run")}
    grid = near_grid(told, nodes=1)
    del grid.contexts[100].node_config["partition-id"]
    with pytest.raises(UserError, match=r"0 of 5 clients were there after 0\.5 s"):
        go(grid, told, app_folder)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"rounds": 0}, r"\[tool\.flwr\.app\.config\]: 'rounds' = 0"),
        ({"colour": "red"}, r"\[tool\.flwr\.app\.config\]: .*colour"),
        ({"settings": "mu"}, r"settings has 'mu': write KEY=VALUE"),
        ({"method": "fedavgg"}, r"fedavgg"),
        ({"sites": "nowhere.toml"}, r"cannot read .*nowhere\.toml"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    change: dict[str, Any], complaint: str, near_grid: Make, app_folder: Path, tmp_path: Path
):
    told = TOLD | {"out": str(tmp_path / "run")} | change
    with pytest.raises(UserError, match=complaint):
        serve(near_grid(TOLD), AppSettings.of(told), app_folder)
