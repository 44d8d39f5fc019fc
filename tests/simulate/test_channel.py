"""Radio channels: worked values, fading, broadcasts."""

import math

import pytest
import torch

from counterpoint.simulate.channel import path_loss, rates, seconds_a_byte, seconds_a_byte_to_centre
from counterpoint.simulate.graph import Graph, drawn_places, places_of
from counterpoint.simulate.settings import DeviceSettings

CALM = DeviceSettings(fading=False)


def metres(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_path_loss_of_some_distances():
    assert path_loss(metres(1000, 100, 10, 0.1)).tolist() == pytest.approx([128.1, 90.5, 52.9, 15.3])


def test_the_rate_at_a_hundred_metres():
    """20 dBm less 90.5 dB over -114 dBm of noise in 1 MHz: 43.5 dB."""
    expected = 1e6 * math.log2(1 + 10**4.35)
    assert rates(metres(100), metres(1), CALM).item() == pytest.approx(expected, rel=1e-12)
    assert rates(metres(100), metres(0.5), CALM).item() == pytest.approx(1e6 * math.log2(1 + 10**4.35 / 2))


def test_a_broadcast_is_as_slow_as_its_worst_channel():
    places = torch.tensor([[0, 0], [10, 0], [100, 0], [150, 150]], dtype=torch.float64)
    graph = Graph.of(4, [(0, 1), (0, 2)], places)
    slow = (8 / rates(metres(100), metres(1), CALM)).item()
    quick = (8 / rates(metres(10), metres(1), CALM)).item()
    found = seconds_a_byte(graph, places, CALM, seed=0, round=1)
    assert found.tolist() == pytest.approx([slow, quick, slow, 0.0])


def test_fading_is_of_the_pair_and_the_round_whatever_else_there_is():
    places = drawn_places(5, 3, "somewhere")
    settings = DeviceSettings()
    lone = seconds_a_byte(Graph.of(5, [(1, 4)], places), places, settings, seed=3, round=2)
    more = seconds_a_byte(Graph.of(5, [(1, 4), (0, 2), (2, 3)], places), places, settings, seed=3, round=2)
    assert lone[1] == lone[4] == more[1] == more[4]
    assert lone[0] == 0 and more[0] > 0
    assert seconds_a_byte(Graph.of(5, [(1, 4)], places), places, settings, seed=3, round=3)[1] != lone[1]
    assert seconds_a_byte(Graph.of(5, [(1, 4)], places), places, settings, seed=4, round=2)[1] != lone[1]


def test_fades_are_exponential_with_mean_one():
    """What the rate says of the fade, undone."""
    peers = 60
    places = torch.zeros(peers, 2, dtype=torch.float64)
    pairs = [(2 * i, 2 * i + 1) for i in range(peers // 2)]
    fades = []
    for round in range(1, 41):
        found = seconds_a_byte(Graph.of(peers, pairs), places, DeviceSettings(), seed=0, round=round)
        snr = 2 ** (8 / found[::2] / 1e6) - 1
        fades.append(snr / (10 ** ((20 - 15.3 + 114) / 10)))
    every = torch.cat(fades)
    assert every.mean().item() == pytest.approx(1.0, abs=0.1)
    assert (every < math.log(2)).double().mean().item() == pytest.approx(0.5, abs=0.05)


def test_without_edges_nothing_is_sent():
    graph = Graph.of(3, [])
    assert seconds_a_byte(graph, places_of(graph, 0), CALM, seed=0, round=1).tolist() == [0, 0, 0]


def test_to_a_base_station_in_the_middle():
    found = seconds_a_byte_to_centre(4, CALM, seed=5, round=1)
    apart = (drawn_places(4, 5, "places") - 100).norm(dim=1)
    assert torch.allclose(found, 8 / rates(apart, torch.ones(4), CALM), rtol=1e-12)
    assert not torch.equal(found, seconds_a_byte_to_centre(4, DeviceSettings(), seed=5, round=1))
