"""The stacked engine's part for networks without a server: peers of one structure run their program together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from counterpoint.engines.bulk import Bulk, Structure
from counterpoint.engines.choice import Choice
from counterpoint.engines.exchanged import Exchanged, Spoken
from counterpoint.engines.gather import Gathered
from counterpoint.engines.meeting import Speak, meet
from counterpoint.engines.memory import ClientMemory
from counterpoint.engines.peers import ManyPeers
from counterpoint.engines.pools import Pools
from counterpoint.engines.sequential import Program
from counterpoint.engines.steps import Steps
from counterpoint.randomness import Key


class _CannotStackError(Exception):
    """Peers of some kind of work cannot be computed together."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


class _NobodyError(Exception):
    """A peer speaks where nobody is: its program was run only to measure what training costs."""


def _nobody(_: Spoken) -> Exchanged:
    raise _NobodyError


def why_unstackable(error: RuntimeError) -> str:
    """Why clients cannot be computed together; any other error is raised again."""
    if "vmap" not in str(error):
        raise error
    return str(error).splitlines()[0][:200]


class StackedPeers(Bulk):
    """Stacks of clients that own the same modalities, and their gossip."""

    _choice: Choice

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._members: dict[Structure, list[int]] = {}
        for client, modalities in self._modalities.items():
            self._members.setdefault(modalities, []).append(client)
        self._pools = Pools(self._held, self._members, self._global_test, self.device)
        self._steps = Steps(self.profile)

    def _reduced(self, client: int) -> bool:
        """Whether a client that is there lacks a modality of its own: such a one goes through the loop."""
        return self._now[client] != self._modalities[client]

    def _splits_of_stack(self, structure: Structure, clients: Sequence[int]) -> dict[str, Callable[[], Gathered]]:
        """The rows of some clients of a structure, by split."""
        return self._pools.splits(structure, clients, self._handed_out(structure))

    def _gossip(self, program: str, occasion: str) -> None:
        before = {client: dict(self._memory(client).values) for client in self.clients}
        log, ledger = self.log, self.ledger.copy()
        while True:
            self.log = replace(log, traffic=dict(log.traffic), refused=list(log.refused), notes=dict(log.notes))
            peers = [run for structure in self._members for run in self._peers_of(program, structure, occasion)]
            peers += [self._peer(program, client, occasion) for client in sorted(self._now) if self._reduced(client)]
            try:
                meet(peers, self._answers)
                return
            except _CannotStackError as error:
                self._choice.cannot(error.kind, str(error))
                self.ledger = ledger.copy()
                self._told = {}
                for client, values in before.items():
                    self._memory(client).values = dict(values)

    def _peers_of(self, program: str, structure: Structure, occasion: str) -> list[Program]:
        """The program of the peers of a structure: of all at once, or of one after another where that is faster."""
        clients = [c for c in self._members[structure] if c in self._now and not self._reduced(c)]
        if not clients:
            return []
        key = ("round", self.round, occasion)

        def trial(first: int) -> str:
            memories = [ClientMemory(dict(self._memory(client).values)) for client in clients[:first]]
            peers = self._many_peers(structure, clients[:first], memories, key, first, _nobody, measuring=True)
            try:
                getattr(self._away, program)(peers)
            except _NobodyError:
                return ""
            except RuntimeError as error:
                return why_unstackable(error)
            return ""

        kind, width = self._choice.of(program, structure, len(clients), trial)
        self.profile.stacks[f"{program}, {'+'.join(structure)}"] = {
            "clients a stack": min(width, len(clients)),
            "seconds": self._choice.seconds(kind),
        }
        if width == 1:
            return [self._peer(program, client, occasion) for client in clients]

        def run(speak: Speak[Spoken, Exchanged]) -> None:
            memories = [self._memory(client) for client in clients]
            peers = self._many_peers(structure, clients, memories, key, width, speak)
            try:
                getattr(self._away, program)(peers)
            except RuntimeError as error:
                raise _CannotStackError(kind, why_unstackable(error)) from error
            for _ in clients:
                self.tick()

        return [run]

    def _many_peers(
        self,
        structure: Structure,
        clients: Sequence[int],
        memories: Sequence[ClientMemory],
        key: tuple[Key, ...],
        width: int,
        speak: Speak[Spoken, Exchanged],
        measuring: bool = False,
    ) -> ManyPeers:
        return ManyPeers(
            self._splits_of_stack(structure, clients),
            model=self.model,
            modalities=structure,
            settings=self._settings_of(key),
            memories=memories,
            seed=self.seed,
            keys=[("client", client, *key) for client in clients],
            gradients=self._steps,
            profile=self.profile,
            times=self.rounds,
            width=width,
            measuring=measuring,
            peers=torch.tensor([self.network.number[client] for client in clients]),
            clients=clients,
            around=self._around(speak),
        )
