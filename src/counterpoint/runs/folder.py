"""The run folder: everything needed to resume, compare or report on a run, on any machine."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterpoint.errors import UserError
from counterpoint.runs.config import RunConfig
from counterpoint.storage import TEMPORARY, write_atomically


@dataclass(frozen=True)
class RunFolder:
    """Paths in a run folder.

    `config.toml` the resolved configuration; `population.json` what the data is and what was drawn of it;
    `checkpoint.safetensors` the whole state after the last saved round; `metrics.parquet` one row a value;
    `exhibit.safetensors` samples and embeddings to be looked at, of methods that leave some; `network.json` who talks
    to whom, of runs without a server; `result.json` what `run --json` prints, once the run is finished; `log.txt`;
    `report.html`.
    """

    path: Path

    @property
    def config(self) -> Path:
        """The resolved configuration."""
        return self.path / "config.toml"

    @property
    def population(self) -> Path:
        """What the data is and what was drawn of it."""
        return self.path / "population.json"

    @property
    def checkpoint(self) -> Path:
        """The state after the last saved round."""
        return self.path / "checkpoint.safetensors"

    @property
    def metrics(self) -> Path:
        """The table of metrics."""
        return self.path / "metrics.parquet"

    @property
    def exhibit(self) -> Path:
        """Samples and embeddings to be looked at, of methods that leave some."""
        return self.path / "exhibit.safetensors"

    @property
    def network(self) -> Path:
        """Who talks to whom from which round on, and where peers are; of runs without a server."""
        return self.path / "network.json"

    @property
    def result(self) -> Path:
        """The result, there once the run is finished."""
        return self.path / "result.json"

    @property
    def log(self) -> Path:
        """The log."""
        return self.path / "log.txt"

    @property
    def report(self) -> Path:
        """The report."""
        return self.path / "report.html"

    @classmethod
    def create(cls, path: Path, config: RunConfig) -> "RunFolder":
        """A new run folder with its configuration.

        Raises:
            UserError: the folder holds something already, or cannot be made.
        """
        folder = cls(path)
        try:
            if folder.config.exists():
                how = f"go on with 'counterpoint resume {path}'"
                raise UserError(f"{path} holds another run: choose another --out, delete it, or {how}")
            if path.exists() and (not path.is_dir() or any(path.iterdir())):
                raise UserError(f"{path} is there already and is not an empty folder: choose another --out")
            path.mkdir(parents=True, exist_ok=True)
            write_atomically(folder.config, config.toml().encode())
        except OSError as error:
            raise UserError(f"cannot write to {path}: {error.strerror}") from error
        return folder

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """An existing run folder.

        Raises:
            UserError: it is none.
        """
        folder = cls(path)
        if not folder.config.is_file():
            raise UserError(f"{path} is not a run folder: it has no {folder.config.name}")
        return folder

    def tidy(self) -> None:
        """Delete what a killed process left half-written."""
        for leftover in self.path.glob(f".*{TEMPORARY}"):
            leftover.unlink(missing_ok=True)

    def write_json(self, path: Path, value: Mapping[str, Any]) -> None:
        """Write a JSON file of the folder atomically."""
        write_atomically(path, (json.dumps(value, indent=1) + "\n").encode())

    def read_json(self, path: Path) -> dict[str, Any]:
        """Read a JSON file of the folder.

        Raises:
            UserError: it is missing or damaged.
        """
        try:
            value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from error
        except ValueError as error:
            raise UserError(f"{path} is damaged ({error})") from error
        return value


def unused(base: Path) -> Path:
    """`base`, or `base-2`, `base-3`, ...: the first that does not exist."""
    candidates = (base if i == 1 else base.with_name(f"{base.name}-{i}") for i in range(1, 10**6))
    return next(path for path in candidates if not path.exists())
