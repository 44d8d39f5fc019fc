"""Real peers in processes of their own, over loopback with mutual TLS."""

from pathlib import Path
from typing import Any

import pytest
import torch

from counterpoint.cli.demo.files import write_network
from counterpoint.cli.demo.play import Play
from counterpoint.runs import RunFolder, configured
from counterpoint.runs.checkpoint import load_checkpoint
from counterpoint.runs.prepare import population_of
from counterpoint.runs.start import begin

pytest.importorskip("zenoh")


def network(folder: Path, *, peers: int, rounds: int, deadline: float = 30.0) -> tuple[Any, list[Path]]:
    config = configured(
        "dmml-kd",
        "watch",
        rounds=rounds,
        clients=peers,
        partition="dirichlet:0.5",
        engine="sequential",
        settings={"network.topology": "ring", "most": 3, "simulate.battery": "2..4"},
    )
    files = write_network(folder, config, population_of(config, "watch"), deadline=deadline, patience=30.0)
    return config, files


@pytest.mark.slow
def test_with_nobody_failing_real_peers_and_simulation_have_the_same_weights(tmp_path: Path):
    config, files = network(tmp_path / "net", peers=3, rounds=3)
    said: list[str] = []
    play = Play(files, None, 0, 0, 200, lambda _, text: said.append(text))
    assert play.run(), said
    assert [s.round for s in play.standing] == [3, 3, 3]
    assert [s.heard for s in play.standing] == [6, 6, 6]
    assert not any(s.not_heard or s.refused for s in play.standing), said
    simulated = begin(config, tmp_path / "simulated")
    expected = load_checkpoint(RunFolder(simulated.out).checkpoint)["memories"]
    for peer in range(3):
        found = load_checkpoint(RunFolder(tmp_path / "net" / f"peer-{peer}").checkpoint)["memories"]
        for name, value in expected[str(peer)]["model"].items():
            assert torch.allclose(found[str(peer)]["model"][name], value, atol=1e-5), (peer, name)
        assert torch.allclose(found["devices"]["left"][peer], expected["devices"]["left"][peer], rtol=1e-9)


@pytest.mark.slow
def test_a_peer_that_is_killed_comes_back_and_catches_up(tmp_path: Path):
    _, files = network(tmp_path / "net", peers=4, rounds=25)
    said: list[str] = []
    play = Play(files, 2, 3, 4, 250, lambda _, text: said.append(text))
    assert play.run(), said
    assert [s.round for s in play.standing] == [25] * 4
    assert [s.lives for s in play.standing] == [1, 1, 2, 1]
    assert any("was killed" in line for line in said)
    assert any("peer 2 is back; on its disk are" in line for line in said)
    assert play.standing[1].not_heard > 0 and play.standing[0].not_heard == 0
    assert not any(s.refused for s in play.standing), said
