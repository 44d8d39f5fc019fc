"""The samples of many clients in one piece, and batches cut from it for all of them at once."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.samples import Batch, Samples


@dataclass(frozen=True)
class Look:
    """What some clients look at in one step.

    Attributes:
        at: int64 [active], places of these clients.
        fields: of a `Batch`, [active, rows, ...], or [rows, ...] where it is common to all.
        dims: by field, where clients are: 0, or None where it is common to all.
        mask: bool [active, rows], false for rows that only fill up.
    """

    at: Tensor
    fields: dict[str, Any]
    dims: dict[str, Any]
    mask: Tensor


class Gathered(ABC):
    """One split of some clients.

    Attributes:
        sizes: rows of each client.
    """

    sizes: Sequence[int]

    @abstractmethod
    def steps(self, orders: Sequence[Sequence[Tensor]], places: Sequence[int]) -> Iterator[Look]:
        """Batches step by step, of those clients that still have a step to take.

        Args:
            orders: each client's batches, as indices into its own rows.
            places: clients in order of falling numbers of steps.
        """

    @abstractmethod
    def chunks(self, rows: int) -> Iterator[Look]:
        """All rows of all clients in order, so many of each at a time; of those clients that still have any."""

    @abstractmethod
    def flat(self, rows: int) -> Iterator[tuple[Batch, Tensor]]:
        """All rows of all clients, so many at a time, and int64 [rows] whose they are."""


def filled(samples: Samples, modality: str) -> Tensor:
    """A modality's values with a row that is present in place of every absent one; zeros, where none is.

    What is computed on them is thrown away, but it must not break: an encoder that divides by a norm has no gradient
    at zero.
    """
    values, there = samples.x[modality], samples.present[modality]
    if bool(there.all()):
        return values
    fill = values[there.long().argmax()] if bool(there.any()) else torch.zeros_like(values[0])
    return torch.where(there.view(-1, *[1] * (values.dim() - 1)), values, fill)


class Pool:
    """One split of all clients of a structure, their rows one after another in one tensor a modality.

    Args:
        parts: the split of each client; all have the same modalities.
    """

    def __init__(self, parts: Sequence[Samples]) -> None:
        names = parts[0].modalities
        self.sizes = [len(part) for part in parts]
        self.first = [0, *torch.tensor(self.sizes[:-1], dtype=torch.long).cumsum(0).tolist()]
        self.x = {m: torch.cat([filled(part, m) for part in parts]) for m in names}
        self.present = {m: torch.cat([part.present[m] for part in parts]) for m in names}
        self.complete = {m: bool(value.all()) for m, value in self.present.items()}
        self.label = torch.cat([part.label for part in parts])

    def look(self, at: Tensor, index: Tensor, rows: Tensor, mask: Tensor) -> Look:
        """The rows at `index`, int64 [active, rows], of the pool; `rows` are the same by the clients' own count.

        A modality that no row of the pool lacks has a mask that is common to all: nothing is computed for it.
        """
        whole = torch.ones(rows.shape[1], dtype=torch.bool, device=rows.device)
        fields = {
            "x": {m: value[index] for m, value in self.x.items()},
            "present": {m: whole if self.complete[m] else value[index] for m, value in self.present.items()},
            "label": self.label[index],
            "index": rows,
            "mask": mask,
        }
        dims: dict[str, Any] = {
            "x": dict.fromkeys(self.x, 0),
            "present": {m: None if complete else 0 for m, complete in self.complete.items()},
        }
        return Look(at, fields, {**dims, "label": 0, "index": 0, "mask": 0}, mask)


class OwnRows(Gathered):
    """The rows of some clients of a pool.

    Args:
        pool: of all clients of the structure.
        places: of these clients in it.
    """

    def __init__(self, pool: Pool, places: Sequence[int]) -> None:
        self._pool = pool
        self._first = torch.tensor([pool.first[place] for place in places])
        self.sizes = [pool.sizes[place] for place in places]

    def _look(self, at: Tensor, rows: Tensor, mask: Tensor) -> Look:
        device = self._pool.label.device
        index = (rows + self._first[at][:, None]).clamp(max=len(self._pool.label) - 1)
        return self._pool.look(at, index.to(device), rows.to(device), mask.to(device))

    def steps(self, orders: Sequence[Sequence[Tensor]], places: Sequence[int]) -> Iterator[Look]:
        """See `Gathered.steps`; a batch shorter than the longest of its step is filled up with its first row."""
        for step in range(len(orders[places[0]]) if places else 0):
            active = [place for place in places if len(orders[place]) > step]
            now = [orders[place][step] for place in active]
            rows = torch.nn.utils.rnn.pad_sequence(now, batch_first=True)
            lengths = torch.tensor([len(own) for own in now])
            mask = torch.arange(rows.shape[1])[None, :] < lengths[:, None]
            yield self._look(torch.tensor(active), rows, mask)

    def chunks(self, rows: int) -> Iterator[Look]:
        """See `Gathered.chunks`."""
        sizes = torch.tensor(self.sizes)
        for part in torch.split(torch.arange(max(self.sizes, default=0)), rows):
            at = (sizes > (part[0] if len(part) else -1)).nonzero().flatten()
            mask = part[None, :] < sizes[at][:, None]
            yield self._look(at, torch.where(mask, part[None, :], 0), mask)

    def flat(self, rows: int) -> Iterator[tuple[Batch, Tensor]]:
        """See `Gathered.flat`."""
        sizes = torch.tensor(self.sizes)
        whose = torch.arange(len(self.sizes)).repeat_interleave(sizes)
        own = torch.cat([torch.arange(size) for size in self.sizes])
        pool, device = self._pool, self._pool.label.device
        for at, index in zip(torch.split(whose, rows), torch.split(own, rows), strict=True):
            place = (index + self._first[at]).to(device)
            mask = torch.ones(len(place), dtype=torch.bool, device=device)
            x = {m: value[place] for m, value in pool.x.items()}
            present = {m: value[place] for m, value in pool.present.items()}
            yield Batch(x, present, pool.label[place], index.to(device), mask), at.to(device)


class CommonRows(Gathered):
    """Rows that all clients look at alike: the global test.

    Args:
        samples: the rows.
        clients: how many clients look.
    """

    def __init__(self, samples: Samples, clients: int) -> None:
        self._samples = replace(samples, x={m: filled(samples, m) for m in samples.modalities})
        self.sizes = [len(samples)] * clients

    def steps(self, orders: Sequence[Sequence[Tensor]], places: Sequence[int]) -> Iterator[Look]:
        """Nobody trains on them.

        Raises:
            ValueError: always.
        """
        raise ValueError("the global test is not for training")

    def chunks(self, rows: int) -> Iterator[Look]:
        """See `Gathered.chunks`."""
        for part in torch.split(torch.arange(len(self._samples), device=self._samples.label.device), rows):
            batch = self._samples.batch(part)
            fields = {"x": batch.x, "present": batch.present, "label": batch.label, "index": part, "mask": batch.mask}
            dims: dict[str, Any] = {"x": dict.fromkeys(batch.x), "present": dict.fromkeys(batch.present)}
            mask = batch.mask.expand(len(self.sizes), -1)
            everyone = torch.arange(len(self.sizes))
            yield Look(everyone, fields, {**dims, "label": None, "index": None, "mask": None}, mask)

    def flat(self, rows: int) -> Iterator[tuple[Batch, Tensor]]:
        """See `Gathered.flat`; every row is everyone's."""
        count, many = len(self._samples), len(self.sizes)
        device = self._samples.label.device
        for index in torch.split(torch.arange(count * many, device=device), rows):
            yield self._samples.batch(index % count), index // count
