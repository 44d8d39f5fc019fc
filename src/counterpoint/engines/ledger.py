"""Joules and seconds of the devices of a network, round by round."""

from collections.abc import Mapping
from copy import copy
from functools import cached_property
from typing import Any, Self

import torch
from torch import Tensor

from counterpoint.data.modality import Modality
from counterpoint.engines.flops import flops_by_block
from counterpoint.engines.network import Network
from counterpoint.errors import CounterpointError
from counterpoint.models.model import Model
from counterpoint.simulate.channel import seconds_a_byte, seconds_a_byte_to_centre
from counterpoint.simulate.energy import batteries, frequencies, shares, step_joules, step_seconds, training_cost
from counterpoint.simulate.graph import places_of
from counterpoint.simulate.settings import DeviceSettings

ENCODERS = "encoder."
SLACK = 1e-9
"""Share of a battery that rounding may overdraw."""


class Ledger:
    """What each device has, what things cost it, and what it has spent.

    Args:
        settings: of devices.
        network: of the run.
        model: of the run.
        modalities: of the population, by name.
        batch: rows of a local step.
        rounds: of the run.
        seed: of the run.

    Attributes:
        left: joules in each battery, float64 [peers]; infinite without batteries.
        computed: joules of computing in this round, [peers].
        sending: joules of sending in this round, [peers].
        seconds: that each device was busy in this round, [peers].
        speaks: who sent anything in this round, bool [peers].
    """

    def __init__(
        self,
        settings: DeviceSettings,
        network: Network,
        model: Model,
        modalities: Mapping[str, Modality],
        batch: int,
        rounds: int,
        seed: int,
    ) -> None:
        shares(settings.battery)
        self._settings = settings
        self._network = network
        self._model = model
        self._modalities = modalities
        self._batch = batch
        self._rounds = rounds
        self._seed = seed
        self._hertz = frequencies(len(network.clients), settings, seed)
        self._byte_seconds = torch.zeros(0)
        self._left: Tensor | None = None
        self._clear()

    def _clear(self) -> None:
        nothing = torch.zeros(len(self._network.clients), dtype=torch.float64)
        self.computed, self.sending, self.seconds = nothing.clone(), nothing.clone(), nothing.clone()
        self.speaks = nothing.bool()

    def copy(self) -> Self:
        """As it is now."""
        found = copy(self)
        for name in ("computed", "sending", "seconds", "speaks", "_left"):
            value = getattr(self, name)
            setattr(found, name, None if value is None else value.clone())
        return found

    @cached_property
    def _flops(self) -> dict[str, int]:
        return flops_by_block(self._model, self._modalities)

    @cached_property
    def _steps(self) -> dict[str, Tensor]:
        """Joules of a step by block, [peers]."""
        return {b: step_joules(n, self._batch, self._hertz, self._settings) for b, n in self._flops.items()}

    @property
    def left(self) -> Tensor:
        """Joules in each battery."""
        if self._left is None:
            self._left = self._full()
        return self._left

    def _full(self) -> Tensor:
        """Joules in each battery at the start: a share of a run in which all that a device owns of encoders moves."""
        layout = self._model.layout
        blocks = [b for b in layout.blocks if b.startswith(ENCODERS)] or list(layout.blocks)
        names = {b: layout.of_block(b) for b in blocks}
        own = {b: self._network.owners(names[b][0]).double() for b in blocks}
        size = {
            b: sum(torch.Size(layout[n].shape).numel() * layout[n].dtype.itemsize for n in names[b]) for b in blocks
        }
        graph = self._network.graph(1)
        calm = DeviceSettings(**{**vars(self._settings), "fading": False})
        byte = seconds_a_byte(graph, places_of(graph, self._seed), calm, seed=self._seed, round=1)
        training = torch.stack([own[b] * self._steps[b] for b in blocks]).sum(0)
        sent = torch.stack([own[b] * size[b] for b in blocks]).sum(0)
        return batteries(self._settings, self._rounds, training, sent * byte * self._settings.power, self._seed)

    def begin(self, round: int) -> None:
        """Make ready for a round: channels are drawn."""
        self._clear()
        graph = self._network.graph(round)
        places = places_of(graph, self._seed)
        self._byte_seconds = seconds_a_byte(graph, places, self._settings, seed=self._seed, round=round)

    def costs(self) -> dict[str, Tensor]:
        """What each device has and what things cost it in this round, float64 [peers], see `Peer.device`."""
        waiting = torch.full_like(self._hertz, self._settings.forward_share)
        found = {"left": self.left, "byte": self._byte_seconds * self._settings.power, "waiting": waiting}
        return found | {f"step.{block}": joules for block, joules in self._steps.items()}

    def trained(self, peers: Tensor, steps: Mapping[str, Tensor]) -> None:
        """Some devices trained.

        Args:
            peers: their numbers, int64 [some].
            steps: by block, int64 [some].
        """
        if not steps:
            return
        flops = {b: self._flops.get(b, 0) for b in steps}
        hertz = self._hertz[peers]
        joules = {b: step_joules(n, self._batch, hertz, self._settings) for b, n in flops.items()}
        seconds = {b: step_seconds(n, self._batch, hertz, self._settings) for b, n in flops.items()}
        share = self._settings.forward_share
        self.computed[peers] += training_cost(joules, steps, share)
        self.seconds[peers] += training_cost(seconds, steps, share)
        self._pay(peers, training_cost(joules, steps, share))

    def sent(self, sizes: Tensor, speaks: Tensor) -> None:
        """What each device sent to its neighbours.

        Args:
            sizes: bytes, [peers].
            speaks: who sent anything, bool [peers].
        """
        seconds = self._byte_seconds * sizes
        self.sending += seconds * self._settings.power
        self.seconds += seconds
        self.speaks |= speaks
        self._pay(torch.arange(len(sizes)), seconds * self._settings.power)

    @property
    def deadline(self) -> float | None:
        """Seconds after which a round ends without those who are not ready."""
        return self._settings.deadline

    def late(self, sizes: Tensor) -> Tensor:
        """Who would be ready with sending so many bytes, [peers], only after the deadline; bool [peers]."""
        if self.deadline is None:
            return torch.zeros_like(self.speaks)
        return self.seconds + self._byte_seconds * sizes > self.deadline

    def visit_seconds(self, peer: int, steps: int, size: int, round: int) -> float:
        """Seconds of a visit by a server in the middle of the square, all that a device owns training in each step.

        Args:
            peer: number of the device.
            steps: that it takes.
            size: bytes that it gets and sends.
            round: of the run.
        """
        link = seconds_a_byte_to_centre(len(self._hertz), self._settings, seed=self._seed, round=round)
        own = [b for b in self._flops if bool(self._network.owners(self._model.layout.of_block(b)[0])[peer])]
        flops = sum(self._flops[b] for b in own)
        one = step_seconds(flops, self._batch, self._hertz[peer], self._settings)
        return float(steps * one + size * link[peer])

    def _pay(self, peers: Tensor, joules: Tensor) -> None:
        left = self.left[peers] - joules
        if bool((left < -SLACK * self.left[peers].clamp(min=1e-300)).any()):
            worst = self._network.clients[int(peers[left.argmin()])]
            raise CounterpointError(
                f"client {worst} spent more than its battery held: its program must plan with peer.device"
            )
        self._left = self.left.clone()
        self._left[peers] = left.clamp(min=0)

    def notes(self) -> dict[str, Tensor]:
        """Measures of this round, float64 [peers]."""
        found = {"joules_compute": self.computed, "joules_send": self.sending, "seconds": self.seconds}
        found["silent"] = (~self.speaks).double()
        return found if shares(self._settings.battery) is None else found | {"battery": self.left}

    def full(self) -> dict[str, Any]:
        """Joules in each battery before the first round, for people; nothing without batteries."""
        return {} if shares(self._settings.battery) is None else {"batteries": self._full().tolist()}

    def told(self) -> dict[str, Any]:
        """What must be saved."""
        return {} if self._left is None or shares(self._settings.battery) is None else {"left": self._left}

    def restore(self, told: Mapping[str, Any]) -> None:
        """Take back what `told` gave."""
        if "left" in told:
            self._left = told["left"].clone()
