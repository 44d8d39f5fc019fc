"""D-PSGD: local steps, then mixing with neighbours."""

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import Field

from counterpoint.exchange.layout import Tensors
from counterpoint.methods.budget import Spending, affordable
from counterpoint.methods.client import Value
from counterpoint.methods.decentralised import Decentralised
from counterpoint.methods.peer import Peer


class DPSGD(Decentralised):
    """Decentralised parallel SGD (Lian et al., NeurIPS 2017), with local steps.

    A round of peer k: w_k takes K steps of gradient descent on its own loss, and w_k <- sum_j P_kj w_j over its
    neighbours and itself, each block over the neighbours that own it. With K = 1 and full participation this is the
    algorithm of the paper, with the gradient taken before mixing; local steps between mixings are those of local SGD.
    With no edges it is local training alone; on a complete graph, with one step and equal batches, mini-batch SGD.

    A device with a battery takes no step that it cannot pay for, see `methods.budget`: so `spending=evenly` is the
    baseline of equal local steps at equal energy.
    """

    name = "d-psgd"

    steps: Annotated[int, Field(ge=0, description="local steps a round; those of the run's epochs where 0")] = 0
    spending: Annotated[
        Spending,
        Field(description="of a battery: all steps until it is empty, or as many as an even share of it pays for"),
    ] = "freely"

    def peer(self, peer: Peer) -> None:
        """Train, and mix."""
        start = peer.load({})
        steps, active = self.planned(peer, start)
        trained = peer.train(start, self.loss, using=self.prepared(peer, start), steps=steps)
        peer.memory["model"] = peer.mix(trained, active=active)

    def planned(self, peer: Peer, start: Tensors, sends: Tensors | None = None) -> tuple[Value, Value]:
        """How many steps the peer takes in this round, and whether it talks at all.

        Args:
            peer: the peer.
            start: its tensors.
            sends: what it sends beside them.
        """
        layout = self.model.layout
        blocks = sorted({layout[n].block for n in start if not layout[n].fixed})
        size = peer.size(start) + peer.size(sends or {})
        left = peer.rounds - peer.round + 1
        wanted = torch.tensor(self.steps) if self.steps else peer.steps()

        def plan(device: Mapping[str, Any], count: Any) -> Any:
            return affordable(device, count, blocks, size, self.spending, left)

        steps = peer.map(plan, peer.device, wanted)
        return steps, peer.map(lambda count: count > 0, steps)
