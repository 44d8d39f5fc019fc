"""The draw of what is missing, for all clients and the global test set; decided before any value is copied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from counterpoint.data.masking import Cut, presence
from counterpoint.data.missing.gaps import Gaps
from counterpoint.data.missing.mechanism import Missing
from counterpoint.data.partitions import Share
from counterpoint.data.population import Dataset, Side
from counterpoint.data.samples import pattern_name
from counterpoint.randomness import Key, generator


@dataclass(frozen=True)
class Left:
    """What is left of the data.

    Attributes:
        train: training rows by client, those without any modality dropped.
        test: test rows by client, likewise.
        held: the global test set, likewise.
        drawn: by what it is about, as plain values: the specs, what was realised, what else mechanisms drew.
        types: by client what its type is in training and, where that is drawn too, in tests; empty where no client has.
    """

    train: list[Cut]
    test: list[Cut]
    held: Cut
    drawn: dict[str, dict[str, object]]
    types: list[dict[str, object]]


def lose(dataset: Dataset, shares: Sequence[Share], gaps: Gaps, seed: int) -> Left:
    """Draw what is missing. Training, client tests and the global test are drawn independently of each other.

    Args:
        dataset: everything.
        shares: the rows of each client.
        gaps: what is missing.
        seed: of the run.

    Raises:
        UserError: a client has not what its type says.
    """
    drawing = _Drawing(dataset, gaps, seed)
    there, names = drawing.there, drawing.names
    shown = drawing.any_of([there[share.train] for share in shares])
    owned = gaps.train.of_clients(shown, names, generator(seed, "missing", "clients"))
    train = [drawing.cut(gaps.train, share.train, owned[i], "client", i, "train") for i, share in enumerate(shares)]
    testable = tested = owned
    if gaps.shifted:
        testable = drawing.any_of([there[share.test] & own for share, own in zip(shares, owned, strict=True)])
        tested = gaps.test.of_clients(testable, names, generator(seed, "missing", "clients", "test"))
    test = [
        drawing.cut(gaps.test, share.test, tested[i], "client", i, "test").masked(train[i].present.any(dim=0))
        for i, share in enumerate(shares)
    ]
    held, held_rate = drawing.global_test()
    drawn = {"missing": drawing.tell(gaps.train, shown, owned, train if gaps.shifted else [*train, *test])}
    if gaps.shifted:
        drawn["missing in tests"] = drawing.tell(gaps.test, testable, tested, test)
    splits = {"training": train, "client tests": test, "global test": [held]}
    drawn["missing rate by modality"] = {where: drawing.by_modality(cuts) for where, cuts in splits.items()}
    drawn["test"] = {"realised missing rate": held_rate}
    types = drawing.types(owned, tested)
    return Left([cut.nonempty() for cut in train], [cut.nonempty() for cut in test], held.nonempty(), drawn, types)


class _Drawing:
    """What all draws of one population need.

    Attributes:
        names: of the modalities, sorted.
        there: bool [rows of the data set, modalities], what is there to begin with.
    """

    def __init__(self, dataset: Dataset, gaps: Gaps, seed: int) -> None:
        self.names = dataset.samples.modalities
        self.there = presence(dataset.samples)
        self._dataset, self._gaps, self._seed = dataset, gaps, seed
        ways: list[Missing] = [gaps.train, gaps.test] if gaps.shifted else [gaps.train]
        self._odds: Mapping[Missing, Tensor | None] = {way: way.odds(dataset, seed) for way in ways}

    def cut(self, way: Missing, rows: Tensor, own: Tensor, *key: Key) -> Cut:
        """What is left of rows, int64 [rows], of someone who owns bool [modalities]."""
        odds = self._odds[way]
        source = generator(self._seed, "missing", *key)
        present = way.of_rows(self.there[rows] & own, self.names, None if odds is None else odds[rows], source)
        bursts = {}
        for name in self.names:
            source = generator(self._seed, "missing", *key, "steps", name)
            found = way.of_steps(self._dataset.modalities[name], len(rows), source)
            if found is not None:
                bursts[name] = found
        return Cut(rows, present, bursts)

    def global_test(self) -> tuple[Cut, float]:
        """What is left of the global test set, and the share that was lost."""
        way = self._gaps.test
        rows = (self._dataset.side == Side.GLOBAL_TEST).nonzero().flatten()
        owner, there = self._dataset.owner[rows], self.there[rows]
        counts = torch.zeros(len(self._dataset.owners), len(self.names), dtype=torch.long)
        before = counts.index_add_(0, owner, there.long()) > 0
        after = way.of_owners(before, self.names, generator(self._seed, "missing", "global test"))
        cut = self.cut(way, rows, after[owner], "global test")
        before, after = (before, after) if way.level == "client" else (there, cut.present)
        return cut, way.realised(before, after, self._dataset.modalities)

    def any_of(self, there: Sequence[Tensor]) -> Tensor:
        """Which modalities any row shows: bool [clients, modalities] out of bool [rows, modalities] a client."""
        return torch.stack([rows.any(dim=0) for rows in there])

    def types(self, owned: Tensor, tested: Tensor) -> list[dict[str, object]]:
        """What was drawn for each client, for bool [clients, modalities] that it owns and that it is tested on."""
        found: list[dict[str, object]] = [{} for _ in owned]
        for key, way, kept in (("type", self._gaps.train, owned), ("type in tests", self._gaps.test, tested)):
            if way.level == "client" and (key == "type" or self._gaps.shifted):
                for told, mine in zip(found, kept.tolist(), strict=True):
                    told[key] = pattern_name(name for name, own in zip(self.names, mine, strict=True) if own)
        return found

    def tell(self, way: Missing, before: Tensor, after: Tensor, cuts: Sequence[Cut]) -> dict[str, object]:
        """What a way drew for clients, bool [clients, modalities] before and after, whose rows are cut so."""
        rate = self.realised(way, before, after, cuts)
        return {"spec": way.spec, "realised rate": rate, **way.told(self._dataset, self._seed)}

    def realised(self, way: Missing, before: Tensor, after: Tensor, cuts: Sequence[Cut]) -> float:
        """The share that a way took, of clients' modalities if that is its level, else of those rows' that they own."""
        if way.level != "client":
            own = after.repeat(len(cuts) // len(after), 1)
            before = torch.cat([self.there[cut.rows] & mine for cut, mine in zip(cuts, own, strict=True)])
            after = torch.cat([cut.present for cut in cuts])
        return way.realised(before, after, self._dataset.modalities)

    def by_modality(self, cuts: Sequence[Cut]) -> dict[str, float]:
        """For each modality the share of the rows that had it and have it no longer."""
        before = sum((self.there[cut.rows].sum(dim=0) for cut in cuts), torch.zeros(len(self.names)))
        after = sum((cut.present.sum(dim=0) for cut in cuts), torch.zeros(len(self.names)))
        lost = (before - after) / before.clamp(min=1)
        return {name: round(share, 6) for name, share in zip(self.names, lost.tolist(), strict=True)}
