"""Looking on at a run from Flower's log: a line a round."""

import logging
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from counterpoint.evaluate import MetricName
from counterpoint.evaluate.headline import headline
from counterpoint.runs import RunConfig, Watcher

LOG = logging.getLogger("flwr")


class Lines(Watcher):
    """Says in Flower's log what happens, with the time that is left."""

    def begins(self, config: RunConfig, out: Path, done: int, clients: int) -> None:
        """Where it is."""
        self._rounds, self._done, self._begun = config.rounds, done, monotonic()
        LOG.info("counterpoint: %s on %s, run folder %s", config.method, config.data.name, out)
        if done:
            LOG.info("counterpoint: going on after round %d", done)

    def round_done(self, number: int, latest: Mapping[MetricName, float], refused: list[tuple[int, str]]) -> None:
        """How it stands."""
        for client, why in refused:
            LOG.warning("counterpoint: client %d is left out of round %d: %s", client, number, why)
        each = (monotonic() - self._begun) / max(1, number - self._done)
        left = each * (self._rounds - number)
        LOG.info("counterpoint: round %d of %d, %.0f s left; %s", number, self._rounds, left, headline(latest))
