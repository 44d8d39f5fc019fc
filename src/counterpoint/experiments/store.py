"""The folder of a comparison: what it compares, its runs, and why some failed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from counterpoint.errors import UserError
from counterpoint.experiments.case import Case, Tuned, cases
from counterpoint.experiments.comparison import Comparison
from counterpoint.experiments.outcome import Outcome, Results
from counterpoint.runs import RunConfig, RunFolder
from counterpoint.storage import write_atomically

State = Literal["finished", "interrupted", "new"]


@dataclass(frozen=True)
class Store:
    """Paths in the folder of a comparison.

    `comparison.toml` what is compared; `tuned.json` settings that were found or a profile says; `runs/` a run folder
    each; `failed/` a text each, why a run failed; `tuning/` what searches for settings tried; `results.json`,
    `report.html`.

    Attributes:
        path: of the folder.
        pool: where run folders lie that several comparisons share; `runs/` in the folder where None.
    """

    path: Path
    pool: Path | None = None

    @property
    def config(self) -> Path:
        """What is compared."""
        return self.path / "comparison.toml"

    @property
    def runs(self) -> Path:
        """Run folders."""
        return self.pool or self.path / "runs"

    @property
    def failed(self) -> Path:
        """A text for each run that failed."""
        return self.path / "failed"

    @property
    def tuning(self) -> Path:
        """What searches for settings tried."""
        return self.path / "tuning"

    @property
    def tuned(self) -> Path:
        """Settings that were found, by method and data."""
        return self.path / "tuned.json"

    @property
    def results(self) -> Path:
        """The numbers."""
        return self.path / "results.json"

    @property
    def report(self) -> Path:
        """The report."""
        return self.path / "report.html"

    @classmethod
    def create(cls, path: Path, comparison: Comparison, pool: Path | None = None) -> "Store":
        """The folder of a comparison, new or one that is there: its finished runs will be found.

        Raises:
            UserError: there is something else, or it cannot be made.
        """
        store = cls(path, pool)
        try:
            if path.exists() and not store.config.is_file() and (not path.is_dir() or any(path.iterdir())):
                raise UserError(f"{path} is there already and holds no comparison: choose another --out")
            store.runs.mkdir(parents=True, exist_ok=True)
            store.failed.mkdir(parents=True, exist_ok=True)
            write_atomically(store.config, comparison.toml().encode())
        except OSError as error:
            raise UserError(f"cannot write to {path}: {error.strerror}") from error
        return store

    @classmethod
    def open(cls, path: Path) -> "Store":
        """The folder of a comparison that is there.

        Raises:
            UserError: it is none.
        """
        store = cls(path)
        if not store.config.is_file():
            raise UserError(f"{path} is not the folder of a comparison: it has no {store.config.name}")
        return store

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside the `with` no other process works in this folder.

        Raises:
            UserError: one does already.
        """
        try:
            with FileLock(self.path / ".lock", blocking=False):
                yield
        except Timeout as error:
            raise UserError(f"another process works on {self.path}: wait for it, or choose another --out") from error

    def write_tuned(self, tuned: Tuned) -> None:
        """Remember settings that were found for methods on data, or that a profile says: the runs stand on them."""
        told = [{"method": v, "data": c, "settings": dict(settings)} for (v, c), settings in tuned.items()]
        write_atomically(self.tuned, (json.dumps(told, indent=1) + "\n").encode())

    def read_tuned(self) -> Tuned:
        """What `write_tuned` remembered; nothing where there was nothing.

        Raises:
            UserError: the file is damaged.
        """
        if not self.tuned.is_file():
            return {}
        try:
            told = json.loads(self.tuned.read_text(encoding="utf-8"))
            return {(part["method"], part["data"]): part["settings"] for part in told}
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{self.tuned} is damaged ({error})") from error

    def write_results(self, numbers: Mapping[str, Any]) -> None:
        """Write what `numbers.numbers` makes of the results."""
        write_atomically(self.results, (json.dumps(numbers, indent=1, allow_nan=False) + "\n").encode())

    def folder(self, case: Case) -> Path:
        """The run folder of a case."""
        return self.runs / case.name

    def state(self, case: Case) -> State:
        """How far a case is.

        Raises:
            UserError: its folder holds a run of another configuration, or its configuration is damaged.
        """
        folder = RunFolder(self.folder(case))
        if not folder.config.is_file():
            return "new"
        if RunConfig.read(folder.config) != case.config:
            raise UserError(f"{folder.path} holds a run that is not {case.name}: delete it, or choose another --out")
        return "finished" if folder.result.is_file() else "interrupted"

    def fail(self, case: Case, why: str) -> None:
        """Remember why a case failed."""
        write_atomically(self.failed / f"{case.name}.txt", f"{why}\n".encode())

    def forget(self, case: Case) -> None:
        """It did not fail, or is tried again."""
        (self.failed / f"{case.name}.txt").unlink(missing_ok=True)

    def read(self, comparison: Comparison, runs: Sequence[Case]) -> Results:
        """What there is of a comparison by now."""
        outcomes, failures, missing = [], {}, []
        for case in runs:
            folder = RunFolder(self.folder(case))
            why = self.failed / f"{case.name}.txt"
            if self.state(case) == "finished":
                outcomes.append(Outcome(case, folder.path, folder.read_json(folder.result)))
            elif why.is_file():
                failures[case.name] = why.read_text(encoding="utf-8").strip()
            else:
                missing.append(case.name)
        return Results(comparison, outcomes, failures, missing)


def load(path: Path) -> Results:
    """What there is of the comparison in a folder.

    Raises:
        UserError: it is none, or a file of it is damaged.
    """
    store = Store.open(path)
    comparison = Comparison.read(store.config)
    return store.read(comparison, cases(comparison, store.read_tuned()))
