"""Looking on at a device of a network, for programs."""

import json
from collections.abc import Mapping
from pathlib import Path

import typer

from counterpoint.cli.watchers import Silent
from counterpoint.evaluate import MetricName
from counterpoint.evaluate.headline import HEADLINES
from counterpoint.runs import RunConfig

TOLD = ("heard", "not_heard", "waited")


class Events(Silent):
    """A line of JSON for everything that happens, for programs that look on."""

    def begins(self, config: RunConfig, out: Path, done: int, clients: int) -> None:
        """The device is there."""
        super().begins(config, out, done, clients)
        _say({"event": "begins", "round": done, "rounds": config.rounds})

    def round_done(self, number: int, latest: Mapping[MetricName, float], refused: list[tuple[int, str]]) -> None:
        """A round has ended."""
        scores = [latest[name] for names in HEADLINES.values() for name in names if name in latest]
        told = {name.measure: value for name, value in latest.items() if name.measure in TOLD}
        _say({"event": "round", "round": number, "accuracy": scores[0] if scores else None, **told})
        for sender, why in refused:
            _say({"event": "refused", "round": number, "peer": sender, "why": why})

    def ends(self) -> None:
        """It is gone."""
        _say({"event": "ends"})


def _say(what: Mapping[str, object]) -> None:
    typer.echo(json.dumps(what))
