"""The configuration of a run: typed, complete, the same from command line, Python and file."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from counterpoint.errors import UserError, unknown
from counterpoint.exchange import ExchangeSettings
from counterpoint.methods import Method, TrainSettings, find_method
from counterpoint.methods.options import explain, validated
from counterpoint.methods.registry import lasting_name
from counterpoint.methods.terms import TERMS, find_term
from counterpoint.models import ModelSettings
from counterpoint.simulate.network import NetworkSettings
from counterpoint.simulate.settings import DeviceSettings

NO_TERM = "none"
"""Names the plain cross-entropy."""
GIVEN = "given from Python"
"""Stands in a configuration for a method, population or model that was handed over as an object."""


class Section(BaseModel):
    """A section of a configuration: nothing unknown in it, and nothing that changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSettings(Section):
    """Whose data, how dealt out, and what of it is missing; see `counterpoint.data.populate`.

    Attributes:
        name: of a data set, or a folder of one's own.
        modalities: of them alone; all where None.
        features: by modality, the frozen encoder whose features take its place.
        partition: how rows are dealt to clients.
        clients: how many; the partition's own number where None.
        missing: which modalities are missing.
        missing_test: the same for all tests, where it is another than in training.
        labels: who has labels.
        proxy: share of the training rows that everyone holds, without labels.
        validation: share of each client's training rows that stands in for all tests; 0 for tests as they are.
    """

    name: str
    modalities: tuple[str, ...] | None = None
    features: dict[str, str] = {}
    partition: str = "natural"
    clients: Annotated[int, Field(ge=1)] | None = None
    missing: str = "none"
    missing_test: str | None = None
    labels: str = "all"
    proxy: Annotated[float, Field(ge=0, lt=1)] = 0.0
    validation: Annotated[float, Field(ge=0, lt=1)] = 0.0


class EvaluateSettings(Section):
    """When models are scored."""

    every: Annotated[int, Field(ge=1, description="score the models every so many rounds, and after the last")] = 1
    after: Annotated[bool, Field(description="at the end also score a global model after local training")] = True


class RunConfig(Section):
    """Everything that determines a run.

    Attributes:
        method: its name, or `path.py:Class`.
        options: of the method, complete.
        data: whose data.
        train: local training.
        model: which model.
        evaluate: `every` how many rounds models are scored (the last round always), and whether, after the last round,
            a global model is also scored `after` local training.
        exchange: in which precision packages travel, `up` and `down`.
        network: who talks to whom, where there is no server.
        simulate: what devices have, what things cost them, and when they are there.
        rounds: how many.
        participation: share of the clients that take part in a round.
        seed: of everything that is drawn.
        engine: which engine.
        stack: clients that the stacked engine computes together, measured where None; 1 is one at a time. It may change
            the last bits of results.
        workers: processes that the stacked engine computes clients in; where None, as many as there are cores, where
            that is faster. Alone among all this, no result depends on it.
        device: of tensors, for example `cpu` or `cuda`.
        given: what was handed over as an object, among `method`, `data` and `model`.
        term: what stands in place of the plain cross-entropy: its `name` and its options, complete; nothing where
            empty.
    """

    method: str
    data: DataSettings
    rounds: Annotated[int, Field(ge=1)] = 40
    participation: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: Annotated[int, Field(ge=0)] = 0
    engine: str = "stacked"
    stack: Annotated[int, Field(ge=1)] | None = None
    workers: Annotated[int, Field(ge=1)] | None = None
    device: str = "cpu"
    given: tuple[str, ...] = ()
    options: dict[str, Any] = {}
    train: TrainSettings = TrainSettings()
    model: ModelSettings = ModelSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    network: NetworkSettings = NetworkSettings()
    simulate: DeviceSettings = DeviceSettings()
    term: dict[str, Any] = {}

    @field_validator("options", "term")
    @classmethod
    def _as_a_file_has_it(cls, value: dict[str, Any]) -> dict[str, Any]:
        """Tuples as lists: a configuration equals the one that is read from its file."""
        return {name: list(part) if isinstance(part, tuple) else part for name, part in value.items()}

    def toml(self) -> str:
        """As TOML text; what is None is left out."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    @classmethod
    def read(cls, path: Path) -> "RunConfig":
        """The configuration in a file.

        Raises:
            UserError: it cannot be read, or something in it is wrong.
        """
        try:
            return checked(tomllib.loads(path.read_text(encoding="utf-8")), where=f"{path}: ")
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path} is not valid TOML: {error}") from error


def checked(values: Mapping[str, Any], where: str = "") -> RunConfig:
    """The configuration with these values.

    Args:
        values: by name, sections as mappings.
        where: begins the complaint, if there is one.

    Raises:
        UserError: one of them is unknown or out of range.
    """
    try:
        return RunConfig(**values)
    except ValidationError as error:
        raise UserError(where + explain(error)) from error


SECTIONS: dict[str, tuple[str, ...]] = {
    "train": tuple(TrainSettings.__dataclass_fields__),
    "model": tuple(ModelSettings.__dataclass_fields__),
    "evaluate": tuple(EvaluateSettings.model_fields),
    "exchange": tuple(ExchangeSettings.__dataclass_fields__),
    "network": tuple(NetworkSettings.__dataclass_fields__),
    "simulate": tuple(DeviceSettings.__dataclass_fields__),
}


def sorted_settings(method: str | type[Method], settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What `--set key=value` says, by section.

    `mu` is an option of the method, `train.momentum` one of local training; `term` names a term, `term.alpha` is an
    option of it.

    Raises:
        UserError: a key that does not exist, with the nearest one that does.
    """
    cls = find_method(method) if isinstance(method, str) else method
    found: dict[str, dict[str, Any]] = {"options": {}, **{section: {} for section in SECTIONS}, "term": {}}
    keys = [*cls().options, *(f"{section}.{key}" for section, known in SECTIONS.items() for key in known)]
    name, term_options = _term_settings(settings)
    if name:
        found["term"] = {"name": name, **validated(find_term(name), term_options)}
    for key, value in settings.items():
        if key.partition(".")[0] == "term" and key not in keys:
            continue
        if key not in keys:
            raise unknown(f"setting for {cls.name}", key, keys)
        section, dot, rest = key.partition(".")
        found[section if dot else "options"][rest if dot else key] = value
    found["options"] = validated(cls, found["options"])
    return found


def _term_settings(settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The term that settings name, if any, and what they say of its options.

    Raises:
        UserError: options of a term that is not named.
    """
    name = str(settings.get("term") or "")
    options = {key.partition(".")[2]: value for key, value in settings.items() if key.startswith("term.")}
    if options and name in ("", NO_TERM):
        raise UserError(
            f"term.{next(iter(options))} is an option of a term: name one with term=NAME ({', '.join(TERMS)})"
        )
    return ("" if name == NO_TERM else lasting_name(name)), options
