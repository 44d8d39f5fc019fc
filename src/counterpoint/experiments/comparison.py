"""What is compared: methods, data, seeds; the same out of a command line and out of a file."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from counterpoint.data.prepare import lasting_name
from counterpoint.errors import UserError
from counterpoint.experiments.condition import GRID, Condition, grid
from counterpoint.experiments.variant import Variant
from counterpoint.methods.options import explain

MeasureKind = Literal[
    "accuracy",
    "macro_f1",
    "auc",
    "loss",
    "recall@1",
    "recall@5",
    "recall@10",
    "median_rank",
    "contrastive",
    "batch_recall@1",
]
SHARED = ("rounds", "participation", "epochs", "batch_size", "lr", "engine", "stack", "device", "settings")
"""Arguments of a run that a file may say for all data, or for some."""


class _Shared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rounds: Annotated[int, Field(ge=1)] | None = None
    participation: Annotated[float, Field(gt=0, le=1)] | None = None
    epochs: Annotated[int, Field(ge=1)] | None = None
    batch_size: Annotated[int, Field(ge=1)] | None = None
    lr: Annotated[float, Field(gt=0)] | None = None
    engine: str | None = None
    stack: Annotated[int, Field(ge=1)] | None = None
    device: str | None = None
    settings: dict[str, str | int | float | bool] = {}
    measure: MeasureKind | None = None


class _Data(_Shared):
    """Some data of a comparison: where a list is given, there is a column for each of its values."""

    name: str
    label: str = ""
    modalities: list[str] = []
    features: list[dict[str, str]] = []
    partition: list[str] = []
    clients: list[Annotated[int, Field(ge=1)]] = []
    missing: list[str] = []
    missing_test: list[str] = []
    labels: list[str] = []
    proxy: list[Annotated[float, Field(ge=0, lt=1)]] = []

    @field_validator(*GRID, mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return value if isinstance(value, list) else [value]


class _File(_Shared):
    """A file that says what is compared."""

    title: str = ""
    methods: Annotated[list[str], Field(min_length=1)]
    data: Annotated[list[_Data], Field(min_length=1)]
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = [0, 1, 2]
    tune: Annotated[int, Field(ge=0)] = 0
    profile: str = ""

    @field_validator("methods", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("data", mode="before")
    @classmethod
    def _a_name_is_data(cls, value: Any) -> Any:
        several = value if isinstance(value, list) else [value]
        return [{"name": part} if isinstance(part, str) else part for part in several]

    @field_validator("seeds", mode="before")
    @classmethod
    def _a_number_is_so_many(cls, value: Any) -> Any:
        return list(range(value)) if isinstance(value, int) else value


@dataclass(frozen=True)
class Comparison:
    """Every method on every data, once a seed.

    Attributes:
        variants: rows; the first is what others are compared with where nothing else is said.
        conditions: columns.
        seeds: of all that is drawn; methods are paired by them.
        title: of the report.
        tune: trials of a search for settings that each variant is granted on each data beforehand; 0 for none.
        profile: named settings that each method takes where it has some, see `tuning.profiles`; empty for none.
    """

    variants: tuple[Variant, ...]
    conditions: tuple[Condition, ...]
    seeds: tuple[int, ...]
    title: str = ""
    tune: int = 0
    profile: str = ""

    def __post_init__(self) -> None:
        for what, labels in (
            ("method", [variant.label for variant in self.variants]),
            ("data", [condition.label for condition in self.conditions]),
            ("seed", [str(seed) for seed in self.seeds]),
        ):
            twice = [label for label, count in Counter(labels).items() if count > 1]
            if twice:
                raise UserError(f"{what} {twice[0]} is compared with itself: name it once")

    @property
    def name(self) -> str:
        """For a folder: what is compared, in few words."""
        data = list(dict.fromkeys(Path(condition.data).name for condition in self.conditions))
        words = [_few([variant.label.partition("[")[0] for variant in self.variants]), _few(data)]
        return "compare-" + "-".join(words)

    def toml(self) -> str:
        """As a file that says the same."""
        told: dict[str, Any] = {
            "title": self.title,
            "methods": [variant.text for variant in self.variants],
            "seeds": list(self.seeds),
            "tune": self.tune,
            "profile": self.profile,
            "data": [
                {
                    "name": condition.data,
                    "label": condition.label,
                    "measure": condition.measure,
                    **{name: _plain(name, value) for name, value in condition.options.items()},
                }
                for condition in self.conditions
            ],
        }
        return tomli_w.dumps({name: value for name, value in told.items() if value or name == "seeds"})

    @classmethod
    def read(cls, path: Path) -> "Comparison":
        """The comparison in a file.

        Raises:
            UserError: it cannot be read, or something in it is wrong.
        """
        try:
            return cls.of(tomllib.loads(path.read_text(encoding="utf-8")), where=f"{path}: ")
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path} is not valid TOML: {error}") from error

    @classmethod
    def of(cls, values: Mapping[str, Any], where: str = "") -> "Comparison":
        """The comparison that plain values say.

        Args:
            values: as in a file.
            where: begins the complaint, if there is one.

        Raises:
            UserError: something is unknown or out of range.
        """
        try:
            file = _File(**values)
            conditions = [c for part in file.data for c in _conditions(file, part)]
            return cls(
                tuple(Variant.parse(text) for text in file.methods),
                tuple(conditions),
                tuple(file.seeds),
                file.title,
                file.tune,
                file.profile,
            )
        except ValidationError as error:
            raise UserError(where + explain(error)) from error
        except UserError as error:
            raise UserError(f"{where}{error}") from error


def _conditions(file: _File, data: _Data) -> list[Condition]:
    options = {name: value for name in SHARED if (value := _said(file, data, name)) is not None}
    found = list(grid({name: values for name in GRID if (values := getattr(data, name))}))
    if data.label and len(found) > 1:
        raise UserError(f"data {data.name}: one label {data.label!r} for {len(found)} columns: leave it out")
    measure = data.measure or file.measure or "accuracy"
    name = lasting_name(data.name)
    return [Condition(name, {**_listed(dealt), **options}, measure, data.label) for dealt in found]


def _said(file: _Shared, data: _Shared, name: str) -> Any:
    """What is said of some data alone goes before what is said of all."""
    if name == "settings":
        return {**file.settings, **data.settings} or None
    own = getattr(data, name)
    return getattr(file, name) if own is None else own


def _listed(dealt: dict[str, Any]) -> dict[str, Any]:
    """Modalities as a list; `all` for all of them."""
    if "modalities" in dealt:
        names = [name.strip() for name in dealt.pop("modalities").split(",") if name.strip()]
        return dealt if names in (["all"], []) else {"modalities": names, **dealt}
    return dealt


def _plain(name: str, value: Any) -> Any:
    return ",".join(value) if name == "modalities" else value


def _few(names: list[str]) -> str:
    shown = list(dict.fromkeys(names))
    return "+".join(shown if len(shown) <= 3 else [*shown[:2], f"{len(shown) - 2}-more"])
