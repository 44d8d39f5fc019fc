"""Runs: configuration, folder, checkpoint and resume."""

from counterpoint.runs.config import RunConfig
from counterpoint.runs.folder import RunFolder
from counterpoint.runs.result import RunResult
from counterpoint.runs.start import begin, configured, resume, run
from counterpoint.runs.stop import Stopped
from counterpoint.runs.table import read_metrics
from counterpoint.runs.watch import Watcher

__all__ = [
    "RunConfig",
    "RunFolder",
    "RunResult",
    "Stopped",
    "Watcher",
    "begin",
    "configured",
    "read_metrics",
    "resume",
    "run",
]
