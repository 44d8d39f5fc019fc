"""The runs of a comparison: one method on one data set with one seed."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from counterpoint.experiments.comparison import Comparison
from counterpoint.experiments.condition import Condition
from counterpoint.experiments.variant import Variant
from counterpoint.runs import RunConfig, configured

Tuned = Mapping[tuple[str, str], Mapping[str, Any]]
"""Settings by (label of a variant, label of a condition): what a search found, or a profile says."""


@dataclass(frozen=True)
class Case:
    """One run of a comparison.

    Attributes:
        variant: its row.
        condition: its column.
        seed: of all that is drawn.
        config: complete; two cases with equal ones are one.
    """

    variant: Variant
    condition: Condition
    seed: int
    config: RunConfig

    @property
    def name(self) -> str:
        """Of its folder: readable, and its own for every configuration.

        What is the default does not count, so that it stays the same when a later version knows more settings.
        """
        told = json.dumps(self.config.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
        mark = hashlib.blake2b(told.encode(), digest_size=4).hexdigest()
        words = f"{self.variant.label}-{self.condition.label}-seed{self.seed}"
        return f"{re.sub(r'[^A-Za-z0-9.]+', '-', words).strip('-')[:90]}-{mark}"


def cases(comparison: Comparison, tuned: Tuned | None = None) -> list[Case]:
    """All runs of a comparison: seed by seed, so that each row and column is soon seen.

    Settings of a condition hold for all methods; those that were found for a method on it go before them, and those
    that a variant names go before all.

    Raises:
        UserError: a setting is unknown or out of range.
    """
    return [
        Case(variant, condition, seed, config_of(variant, condition, seed, (tuned or {}).get(key(variant, condition))))
        for seed in comparison.seeds
        for condition in comparison.conditions
        for variant in comparison.variants
    ]


def key(variant: Variant, condition: Condition) -> tuple[str, str]:
    """Of a cell of the table."""
    return variant.label, condition.label


def config_of(
    variant: Variant, condition: Condition, seed: int, tuned: Mapping[str, Any] | None = None, **further: Any
) -> RunConfig:
    """The configuration of one run. Every case is computed in one process: there are others for the other cases.

    Args:
        variant: the method.
        condition: the data.
        seed: of all that is drawn.
        tuned: settings that go before those of the condition.
        further: arguments of `runs.run` that go before all.

    Raises:
        UserError: a setting is unknown or out of range.
    """
    options = dict(condition.options)
    settings = {**options.pop("settings", {}), **(tuned or {}), **variant.settings}
    engine = options.get("engine", "stacked")
    alone = {"workers": 1} if engine == "stacked" else {}
    return configured(variant.method, condition.data, **{**options, **alone, **further}, seed=seed, settings=settings)
