"""Radio channels between devices."""

import torch
from torch import Tensor

from counterpoint.randomness import generator
from counterpoint.simulate.graph import SIDE, Graph, drawn_places
from counterpoint.simulate.settings import DeviceSettings

NEAREST = 1.0
"""Metres: devices are not nearer than that."""


def path_loss(metres: Tensor) -> Tensor:
    """128.1 + 37.6 log10(d / km), in dB: that of cells in towns, as the field mostly takes it."""
    return 128.1 + 37.6 * torch.log10(metres.clamp(min=NEAREST) / 1000)


def rates(metres: Tensor, fade: Tensor, settings: DeviceSettings) -> Tensor:
    """R = W log2(1 + p g / (N0 W)), in bit/s, g the fade times the path's gain; of any shape.

    Args:
        metres: between sender and receiver.
        fade: power gains of fading, 1 where there is none.
        settings: p, W and N0.
    """
    received = settings.power * fade * 10 ** (-path_loss(metres) / 10)
    noise = 10 ** ((settings.noise - 30) / 10) * settings.bandwidth
    return settings.bandwidth * torch.log2(1 + received / noise)


def seconds_a_byte_to_centre(peers: int, settings: DeviceSettings, *, seed: int, round: int) -> Tensor:
    """Seconds in which a device sends a byte to a base station in the middle of the square, or gets one; [peers].

    Args:
        peers: how many.
        settings: of radios.
        seed: of the run.
        round: of the run.
    """
    apart = (drawn_places(peers, seed, "places") - SIDE / 2).norm(dim=1)
    fade = torch.ones_like(apart)
    if settings.fading:
        fade = -torch.log1p(-torch.rand(peers, generator=generator(seed, "fading", round), dtype=torch.float64))
    return 8 / rates(apart, fade, settings)


def seconds_a_byte(graph: Graph, places: Tensor, settings: DeviceSettings, *, seed: int, round: int) -> Tensor:
    """Seconds in which a peer broadcasts a byte to all its neighbours, float64 [peers]; 0 where it has none.

    A broadcast is as fast as its worst channel; channels do not disturb each other. Fading is Rayleigh's: power gains
    are exponential with mean 1, the same both ways, drawn for each pair by itself, whatever other edges there are.

    Args:
        graph: who talks to whom.
        places: where peers are, [peers, 2], metres.
        settings: of radios.
        seed: of the run.
        round: of the run.
    """
    if not len(graph.edges):
        return torch.zeros(graph.peers, dtype=torch.float64)
    apart = (places[graph.edges[:, 0]] - places[graph.edges[:, 1]]).norm(dim=1)
    fade = torch.ones_like(apart)
    if settings.fading:
        every = torch.rand(graph.peers, graph.peers, generator=generator(seed, "fading", round), dtype=torch.float64)
        fade = -torch.log1p(-every[graph.edges[:, 0], graph.edges[:, 1]])
    slow = 8 / rates(apart, fade, settings)
    worst = torch.zeros(graph.peers, dtype=torch.float64)
    for end in (0, 1):
        worst.scatter_reduce_(0, graph.edges[:, end], slow, "amax")
    return worst
