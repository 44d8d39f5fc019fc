"""What a device of a real network is told, and what it makes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from counterpoint.errors import UserError
from counterpoint.runs.peer import PeerConfig, population_at


def told(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": 1,
        "network": "n",
        "state": "state",
        "listen": ["tcp/127.0.0.1:7447"],
        "insecure": True,
        "peers": {
            "0": {"modalities": ["acc", "gyro"], "endpoint": "tcp/127.0.0.1:7448"},
            "1": {"modalities": ["acc", "gyro"]},
        },
        "run": {"method": "d-psgd", "rounds": 2, "data": {"name": "watch"}},
    }
    return {key: value for key, value in (found | changes).items() if value is not None}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., PeerConfig]:
    def make(say: bool = False, **changes: Any) -> PeerConfig:
        path = tmp_path / "peer.toml"
        path.write_text(tomli_w.dumps(told(**changes)))
        return PeerConfig.read(path, insecure=say)

    return make


def test_paths_are_seen_from_the_files_folder(read: Callable[..., PeerConfig], tmp_path: Path):
    tls = {"authority": "keys/ca.crt", "certificate": "keys/a.crt", "key": "/etc/a.key"}
    found = read(insecure=None, tls=tls, listen=["tls/0.0.0.0:1"], peers={"1": {"modalities": ["acc"]}})
    assert found.state == tmp_path / "state"
    assert found.tls is not None
    assert (found.tls.authority, found.tls.key) == (str(tmp_path / "keys/ca.crt"), "/etc/a.key")
    assert found.line().peers[1].name == "peer-1"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"id": 7}, r"peer 7 is not among its own \[peers\]: add \[peers\.7\]"),
        ({"colour": "red"}, "'colour' = 'red'"),
        ({"deadline": 0}, "'deadline' = 0"),
        ({"run": {"method": "d-psgd", "data": {}}}, "run.data.name"),
    ],
)
def test_what_is_wrong_in_the_file_is_told(read: Callable[..., PeerConfig], changes: dict[str, Any], complaint: str):
    with pytest.raises(UserError, match=complaint):
        read(**changes)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"insecure": None}, r"it has no tls = \{authority, certificate, key\}: give one, or say --insecure"),
        ({"listen": ["tls/127.0.0.1:1"]}, "the endpoint 'tls/127.0.0.1:1' must begin with 'tcp/'"),
        ({"network": "a b"}, "'run' = 'a b'"),
        (
            {"listen": [], "discovery": True},
            r"discovery finds those who listen: say where, for example listen = \['tcp/",
        ),
        (
            {"listen": [], "peers": {"1": {"modalities": ["acc"]}}},
            "it neither listens, nor has endpoints of others, nor discovery = true",
        ),
    ],
)
def test_what_is_wrong_with_the_line_is_told(read: Callable[..., PeerConfig], changes: dict[str, Any], complaint: str):
    with pytest.raises(UserError, match=complaint):
        read(**changes).line()


def test_insecure_must_be_said(read: Callable[..., PeerConfig]):
    assert read(say=True, insecure=None).line().insecure


def test_it_holds_its_part_of_the_runs_data_alone(read: Callable[..., PeerConfig]):
    found = population_at(read())
    assert [client.id for client in found.clients] == [1]
    assert len(found.test) == 0 and len(found.clients[0].train) > 0
    with pytest.raises(UserError, match="watch has 7 clients: there is none for peer 9"):
        population_at(read(id=9, peers={"9": {"modalities": ["acc"]}}))
    with pytest.raises(UserError, match=r"peer 1 has the modalities acc, gyro, and \[peers\.1\] says acc"):
        population_at(read(peers={"1": {"modalities": ["acc"]}}))


@pytest.fixture
def own(tmp_path: Path) -> dict[str, Any]:
    """Data of a device that knows two of three classes, and one of two modalities, and has one nobody asked for."""
    folder = tmp_path / "mine"
    folder.mkdir()
    rng = np.random.default_rng(0)
    lines = ["acc,note,label"]
    for row in range(24):
        np.save(folder / f"{row}.npy", rng.normal(size=(3, 16)).astype("float32"))
        lines.append(f"{row}.npy,said {row},{'walking' if row % 3 else 'running'}")
    (folder / "data.csv").write_text("\n".join(lines) + "\n")
    sense = {"kind": "sequence", "shape": [3, 16]}
    return {"folder": "mine", "classes": ["sitting", "running", "walking"], "modalities": {"acc": sense, "gyro": sense}}


def test_data_of_its_own_is_read_as_agreed(read: Callable[..., PeerConfig], own: dict[str, Any]):
    found = population_at(read(own=own, peers={"1": {"modalities": ["acc"]}}))
    (client,) = found.clients
    assert client.modalities == ("acc",) and client.id == 1
    assert sorted(found.modalities) == ["acc", "gyro"]
    assert found.task.classes == ("sitting", "running", "walking")
    counts = client.train.label.bincount(minlength=3) + client.test.label.bincount(minlength=3)
    assert counts.tolist() == [0, 8, 16]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (
            {"classes": ["walking", "sitting"]},
            r"unknown class of data\.csv line \d+ 'running'",
        ),
        (
            {"modalities": {"acc": {"kind": "sequence", "shape": [3, 20]}}},
            r"acc is a sequence of shape \(3, 16\), and agreed on is a sequence of shape \(3, 20\)",
        ),
        (
            {"modalities": {"ecg": {"kind": "sequence", "shape": [3, 16]}}},
            "has none of the modalities that are agreed on: ecg",
        ),
    ],
)
def test_what_is_not_agreed_on_is_told(
    read: Callable[..., PeerConfig], own: dict[str, Any], changes: dict[str, Any], complaint: str
):
    with pytest.raises(UserError, match=complaint):
        population_at(read(own={**own, **changes}, peers={"1": {"modalities": ["acc"]}}))
