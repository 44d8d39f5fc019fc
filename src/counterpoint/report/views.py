"""Which model was scored on whose data, and when: what a score is a score of."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from counterpoint.evaluate import OBSERVED
from counterpoint.report.select import Curves, Points, by, by_client, one

MODELS = {"global": "Global model", "personal": "Personal models", "peer": "Peer models"}
SPLITS = {
    "test": "each client's own test",
    "global_test": "the global test",
    "validation": "each client's own validation rows",
    "global_validation": "the validation rows of all clients",
    "train": "each client's training data",
}
OWN, COMMON = ("test", "validation"), ("global_test", "global_validation")
"""Splits of which each client has its own, and those that are the same for all."""
MOMENTS = {"before": "before local training", "after": "after local training"}


@dataclass(frozen=True, order=True)
class View:
    """One model on one split at one moment.

    Attributes:
        split: whose data.
        model: which model.
        moment: before or after local training.
        over: `server`: one score; `clients`: a score a client, of which mean, worst and spread are known.
    """

    split: str
    model: str
    moment: str
    over: str

    @property
    def name(self) -> str:
        """A name for identifiers."""
        return f"{self.model}-{self.over}-{self.split}-{self.moment}"

    @property
    def what(self) -> str:
        """Model and data, for people."""
        return f"{MODELS.get(self.model, self.model)} on {SPLITS.get(self.split, self.split)}"

    @property
    def words(self) -> str:
        """Model, data and moment, for people."""
        return f"{self.what}, {self.when}"

    @property
    def common(self) -> bool:
        """Whether the data are the same for all clients."""
        return self.split in COMMON

    @property
    def when(self) -> str:
        """The moment, for people."""
        return MOMENTS.get(self.moment, self.moment)

    @property
    def main_scope(self) -> str:
        """The scope whose score stands for the view."""
        return "server" if self.over == "server" else "clients:mean"

    def score(self, curves: Curves, measure: str, scope: str = "", pattern: str = OBSERVED) -> Points:
        """A score by round."""
        return one(curves, measure=measure, scope=scope or self.main_scope, pattern=pattern, **self._parts)

    def by_pattern(self, curves: Curves, measure: str) -> dict[str, Points]:
        """The main score by round, by pattern: samples as they are, then the patterns with most modalities."""
        found = by("pattern", curves, measure=measure, scope=self.main_scope, **self._parts)
        return dict(sorted(found.items(), key=lambda item: (item[0] != OBSERVED, -item[0].count("+"), item[0])))

    def by_client(self, curves: Curves, measure: str, pattern: str = OBSERVED) -> dict[int, float]:
        """The last score of each client."""
        return by_client(curves, measure=measure, pattern=pattern, **self._parts)

    @property
    def _parts(self) -> dict[str, str]:
        return {"model": self.model, "split": self.split, "moment": self.moment}


def views(curves: Curves) -> list[View]:
    """Every view that has scores: global test first, before training first."""
    found = {
        View(name.split, name.model, name.moment, "server" if name.scope == "server" else "clients")
        for name in curves
        if name.measure == "accuracy" and name.scope in ("server", "clients:mean")
    }
    return sorted(found, key=lambda v: (not v.common, v.model, v.moment != "before", v.over))


def views_of(curves: Curves, splits: Collection[str]) -> list[View]:
    """The views on these splits."""
    return [view for view in views(curves) if view.split in splits]


def in_words(several: Sequence[View]) -> str:
    """Views for people, what they share said once."""
    whats = dict.fromkeys(view.what for view in several)
    return "; ".join(f"{what}, {' and '.join(view.when for view in several if view.what == what)}" for what in whats)
