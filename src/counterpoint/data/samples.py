"""Rows of multimodal data with presence masks, and the batches cut from them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

PATTERN_SEPARATOR = "+"


def pattern_name(modalities: Iterable[str]) -> str:
    """The name of a pattern of present modalities, sorted: {"gyro", "acc"} is `acc+gyro`."""
    return PATTERN_SEPARATOR.join(sorted(modalities))


@dataclass(frozen=True)
class Batch:
    """One client's batch, as a loss sees it.

    Attributes:
        x: per modality the values, [rows, *shape]; only modalities that the client has. A row whose modality is absent
            holds undefined values there: read it through `present` only.
        present: per modality of `x`, bool [rows].
        label: int64 [rows].
        index: int64 [rows], the rows' places in the split they come from.
        mask: bool [rows], false for rows that only fill a batch up (never on the sequential engine). A loss that
            returns one value a row need not care; a loss that mixes rows (contrastive, say) must use it.
    """

    x: Mapping[str, Tensor]
    present: Mapping[str, Tensor]
    label: Tensor
    index: Tensor
    mask: Tensor

    def mean(self, values: Tensor) -> Tensor:
        """The mean over the rows that count of values [rows, ...]: [...].

        An objective that looks at a second batch, whose rows are others, adds this to the value of each row of its own.
        """
        counts = self.mask.view(-1, *[1] * (values.dim() - 1))
        return torch.where(counts, values, 0.0).sum(0) / self.mask.sum()

    def only(self, modalities: Iterable[str]) -> "Batch":
        """The same rows seen through these modalities alone."""
        keep = [m for m in modalities if m in self.x]
        return replace(self, x={m: self.x[m] for m in keep}, present={m: self.present[m] for m in keep})

    def __len__(self) -> int:
        return int(self.label.shape[0])


@dataclass(frozen=True)
class Samples:
    """Rows of multimodal data.

    Attributes:
        x: per modality the values, [rows, *shape], float32. Undefined where the modality is absent.
        present: per modality of `x`, bool [rows].
        label: int64 [rows].
        unit: int64 [rows], the natural unit (recording, emoji, patient) that must never be split.
    """

    x: Mapping[str, Tensor]
    present: Mapping[str, Tensor]
    label: Tensor
    unit: Tensor

    def __post_init__(self) -> None:
        if set(self.x) != set(self.present):
            raise ValueError("x and present must name the same modalities")
        for name, values in [*self.x.items(), *self.present.items(), ("unit", self.unit)]:
            if values.shape[0] != len(self):
                raise ValueError(f"{name} has {values.shape[0]} rows, label has {len(self)}")

    def __len__(self) -> int:
        return int(self.label.shape[0])

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, sorted."""
        return tuple(sorted(self.x))

    def rows(self, index: Tensor) -> "Samples":
        """These rows, in this order."""
        return Samples(
            {m: v[index] for m, v in self.x.items()},
            {m: v[index] for m, v in self.present.items()},
            self.label[index],
            self.unit[index],
        )

    def without(self, modality: str) -> "Samples":
        """The same rows with a modality gone altogether."""
        return replace(
            self,
            x={m: v for m, v in self.x.items() if m != modality},
            present={m: v for m, v in self.present.items() if m != modality},
        )

    def only(self, modalities: Iterable[str]) -> "Samples":
        """The same rows with these modalities alone."""
        keep = [m for m in modalities if m in self.x]
        return replace(self, x={m: self.x[m] for m in keep}, present={m: self.present[m] for m in keep})

    def seen(self, modalities: Iterable[str]) -> "Samples":
        """The rows that have any of these modalities, with these alone."""
        some = self.only(modalities)
        there = torch.stack(list(some.present.values())).any(0)
        return some if bool(there.all()) else some.rows(there.nonzero().flatten())

    def to(self, device: str) -> "Samples":
        """The same rows on a device."""
        return Samples(
            {m: v.to(device) for m, v in self.x.items()},
            {m: v.to(device) for m, v in self.present.items()},
            self.label.to(device),
            self.unit.to(device),
        )

    def batch(self, index: Tensor) -> Batch:
        """The rows at `index` (int64 [rows]) as a batch without filling."""
        return Batch(
            {m: v[index] for m, v in self.x.items()},
            {m: v[index] for m, v in self.present.items()},
            self.label[index],
            index,
            torch.ones(index.shape[0], dtype=torch.bool, device=index.device),
        )

    def patterns(self) -> dict[str, int]:
        """How many rows show each pattern of present modalities."""
        names = self.modalities
        if not len(self):
            return {}
        code = sum((self.present[m].long() << i for i, m in enumerate(names)), torch.zeros(len(self), dtype=torch.long))
        return {
            pattern_name(m for i, m in enumerate(names) if value >> i & 1): count
            for value, count in sorted(Counter(code.tolist()).items())
        }


def concatenate(parts: Sequence[Samples], shapes: Mapping[str, tuple[int, ...]]) -> Samples:
    """All rows of all parts. A modality that a part lacks is absent in its rows.

    Args:
        parts: at least one.
        shapes: shape of one sample for every modality that any part has.
    """
    names = sorted({m for part in parts for m in part.modalities})

    def values(part: Samples, m: str) -> Tensor:
        return part.x[m] if m in part.x else part.label.new_zeros((len(part), *shapes[m]), dtype=torch.float32)

    def there(part: Samples, m: str) -> Tensor:
        return part.present[m] if m in part.x else torch.zeros_like(part.label, dtype=torch.bool)

    return Samples(
        {m: torch.cat([values(p, m) for p in parts]) for m in names},
        {m: torch.cat([there(p, m) for p in parts]) for m in names},
        torch.cat([p.label for p in parts]),
        torch.cat([p.unit for p in parts]),
    )


def side_by_side(parts: Sequence[Samples]) -> list[Samples]:
    """The same parts, the rows of all of them in one tensor a modality, so that an engine need not copy them together.

    Args:
        parts: the tensors of each are views of that one afterwards.
    """
    names = sorted({m for part in parts for m in part.modalities})
    x = {m: iter(_views([p.x[m] for p in parts if m in p.x])) for m in names}
    present = {m: iter(_views([p.present[m] for p in parts if m in p.x])) for m in names}
    labels, units = _views([p.label for p in parts]), _views([p.unit for p in parts])
    return [
        Samples({m: next(x[m]) for m in part.x}, {m: next(present[m]) for m in part.x}, label, unit)
        for part, label, unit in zip(parts, labels, units, strict=True)
    ]


def _views(parts: Sequence[Tensor]) -> Sequence[Tensor]:
    return torch.split(torch.cat(list(parts)), [len(part) for part in parts]) if parts else ()
