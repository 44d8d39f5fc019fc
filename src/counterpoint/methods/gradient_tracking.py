"""Gradient tracking: local steps along an estimate of the network's gradient."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.samples import Batch
from counterpoint.errors import UserError
from counterpoint.exchange import Blocks, per_block
from counterpoint.exchange.layout import Tensors
from counterpoint.methods.d_psgd import DPSGD
from counterpoint.methods.peer import Peer
from counterpoint.methods.settings import TrainSettings
from counterpoint.objectives import inner_product


@dataclass(frozen=True)
class Tracked(Blocks):
    """What a peer tells its neighbours: its tensors after training, and the mean direction that it took."""

    direction: Tensors = per_block()


class GradientTracking(DPSGD):
    """Gradient tracking with local steps, K-GT (Liu et al., "Decentralized gradient tracking with local steps", 2023).

    Peer k takes K_k steps w <- w - lr (g(w) + c_k) from its w_k. With the mean direction z_k = (w_k - w_k') / (K_k lr),
    which holds the correction, it sends w_k' and z_k, and

        w_k <- sum_j P_kj w_j',    c_k <- c_k - z_k + sum_j P_kj z_j,

    so that g_k + c_k follows the mean gradient of the network; the corrections begin at zero, and of equal degrees of
    ownership they sum to zero over the owners of a block. Deviations: one learning rate for both levels, as with the
    paper's eta_s = 1; peers may take different numbers of steps, whose directions are means all the same; a peer that
    takes none keeps its correction. For plain gradient descent only: other optimisers are refused.
    """

    name = "gradient-tracking"

    def check(self, settings: TrainSettings) -> None:
        """Only plain SGD."""
        if settings.optimizer != "sgd" or settings.momentum or settings.weight_decay:
            raise UserError(
                f"{self.name} needs plain SGD: set train.optimizer=sgd, train.momentum=0, train.weight_decay=0"
            )

    def peer(self, peer: Peer) -> None:
        """Train along the corrected gradient, mix weights and directions, renew the correction."""
        start = peer.load({})
        moving = [n for n in start if not self.model.layout[n].fixed]
        correction = peer.memory.get("correction", peer.map(_zeros, {n: start[n] for n in moving}))
        steps, active = self.planned(peer, start, correction)
        using = {**self.prepared(peer, start), "correction": correction}
        trained = peer.train(start, self.loss, using=using, steps=steps)
        rate = peer.map(lambda count: count * peer.settings.lr, steps)
        direction = peer.map(_direction, {n: start[n] for n in moving}, {n: trained[n] for n in moving}, rate)
        heard = peer.exchange(Tracked(trained, direction), active=active)
        peer.memory["model"] = heard.mixed()
        peer.memory["correction"] = peer.map(_renewed, correction, direction, heard.mixed("direction"))

    def loss(self, params: Tensors, batch: Batch, using: Mapping[str, Any]) -> Tensor:
        """The local objective with the correction <c, w>, one value a row."""
        plain = super().loss(params, batch, using)
        return plain + inner_product(params, using["correction"]) if "correction" in using else plain


def _zeros(like: Tensors) -> Tensors:
    return {name: torch.zeros_like(value) for name, value in like.items()}


def _direction(start: Tensors, end: Tensors, rate: Tensor) -> Tensors:
    """(start - end) / rate; zero where no step was taken."""
    taken = rate > 0
    safe = torch.where(taken, rate, 1.0)
    return {n: torch.where(taken, (start[n] - end[n]) / safe, 0.0) for n in start}


def _renewed(correction: Tensors, own: Tensors, mixed: Tensors) -> Tensors:
    """c - z + mixed z."""
    return {n: c - own[n] + mixed[n] for n, c in correction.items()}
