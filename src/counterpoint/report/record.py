"""What a run folder tells, read from its files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from counterpoint.report.select import Curves, read
from counterpoint.runs.checkpoint import spending_so_far
from counterpoint.runs.config import RunConfig
from counterpoint.runs.exhibit import read_exhibit
from counterpoint.runs.folder import RunFolder


@dataclass(frozen=True)
class Record:
    """A run as its folder tells it.

    Attributes:
        name: of the folder.
        config: of the run.
        config_text: the configuration file as it is.
        population: what the data is and what was drawn of it.
        curves: every metric by round.
        done: rounds that the metrics cover.
        finished: whether the run is.
        profile: where the time went, see `Spending.told`; of older folders `phases` alone.
        refusals: log lines about refused uploads.
        exhibit: what the method left to be looked at, see `read_exhibit`.
        network: who talks to whom, see `runs.folder`; empty where there is a server.
    """

    name: str
    config: RunConfig
    config_text: str
    population: Mapping[str, Any]
    curves: Curves
    done: int
    finished: bool
    profile: Mapping[str, Any]
    refusals: tuple[str, ...] = ()
    exhibit: Mapping[str, Any] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)


def read_record(folder: RunFolder) -> Record:
    """Read a run folder, finished or not.

    Raises:
        UserError: a file that it needs is missing or damaged.
    """
    config = RunConfig.read(folder.config)
    curves = read(folder.metrics) if folder.metrics.exists() else {}
    result = folder.read_json(folder.result) if folder.result.exists() else None
    return Record(
        name=folder.path.resolve().name,
        config=config,
        config_text=folder.config.read_text(encoding="utf-8"),
        population=folder.read_json(folder.population),
        curves=curves,
        done=max((points[-1][0] for points in curves.values()), default=0),
        finished=result is not None,
        profile=_profile(result) if result is not None else spending_so_far(folder.checkpoint),
        refusals=_refusals(folder.log),
        exhibit=read_exhibit(folder.exhibit),
        network=folder.read_json(folder.network) if folder.network.exists() else {},
    )


def training_seconds(profile: Mapping[str, Any]) -> float:
    """Seconds that training took, without scoring and saving; once a profile had phases and nothing else."""
    return float(profile.get("phases", profile).get("training", 0.0))


def _profile(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """That of a result; once it had seconds by phase and nothing else."""
    found: Mapping[str, Any] = result.get("profile", {})
    return found if "phases" in found else {"phases": found}


def _refusals(log: Path) -> tuple[str, ...]:
    if not log.is_file():
        return ()
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return tuple(line for line in lines if " was refused: " in line)
