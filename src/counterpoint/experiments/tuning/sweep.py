"""What a search for settings is: of which method, on which data, over which settings, how many trials."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import tomli_w
from pydantic import ValidationError

from counterpoint.data.missing import parse_gaps
from counterpoint.experiments.case import Case, config_of
from counterpoint.experiments.condition import Condition
from counterpoint.experiments.tuning.objective import Objective
from counterpoint.experiments.tuning.space import Space, space_of, values
from counterpoint.experiments.variant import Variant
from counterpoint.runs import RunConfig
from counterpoint.runs.naming import default_name

VALIDATION = 0.2
"""Share of each client's training rows that stands in for all tests."""
BATCH = 4
"""Trials that are chosen before the outcome of any of them is known."""
CHEAP = {"evaluate.after": "false"}
"""Trials are not scored after local training as well: no global model is chosen by that."""


@dataclass(frozen=True)
class Sweep:
    """A search for settings of one method on one data set. Tests play no part in it.

    Trials are chosen in batches: those of one before the outcome of any of them is known. So what is tried depends on
    neither the number of processes nor on which is the quickest.

    Attributes:
        variant: the method; its settings are not searched.
        condition: the data.
        trials: how many, the first being the settings as they are without a search.
        seed: of all that is drawn, in runs and in the search.
        space: what is searched.
        validation: share of each client's training rows that stands in for all tests.
        batch: trials of a batch.
    """

    variant: Variant
    condition: Condition
    trials: int
    seed: int = 0
    space: Space = field(default_factory=dict, hash=False)
    validation: float = VALIDATION
    batch: int = BATCH

    @classmethod
    def of(
        cls,
        variant: Variant,
        condition: Condition,
        trials: int,
        *,
        over: Mapping[str, str] | None = None,
        **options: Any,
    ) -> "Sweep":
        """The search of a variant's settings on data, with the space that suits the method.

        Args:
            variant: the method.
            condition: the data; what it says of tests is left out.
            trials: how many.
            over: what is searched besides, or otherwise, see `space_of`.
            options: further attributes.

        Raises:
            UserError: something is unknown or out of range.
        """
        bare = cls(variant, _without_tests(condition), trials, **options)
        return replace(bare, space=space_of(bare.config, variant.settings, over))

    def config(self, settings: Mapping[str, Any]) -> RunConfig:
        """The configuration of the run with these settings.

        Raises:
            UserError: one of them is unknown or out of range.
        """
        return config_of(self.variant, self.condition, self.seed, settings, validation=self.validation)

    @cached_property
    def usual(self) -> RunConfig:
        """The configuration without a search: that of the first trial."""
        return self.config({})

    @property
    def before(self) -> dict[str, Any]:
        """The settings that are searched, as they are without a search."""
        return values(self.space, self.usual)

    @property
    def objective(self) -> Objective:
        """What is made as good as it can be."""
        return Objective(self.variant.kind, self.condition.measure)

    def case(self, settings: Mapping[str, Any]) -> Case:
        """The run with these settings."""
        return Case(self.variant, self.condition, self.seed, self.config(settings))

    def toml(self) -> str:
        """All that the search depends on but how many trials there are: there may be more some day."""
        return tomli_w.dumps(
            {
                "measure": self.condition.measure,
                "batch": self.batch,
                "space": {key: one.text for key, one in self.space.items()},
                "run": self.usual.model_dump(mode="json", exclude_none=True),
            }
        )

    @property
    def name(self) -> str:
        """For a folder: method, and what is unusual about the data."""
        settings = "-".join(f"{key}{value}" for key, value in self.variant.settings.items())
        parts = ["sweep", default_name(self.usual), *([settings] if settings else [])]
        return re.sub(r"[^A-Za-z0-9.+]+", "-", "-".join(parts))[:100].strip("-")

    @property
    def own_name(self) -> str:
        """The same, and a mark that no other search has."""
        return f"{self.name}-{hashlib.blake2b(self.toml().encode(), digest_size=4).hexdigest()}"


def same_search(a: str, b: str) -> bool:
    """Whether two texts of `Sweep.toml` are of one search; settings that one does not know are at their defaults."""
    return _whole(a) == _whole(b)


def _whole(text: str) -> object:
    try:
        told = tomllib.loads(text)
        return {**told, "run": RunConfig(**told.get("run", {})).model_dump(mode="json")}
    except (tomllib.TOMLDecodeError, ValidationError):
        return text


def _without_tests(condition: Condition) -> Condition:
    """The same data with nothing said of tests, but as many clients as what was said of them asks for."""
    options = dict(condition.options)
    missing_test = options.pop("missing_test", None)
    if missing_test is not None and options.get("clients") is None:
        gaps = parse_gaps(options.get("missing", "none"), missing_test)
        clients = gaps.clients(None, natural=options.get("partition", "natural") == "natural")
        options |= {} if clients is None else {"clients": clients}
    return replace(condition, options={**options, "settings": {**CHEAP, **options.get("settings", {})}})
