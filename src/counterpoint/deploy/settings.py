"""What an app is told in `[tool.flwr.app.config]` of its pyproject.toml, and by `flwr run --run-config`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError

from counterpoint.errors import UserError
from counterpoint.methods.options import explain
from counterpoint.runs.config import Section


class AppSettings(Section):
    """Settings of an app. Keys have `-` where names here have `_`; Flower takes those alone that pyproject.toml has.

    Attributes:
        method: its name, or `FILE.py:CLASS` with a file of the app.
        data: a data set that every party can make, dealt out to as many nodes as there are; or, with `sites`, a name.
        sites: a TOML file of the app, what sites with data of their own agreed on, see `Agreement`; none where empty.
        test: with `sites`, the data set or folder whose rows are the global test at the server; none where empty.
        proxy: with `sites`, the folder with the rows that server and sites hold, as the server finds it.
        labelled: with `sites`, the folder with the server's own labelled rows.
        rounds: how many.
        clients: how many the data is dealt out to; all natural ones, or 10, where 0.
        participation: share of the clients that take part in a round.
        partition: how the data is dealt out.
        missing: which modalities are missing.
        missing_test: the same for tests.
        modalities: of the data that are used, separated by commas; all where empty.
        features: by modality, the frozen encoder whose features take its place: `text=minilm`.
        labels: who has labels.
        proxy_share: share of the training rows that everyone holds.
        epochs: local epochs a round.
        batch_size: rows a local step.
        lr: learning rate; the method's own where 0.
        seed: of everything that is drawn.
        device: where tensors live.
        settings: further ones, as `--set` takes them, separated by spaces: `mu=0.1 train.momentum=0.9`.
        out: the run folder. If it holds this run already, that one goes on. A new one is made in `runs/` where empty.
        deadline: seconds that a visit waits for answers.
        patience: seconds that the first round waits for all clients.
        min_clients: how many of them are enough after that.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=lambda name: name.replace("_", "-"))

    method: str = "fedavg"
    data: str = "watch"
    sites: str = ""
    test: str = ""
    proxy: str = ""
    labelled: str = ""
    rounds: Annotated[int, Field(ge=1)] = 10
    clients: Annotated[int, Field(ge=0)] = 0
    participation: Annotated[float, Field(gt=0, le=1)] = 1.0
    partition: str = "natural"
    missing: str = "none"
    missing_test: str = ""
    modalities: str = ""
    features: str = ""
    labels: str = "all"
    proxy_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    epochs: Annotated[int, Field(ge=1)] = 2
    batch_size: Annotated[int, Field(ge=1)] = 16
    lr: Annotated[float, Field(ge=0)] = 0.0
    seed: Annotated[int, Field(ge=0)] = 0
    device: str = "cpu"
    settings: str = ""
    out: str = ""
    deadline: Annotated[float, Field(gt=0)] = 600.0
    patience: Annotated[float, Field(gt=0)] = 60.0
    min_clients: Annotated[int, Field(ge=1)] = 1

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "AppSettings":
        """The settings that Flower hands over.

        Raises:
            UserError: one is unknown or out of range.
        """
        try:
            return cls(**told)
        except ValidationError as error:
            raise UserError(f"[tool.flwr.app.config]: {explain(error)}") from error

    def options(self) -> dict[str, Any]:
        """What `runs.configured` takes, but method and data.

        Raises:
            UserError: one of the further settings has no `=`.
        """
        return {
            "rounds": self.rounds,
            "participation": self.participation,
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "lr": self.lr or None,
            "seed": self.seed,
            "device": self.device,
            "engine": "flower",
            "settings": _pairs("settings", self.settings.split()),
        }

    def dealing(self) -> dict[str, Any]:
        """What `runs.configured` takes of data that everyone can make."""
        return {
            "clients": self.clients or None,
            "partition": self.partition,
            "missing": self.missing,
            "missing_test": self.missing_test or None,
            "modalities": [part.strip() for part in self.modalities.split(",") if part.strip()] or None,
            "features": _pairs("features", self.features.replace(",", " ").split()) or None,
            "labels": self.labels,
            "proxy": self.proxy_share,
        }


def method_at(name: str, app: Path) -> str:
    """A method's name; one that names a file of the app, as it is found from anywhere on this machine."""
    file, colon, cls = name.partition(":")
    return f"{app / file}{colon}{cls}" if file.endswith(".py") else name


def _pairs(setting: str, parts: Sequence[str]) -> dict[str, str]:
    """Values by key out of `KEY=VALUE`.

    Raises:
        UserError: one has no `=`.
    """
    found = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(f"{setting} has {part!r}: write KEY=VALUE, several separated by spaces")
        found[key] = value
    return found
