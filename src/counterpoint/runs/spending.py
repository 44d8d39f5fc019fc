"""Where the time of a run goes, over all processes that worked on it."""

import time
from collections.abc import Mapping
from typing import Any

from counterpoint.engines.profile import KINDS, Profile

SAVING = "saving"
"""A phase on the clock, and a kind beside those of the engine's profile."""


class Spending:
    """Seconds by phase, on the clock, and by kind, as the engine's profile has them.

    Args:
        profile: of the engine.

    Attributes:
        phases: seconds on the clock of `training`, `evaluation` and `saving`.
        profile: of the engine: of this process alone.
    """

    def __init__(self, profile: Profile) -> None:
        self.phases: dict[str, float] = {}
        self.profile = profile
        self._before: Mapping[str, Any] = {}

    def add(self, phase: str, since: float) -> float:
        """Count the time since `since`; returns now."""
        now = time.perf_counter()
        self.phases[phase] = self.phases.get(phase, 0.0) + now - since
        return now

    def told(self) -> dict[str, Any]:
        """All of it as plain values, to be saved and shown.

        `phases`: seconds on the clock; `seconds`: by kind, those of worker processes among them; `client_rounds`: how
        often a client was visited; `stacks`: what was measured, by program and modalities; `recorded`: how many kinds
        of step were recorded, counted in each process; `workers`: processes that clients were computed in.
        """
        before, now = self._before, self.profile
        spent = before.get("seconds", {})
        return {
            "phases": dict(self.phases),
            "seconds": {
                **{kind: spent.get(kind, 0.0) + now.seconds[kind] for kind in KINDS},
                SAVING: self.phases.get(SAVING, 0.0),
            },
            "client_rounds": before.get("client_rounds", 0) + now.visits,
            "stacks": self._stacks(),
            "recorded": before.get("recorded", 0) + now.recorded,
            "workers": max(before.get("workers", 1), now.workers),
        }

    def restore(self, told: Mapping[str, Any]) -> None:
        """Go on from what an earlier process told."""
        self._before = told
        self.phases = dict(told.get("phases", {}))

    def _stacks(self) -> dict[str, Any]:
        """Of a stack that was measured by an earlier process, what it measured."""
        found = dict(self._before.get("stacks", {}))
        for work, stack in self.profile.stacks.items():
            width, seconds = stack["clients a stack"], stack.get("seconds")
            known = found.get(work, {})
            if not seconds and known.get("clients a stack") == width:
                continue
            times = {str(clients): value for clients, value in seconds.items()} if isinstance(seconds, Mapping) else {}
            found[work] = {"clients a stack": width, "seconds": times}
        return found
